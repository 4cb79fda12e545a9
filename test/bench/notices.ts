/** Invocations that somebody is told of: streams, webhooks, objects. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { base64, type BenchInstallation, functionBody } from './installation.ts';
import { post } from './load.ts';
import type { Figures } from './figures.ts';
import type { RunningSendoff } from './sendoff.ts';

/** A receiver of notices. */
interface Told {
  readonly destination: 'DIS' | 'SMN' | 'OBS';
  readonly param: Readonly<Record<string, unknown>>;
  /** Notices that have come, as the receiver counts them; absent if only the ledger does. */
  readonly received?: () => number;
}

/** Each makes a target ready for the notices. */
export const noticeTargets = {
  streams: async (installation: BenchInstallation): Promise<Told> => {
    await installation.callProject('PUT', '/sendoff/streams/bench', {});
    return { destination: 'DIS', param: { stream_name: 'bench' } };
  },
  objects: async (installation: BenchInstallation): Promise<Told> => {
    await installation.callProject('PUT', '/sendoff/buckets/bench', {});
    return { destination: 'OBS', param: { bucket: 'bench', prefix: '/told', expires: 1 } };
  },
  webhooks: async (installation: BenchInstallation): Promise<Told> => {
    let received = 0;
    const server = createServer((request, response) => {
      request.resume().once('end', () => {
        received += 1;
        response.writeHead(200).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    server.unref();
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { topic_urn: topicUrn } = await installation.callProject('POST', '/notifications/topics', { name: 'bench' });
    await installation.callProject('POST', `/notifications/topics/${String(topicUrn)}/subscriptions`, {
      protocol: 'http',
      endpoint,
    });
    return { destination: 'SMN', param: { topic_urn: topicUrn }, received: () => received };
  },
} as const;

const deadlineMs = 120_000;

/**
 * Posts calls of a function for so many seconds. They count once their notices have been delivered.
 * @throws Error if notices are missing after two minutes.
 */
export async function notices(
  { installation, calls }: RunningSendoff,
  told: Told,
  event: string,
  seconds: number,
): Promise<Figures> {
  const { destination, param } = told;
  await installation.callProject('PUT', '/sendoff/agencies/bench', { grants: [{ type: destination, resource: '*' }] });
  const code = { code_type: 'inline', func_code: { file: base64('exports.handler = async () => 1;') } };
  await installation.call('POST', '', { ...functionBody('told', code), xrole: 'bench' });
  await installation.call('PUT', '/told/async-invoke-config', {
    destination_config: { on_success: { destination, param: JSON.stringify(param) } },
  });
  const delivered = async () => {
    const { notices: counts } = await installation.callProject('GET', '/sendoff/functions/told/ledger');
    // The notice of a topic is delivered when the topic has it, and its subscribers get it later.
    return Math.min(Number((counts as { readonly delivered: number }).delivered), told.received?.() ?? Infinity);
  };
  const startedAt = performance.now();
  const load = await post(`${installation.functionsUrl}/told/invocations-async`, calls.headers, event, 64, seconds * 1_000);
  for (;;) {
    const count = await delivered();
    if (count >= load.answered) break;
    if (performance.now() > startedAt + deadlineMs) throw new Error(`${count} of ${load.answered} notices came in time`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  const elapsedMs = performance.now() - startedAt;
  const received = told.received?.();
  if (received !== undefined && received < load.answered)
    throw new Error(`${received} of ${load.answered} notices were received`);
  return { acceptedPerSecond: load.answered / load.seconds, noticesPerSecond: (load.answered * 1_000) / elapsedMs };
}
