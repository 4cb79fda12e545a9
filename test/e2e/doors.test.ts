/**
 * Goal: both doors take the same invocations and refuse the same mistakes, each in its own way.
 * Method: one installation; fetch at the HTTP door, plain kafkajs at the Kafka door; answers,
 * rejects and records are read.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { destination } from './client.ts';
import { emptyLists } from './empty-lists.ts';
import { Installation } from './installation.ts';
import { KafkaSide } from './kafka-side.ts';

const echo = 'exports.handler = async (event, context) => ({ event, requestId: context.getRequestID() });';

let installation: Installation;
let kafka: KafkaSide;

beforeAll(async () => {
  installation = await Installation.start({ brokers: inject('kafkaBrokers') });
  kafka = new KafkaSide(installation.brokers);
  await installation.client.grantEverything();
  await installation.client.must('PUT', '/sendoff/streams/echoes', {});
  await installation.client.createFunction('echo', echo);
  await installation.client.setPolicy('echo', {
    destination_config: { on_success: destination('DIS', { stream_name: 'echoes' }) },
  });
});
afterAll(async () => {
  await kafka?.close();
  await installation?.stop();
});

it('the service that the build has joined tells the same API as its modules', async () => {
  const modules =
    "await import('./apps/console/build/api-document.mjs').then(async ({ apiDocument }) => console.log(await apiDocument()))";
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', modules], {
    maxBuffer: 16 * 1_048_576,
  });
  const told = await fetch(`${installation.url}/openapi.json`);
  expect(await told.json()).toEqual(JSON.parse(stdout));
});

describe('the HTTP door', () => {
  it('answers at once with a request id under which the record is found', async () => {
    const requestId = await installation.client.invoke('echo', { n: 1 });
    expect(requestId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(await installation.client.ended('echo', requestId)).toMatchObject({
      request_id: requestId,
      status: 'SUCCESS',
      error_code: 0,
    });
  });

  it('finds each invocation in a list that is asked for right after its 202', async () => {
    expect(await emptyLists(installation.client, 'echo')).toBe(0);
  });

  it('takes every form of a URN', async () => {
    const project = installation.client.project;
    for (const urn of [
      'echo',
      'default:echo',
      `${project}:default:echo`,
      `${project}:default:echo:latest`,
      `urn:fss:local:${project}:function:default:echo`,
      `urn:fss:local:${project}:function:default:echo:latest`,
    ])
      expect(await installation.client.invoke(urn)).toBeTypeOf('string');
  });

  it.each<[what: string, path: string, body: string, headers: Record<string, string>, status: number, code: RegExp]>([
    ['an unknown function', '/fgs/functions/nobody/invocations-async', '{}', {}, 404, /^FSS\.(0404|1051)$/],
    ['a body that is no JSON', '/fgs/functions/echo/invocations-async', '{"a":', {}, 406, /^FSS\.0406$/],
    [
      'a body over 256 KB',
      '/fgs/functions/echo/invocations-async',
      JSON.stringify({ a: 'x'.repeat(256 * 1024) }),
      {},
      413,
      /^FSS\.(0413|1201)$/,
    ],
    ['a wrong token', '/fgs/functions/echo/invocations-async', '{}', { 'x-auth-token': 'wrong' }, 401, /^FSS\.0401$/],
    ['no token', '/fgs/functions/echo/invocations-async', '{}', { 'x-auth-token': '' }, 401, /^FSS\.0401$/],
    ['an unknown path', '/fgs/nowhere', '{}', {}, 404, /^FSS\.0404$/],
  ])('refuses %s', async (_what, path, body, headers, status, code) => {
    const answer = await installation.client.call<{ error_code: string; error_msg: string }>('POST', path, body, headers);
    expect([answer.status, Object.keys(answer.body)]).toEqual([status, ['error_code', 'error_msg']]);
    expect(answer.body.error_code).toMatch(code);
    expect(answer.headers.get('x-request-id')).toBeTruthy();
  });

  it.each(['/v2/p1/fgs/functions', '/%762/p1/fgs/functions', '/v2/%701/fgs/functions'])(
    'lets nobody in without credentials: %s',
    async (path) => {
      const answer = await fetch(`${installation.url}${path}`);
      expect([answer.status, await answer.json()]).toEqual([401, { error_code: 'FSS.0401', error_msg: expect.any(String) }]);
    },
  );

  it('lets nobody into another project', async () => {
    const answer = await fetch(`${installation.url}/v2/p2/fgs/functions`, { headers: { 'x-auth-token': 'e2e-token' } });
    expect([answer.status, await answer.json()]).toEqual([403, { error_code: 'FSS.0403', error_msg: expect.any(String) }]);
  });

  it.each<[field: string, policy: Record<string, unknown>]>([
    ['max_async_retry_attempts', { max_async_retry_attempts: 4 }],
    ['max_async_retry_attempts', { max_async_retry_attempts: -1 }],
    ['max_async_retry_attempts', { max_async_retry_attempts: '1' }],
    ['max_async_event_age_in_seconds', { max_async_event_age_in_seconds: 0 }],
    ['max_async_event_age_in_seconds', { max_async_event_age_in_seconds: 86_401 }],
    ['max_async_retries', { max_async_retries: 1 }],
    ['expires', { destination_config: { on_success: destination('OBS', { bucket: 'results', prefix: '', expires: 366 }) } }],
    ['destination', { destination_config: { on_success: destination('EMAIL', {}) } }],
    ['param', { destination_config: { on_failure: { destination: 'DIS', param: 'no json' } } }],
    ['stream_name', { destination_config: { on_failure: destination('DIS', {}) } }],
  ])('refuses a policy and names the field: %s', async (field, policy) => {
    const answer = await installation.client.call<{ error_msg: string }>(
      'PUT',
      '/fgs/functions/echo/async-invoke-config',
      policy,
    );
    expect(answer.status).toBe(400);
    expect(answer.body.error_msg).toContain(field);
  });

  it('refuses a policy whose target is not there, and one whose agency does not grant it', async () => {
    const put = async (name: string, target: ReturnType<typeof destination>) =>
      installation.client.call<{ error_code: string; error_msg: string }>('PUT', `/fgs/functions/${name}/async-invoke-config`, {
        destination_config: { on_success: target },
      });
    const absent = await put(
      'echo',
      destination('FunctionGraph', { func_urn: 'urn:fss:local:p1:function:default:nobody:latest' }),
    );
    expect(absent.status).toBe(404);
    await installation.client.must('PUT', '/sendoff/agencies/streams-only', { grants: [{ type: 'DIS', resource: 'echoes' }] });
    await installation.client.createFunction('limited', echo, { xrole: 'streams-only' });
    expect((await put('limited', destination('DIS', { stream_name: 'echoes' }))).status).toBe(200);
    const ungranted = await put(
      'limited',
      destination('FunctionGraph', { func_urn: 'urn:fss:local:p1:function:default:echo:latest' }),
    );
    expect([ungranted.status, ungranted.body.error_code]).toEqual([403, expect.stringMatching(/^FSS\.112[12]$/)]);
  });

  it('refuses a policy that would close a cycle, and names the path', async () => {
    const chain = async (from: string, to: string) =>
      installation.client.call<{ error_msg: string }>('PUT', `/fgs/functions/${from}/async-invoke-config`, {
        destination_config: {
          on_success: destination('FunctionGraph', { func_urn: `urn:fss:local:p1:function:default:${to}:latest` }),
        },
      });
    for (const name of ['ring-a', 'ring-b', 'ring-c']) await installation.client.createFunction(name, echo);
    expect((await chain('ring-a', 'ring-b')).status).toBe(200);
    expect((await chain('ring-b', 'ring-c')).status).toBe(200);
    const closing = await chain('ring-c', 'ring-a');
    expect(closing.status).toBe(400);
    expect(closing.body.error_msg).toMatch(/ring-c.*ring-a.*ring-b.*ring-c/);
  });
});

describe('the Kafka door', () => {
  const produce = async (value: string, headers: Record<string, string>) =>
    kafka.produce(`${installation.topicPrefix}intake`, value, headers);

  it('is a full door: a producer names the function and its own request id', async () => {
    const requestId = randomUUID();
    const next = await kafka.read(`${installation.topicPrefix}stream.echoes`);
    await produce('{"n":2}', { 'sendoff-function': 'echo', 'sendoff-project': 'p1', 'sendoff-request-id': requestId });
    const seen = JSON.parse((await next(({ key }) => key === requestId)).value) as { response_payload: string };
    expect(JSON.parse(seen.response_payload)).toEqual({ event: { n: 2 }, requestId });
    expect(await installation.client.ended('echo', requestId)).toMatchObject({ status: 'SUCCESS' });
  });

  it('holds an invocation back for as long as the caller asked', async () => {
    const requestId = randomUUID();
    const next = await kafka.read(`${installation.topicPrefix}stream.echoes`);
    const writtenAtMs = Date.now();
    await produce('{}', {
      'sendoff-function': 'echo',
      'sendoff-project': 'p1',
      'sendoff-request-id': requestId,
      'sendoff-delay-seconds': '2',
    });
    const seen = await next(({ key }) => key === requestId);
    expect(seen.atMs - writtenAtMs).toBeGreaterThanOrEqual(2_000);
  });

  it('rejects what it cannot read, with the reason, and goes on', async () => {
    const rejected = await kafka.read(`${installation.topicPrefix}rejects`);
    const rejectOf = async (value: string) => (await rejected((record) => record.value === value)).headers['reject-reason'];
    await produce('"no function"', {});
    await produce('"unknown function"', { 'sendoff-function': 'nobody', 'sendoff-project': 'p1' });
    await produce('not json', { 'sendoff-function': 'echo', 'sendoff-project': 'p1' });
    await produce('"bad id"', { 'sendoff-function': 'echo', 'sendoff-project': 'p1', 'sendoff-request-id': 'x' });
    expect(await rejectOf('"no function"')).toContain('sendoff-function');
    expect(await rejectOf('"unknown function"')).toContain('nobody');
    expect(await rejectOf('not json')).toContain('JSON');
    expect(await rejectOf('"bad id"')).toContain('sendoff-request-id');
    const requestId = randomUUID();
    await produce('{}', { 'sendoff-function': 'echo', 'sendoff-project': 'p1', 'sendoff-request-id': requestId });
    expect(await installation.client.ended('echo', requestId)).toMatchObject({ status: 'SUCCESS' });
  });
});
