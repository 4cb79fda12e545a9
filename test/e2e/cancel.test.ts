/**
 * Goal: a cancelled invocation ends at once wherever it is, and nothing else does. Method: one
 * installation with short queues; functions whose endings are held at an HTTP server of the test
 * until it lets them go. Records say how each invocation ended, a stream what its failure
 * destination was told.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { type Answer, destination, type RecordAnswer } from './client.ts';
import { Installation } from './installation.ts';
import { KafkaSide, type SeenRecord } from './kafka-side.ts';

let installation: Installation;
let kafka: KafkaSide;
let endpoint: Server;
let endpointUrl: string;
let told: (fits: (record: SeenRecord) => boolean) => Promise<SeenRecord>;

/** Requests that wait for the test, by the last part of their path or by request id. */
const held = new Map<string, ServerResponse>();
const gone = new Set<string>();
const heard: string[] = [];

const holding = async (name: string) => eventually(() => held.get(name), { deadlineMs: 45_000 });

beforeAll(async () => {
  endpoint = createServer((request, response) => {
    request.resume().on('end', () => {
      const url = request.url ?? '';
      const name = request.headers['x-cff-request-id'] ?? url.split('/').at(-1) ?? '';
      heard.push(url);
      if (url.startsWith('/fail')) return void response.writeHead(500).end('broken');
      if (!url.startsWith('/hold')) return void response.end('{}');
      held.set(String(name), response);
      response.once('close', () => response.writableEnded || gone.add(String(name)));
    });
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  endpointUrl = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
  installation = await Installation.start({
    brokers: inject('kafkaBrokers'),
    env: { EXECUTOR_EXPRESS_QUEUE_MAX: '2', EXECUTOR_BULK_RECORDS: '10' },
  });
  kafka = new KafkaSide(installation.brokers);
  await installation.client.grantEverything();
  await installation.client.must('PUT', '/sendoff/streams/told', {});
  told = await kafka.read(`${installation.topicPrefix}stream.told`);
});
afterAll(async () => {
  await kafka?.close();
  await installation?.stop();
  endpoint?.closeAllConnections();
  endpoint?.close();
});

const everyEnd = destination('DIS', { stream_name: 'told' });

async function withPolicy(name: string, policy: Record<string, unknown> = {}): Promise<void> {
  await installation.client.setPolicy(name, {
    max_async_retry_attempts: 0,
    destination_config: { on_success: everyEnd, on_failure: everyEnd },
    ...policy,
  });
}

/**
 * A function at the endpoint of the test; one instance, so that a second invocation waits for the
 * first.
 */
async function httpFunction(name: string, path: string, policy: Record<string, unknown> = {}): Promise<void> {
  await installation.client.createFunction(name, '', {
    runtime: 'http',
    code_type: 'obs',
    code_url: `${endpointUrl}${path}`,
    func_code: undefined,
    timeout: 60,
    strategy_config: { concurrency: 1, concurrent_num: 1 },
  });
  await withPolicy(name, policy);
}

async function cancel(name: string, requestId: string, more: Record<string, unknown> = {}): Promise<Answer> {
  return installation.client.call('POST', `/fgs/functions/${name}/cancel`, { request_id: requestId, ...more });
}

/** Cancels and waits for the end. */
async function cancelled(name: string, requestId: string): Promise<RecordAnswer> {
  const answer = await cancel(name, requestId);
  expect([answer.status, answer.headers.get('content-length')]).toEqual([200, '0']);
  return installation.client.ended(name, requestId);
}

const asCancelled = (attempts: number) => ({
  status: 'FAIL',
  error_code: 4208,
  error_message: 'function invocation canceled',
  approximate_invoke_count: attempts,
});

async function messageOf(requestId: string): Promise<{ condition: string; status: number; response: string }> {
  const message = JSON.parse((await told(({ key }) => key === requestId)).value) as {
    request_context: { condition: string };
    response_context: { status_code: number };
    response_payload: string;
  };
  const { request_context, response_context, response_payload } = message;
  return { condition: request_context.condition, status: response_context.status_code, response: response_payload };
}

describe('an invocation is cancelled', () => {
  it('right after its 202', async () => {
    await httpFunction('just-accepted', '/hold');
    const requestId = await installation.client.invoke('just-accepted');
    expect(await cancelled('just-accepted', requestId)).toMatchObject({ status: 'FAIL', error_code: 4208 });
  });

  it('while it waits for its delay to pass', async () => {
    await httpFunction('delayed', '/hold');
    const { status, body } = await installation.client.call<{ request_id: string }>(
      'POST',
      '/fgs/functions/delayed/invocations-async',
      {},
      { 'x-sendoff-delay-seconds': '3600' },
    );
    expect(status).toBe(202);
    expect(await cancelled('delayed', body.request_id)).toMatchObject(asCancelled(0));
    expect(await messageOf(body.request_id)).toMatchObject({ condition: 'InvocationCanceled', status: 499 });
  });

  it('while it waits for a retry', async () => {
    await httpFunction('failing', '/fail', { max_async_retry_attempts: 3, retry_wait_base_in_seconds: 300 });
    const requestId = await installation.client.invoke('failing');
    await eventually(async () => (await installation.client.record('failing', requestId))?.approximate_invoke_count === 1);
    expect(await cancelled('failing', requestId)).toMatchObject(asCancelled(1));
    expect(await messageOf(requestId)).toMatchObject({ condition: 'InvocationCanceled', status: 499 });
  });

  it('while it waits for its turn in the executor, without waiting for it', async () => {
    await httpFunction('one-by-one', '/hold');
    const first = await installation.client.invoke('one-by-one');
    await holding(first);
    const second = await installation.client.invoke('one-by-one');
    expect(await cancelled('one-by-one', second)).toMatchObject(asCancelled(0));
    expect(gone.has(first)).toBe(false);
    (await holding(first)).end('"done"');
    expect(await installation.client.ended('one-by-one', first)).toMatchObject({ status: 'SUCCESS' });
    expect(held.has(second)).toBe(false);
  });

  it('while it stands on a lane behind more than the executor reads, before it is ever run', async () => {
    await httpFunction('flooded', '/hold');
    const first = await installation.client.invoke('flooded');
    await holding(first);
    const others: string[] = [];
    for (let index = 0; index < 24; index++) others.push(await installation.client.invoke('flooded'));
    // The executor holds the first ones, and ends them once it has heard of all cancellations.
    for (const requestId of others.toReversed()) expect((await cancel('flooded', requestId)).status).toBe(200);
    for (const requestId of others.slice(0, 8)) await installation.client.ended('flooded', requestId);
    (await holding(first)).end('"done"');
    for (const requestId of others) expect(await installation.client.ended('flooded', requestId)).toMatchObject(asCancelled(0));
    expect(await installation.client.ended('flooded', first)).toMatchObject({ status: 'SUCCESS' });
    expect(others.filter((requestId) => held.has(requestId))).toEqual([]);
  });

  it('while it runs at an endpoint: the connection ends', async () => {
    await httpFunction('at-endpoint', '/hold');
    const requestId = await installation.client.invoke('at-endpoint');
    await holding(requestId);
    expect(await cancelled('at-endpoint', requestId)).toMatchObject(asCancelled(1));
    expect(gone.has(requestId)).toBe(true);
    expect(await messageOf(requestId)).toMatchObject({ condition: 'InvocationCanceled', status: 499 });
  });
});

describe('an invocation that runs beside others in one instance', () => {
  const source = (url: string) => `
    const born = Math.random();
    exports.handler = async ({ name, isDeaf }, { signal }) => {
      if (!isDeaf) signal.addEventListener('abort', () => fetch('${url}/aborted/' + name));
      await fetch('${url}/hold/' + name);
      return born;
    };`;

  it.each([
    ['hears of the cancel', false],
    ['is ended though it does not listen', true],
  ])('%s, and the others go on in it', async (_how, isDeaf) => {
    const name = `neighbours-${isDeaf}`;
    await installation.client.createFunction(name, source(endpointUrl), {
      timeout: 60,
      strategy_config: { concurrency: 1, concurrent_num: 3 },
    });
    await withPolicy(name);
    const names = ['before', 'meant', 'after'].map((part) => `${name}-${part}`);
    const requestIds: string[] = [];
    for (const part of names) requestIds.push(await installation.client.invoke(name, { name: part, isDeaf }));
    for (const part of names) await holding(part);
    const [before = '', meant = '', after = ''] = requestIds;
    expect(await cancelled(name, meant)).toMatchObject(asCancelled(1));
    if (!isDeaf) await eventually(() => heard.includes(`/aborted/${name}-meant`));
    for (const part of ['before', 'after']) (await holding(`${name}-${part}`)).end('{}');
    for (const requestId of [before, after])
      expect(await installation.client.ended(name, requestId)).toMatchObject({ status: 'SUCCESS' });
    const born = [await messageOf(before), await messageOf(after)].map(({ response }) => response);
    expect(born[0]).toBe(born[1]);
    expect(await messageOf(meant)).toMatchObject({ condition: 'InvocationCanceled', status: 499 });
  });
});

describe('a cancel', () => {
  it('of an invocation that is over changes nothing', async () => {
    await installation.client.createFunction('quick', 'exports.handler = async () => 1;');
    const requestId = await installation.client.invoke('quick');
    const before = await installation.client.ended('quick', requestId);
    expect((await cancel('quick', requestId)).status).toBe(200);
    expect(await installation.client.record('quick', requestId)).toEqual(before);
  });

  it('of a request id nobody has, or of another function, is refused and ends nothing', async () => {
    await httpFunction('mine', '/hold');
    const requestId = await installation.client.invoke('mine');
    await holding(requestId);
    for (const [name, id] of [
      ['mine', '00000000-0000-4000-8000-000000000000'],
      ['quick', requestId],
    ] as const)
      expect(await cancel(name, id)).toMatchObject({
        status: 400,
        body: { error_code: 'FSS.0400', error_msg: 'Invalid RequestId' },
      });
    expect(await cancel('mine', requestId, { type: 'recursive' })).toMatchObject({ status: 400 });
    (await holding(requestId)).end('1');
    expect(await installation.client.ended('mine', requestId)).toMatchObject({ status: 'SUCCESS' });
  });

  it('may come twice', async () => {
    await httpFunction('twice', '/hold');
    const requestId = await installation.client.invoke('twice');
    expect(await cancelled('twice', requestId)).toMatchObject({ status: 'FAIL', error_code: 4208 });
    expect((await cancel('twice', requestId)).status).toBe(200);
  });
});
