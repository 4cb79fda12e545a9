import type { DemoClient } from './demo-client.ts';

/** One function of the demo. */
export interface Character {
  readonly name: string;
  readonly says: string;
  readonly source: string;
  readonly policy: Record<string, unknown>;
}

const destination = (type: string, param: Record<string, unknown>) => ({ destination: type, param: JSON.stringify(param) });
const quickRetries = { retry_wait_base_in_seconds: 0.5, retry_wait_max_in_seconds: 4 };

/** The functions of the demo, and the destinations of their outcomes. */
export function cast(project: string, region: string): readonly Character[] {
  const chained = `urn:fss:${region}:${project}:function:demo:demo-follower:latest`;
  return [
    {
      name: 'demo-follower',
      says: 'is started by the outcome of another function',
      source: 'exports.handler = async (message) => ({ told: message.request_context.request_id });',
      policy: { destination_config: { on_success: destination('DIS', { stream_name: 'demo' }) } },
    },
    {
      name: 'demo-shaky',
      says: 'fails twice, then succeeds',
      source: `const seen = new Map();
exports.handler = async (event, context) => {
  const failures = seen.get(event.key) ?? 0;
  seen.set(event.key, failures + 1);
  if (failures < 2) throw new Error('attempt ' + (failures + 1) + ' had no luck');
  return { key: event.key, attempts: failures + 1 };
};`,
      policy: {
        max_async_retry_attempts: 3,
        ...quickRetries,
        destination_config: { on_success: destination('OBS', { bucket: 'demo-results', prefix: 'succeeded', expires: 7 }) },
      },
    },
    {
      name: 'demo-broken',
      says: 'always fails',
      source: "exports.handler = async () => { throw new TypeError('broken by design'); };",
      policy: {
        max_async_retry_attempts: 1,
        ...quickRetries,
        destination_config: { on_failure: destination('OBS', { bucket: 'demo-results', prefix: 'failed', expires: 7 }) },
      },
    },
    {
      name: 'demo-slow',
      says: 'takes its time',
      source: 'exports.handler = async () => { await new Promise((resolve) => setTimeout(resolve, 1500)); return 1; };',
      policy: { destination_config: { on_success: destination('DIS', { stream_name: 'demo' }) } },
    },
    {
      name: 'demo-chained',
      says: 'starts demo-follower when it succeeds',
      source: 'exports.handler = async (event) => event;',
      policy: { destination_config: { on_success: destination('FunctionGraph', { func_urn: chained }) } },
    },
  ];
}

/** Creates the agency, places, functions and policies. Replaces those of an earlier demo. */
export async function prepare(client: DemoClient, characters: readonly Character[]): Promise<void> {
  await client.must('PUT', '/sendoff/agencies/demo', {
    grants: ['OBS', 'DIS', 'FunctionGraph'].map((type) => ({ type, resource: '*' })),
  });
  await client.must('PUT', '/sendoff/buckets/demo-results', {});
  await client.must('PUT', '/sendoff/streams/demo', {});
  for (const { name, source, policy } of characters) {
    await client.call('DELETE', `/fgs/functions/demo:${name}`);
    await client.must('POST', '/fgs/functions', {
      func_name: name,
      package: 'demo',
      runtime: 'Node.js20.15',
      handler: 'index.handler',
      timeout: 5,
      memory_size: 128,
      code_type: 'inline',
      func_code: { file: Buffer.from(source).toString('base64') },
      xrole: 'demo',
      strategy_config: { concurrency: 1, concurrent_num: 20 },
    });
    await client.must('PUT', `/fgs/functions/demo:${name}/async-invoke-config`, policy);
  }
}
