/**
 * Goal: a failed invocation is retried exactly as often, and no sooner, than its policy says, and
 * ends within its validity period. Method: one installation; functions that report each attempt to
 * an HTTP server of the test, which is where attempts and gaps are measured.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { destination } from './client.ts';
import { Installation } from './installation.ts';
import { KafkaSide } from './kafka-side.ts';

let installation: Installation;
let kafka: KafkaSide;
let endpoint: Server;
let endpointUrl: string;

interface Attempt {
  readonly atMs: number;
  readonly attempt: number;
}

const attempts = new Map<string, Attempt[]>();
const answers = new Map<string, (attempt: number) => { status: number; body?: string; headers?: Record<string, string> }>();

beforeAll(async () => {
  endpoint = createServer((request, response) => {
    request.resume().on('end', () => {
      const requestId = String(request.headers['x-cff-request-id']);
      const attempt = Number(request.headers['x-sendoff-attempt']);
      attempts.set(requestId, [...(attempts.get(requestId) ?? []), { atMs: Date.now(), attempt }]);
      const { status, body = '', headers = {} } = answers.get(request.url ?? '')?.(attempt) ?? { status: 500 };
      response.writeHead(status, headers).end(body);
    });
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  endpointUrl = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
  installation = await Installation.start({ brokers: inject('kafkaBrokers') });
  kafka = new KafkaSide(installation.brokers);
  await installation.client.grantEverything();
});
afterAll(async () => {
  await kafka?.close();
  await installation?.stop();
  endpoint?.close();
});

async function httpFunction(
  name: string,
  answer: (attempt: number) => { status: number; body?: string; headers?: Record<string, string> },
): Promise<void> {
  answers.set(`/${name}`, answer);
  await installation.client.createFunction(name, '', {
    runtime: 'http',
    code_type: 'obs',
    code_url: `${endpointUrl}/${name}`,
    func_code: undefined,
  });
}

describe('a function that always fails', () => {
  it.each([0, 1, 2, 3])('is retried %i times, each wait at least half of the doubled base', async (retries) => {
    const name = `fails-${retries}`;
    await httpFunction(name, () => ({ status: 500, body: 'broken' }));
    await installation.client.setPolicy(name, { max_async_retry_attempts: retries });
    const requestId = await installation.client.invoke(name);
    const record = await installation.client.ended(name, requestId);
    const made = attempts.get(requestId) ?? [];
    expect(made.map(({ attempt }) => attempt)).toEqual(Array.from({ length: retries + 1 }, (_, index) => index + 1));
    expect(record).toMatchObject({ status: 'FAIL', error_code: 4202, approximate_invoke_count: retries + 1 });
    for (let index = 1; index < made.length; index++) {
      const waitedMs = (made[index]?.atMs ?? 0) - (made[index - 1]?.atMs ?? 0);
      expect(waitedMs).toBeGreaterThanOrEqual(500 * 2 ** (index - 1));
      expect(waitedMs).toBeLessThan(1_000 * 2 ** (index - 1) + 1_000);
    }
  });

  it('is not retried at all without a policy', async () => {
    await httpFunction('no-policy', () => ({ status: 400 }));
    const requestId = await installation.client.invoke('no-policy');
    expect(await installation.client.ended('no-policy', requestId)).toMatchObject({
      status: 'FAIL',
      error_code: 4201,
      approximate_invoke_count: 1,
    });
  });

  it('is not retried once it says never again', async () => {
    await httpFunction('never-again', () => ({ status: 500, headers: { 'x-sendoff-retryable': 'false' } }));
    await installation.client.setPolicy('never-again', { max_async_retry_attempts: 3 });
    const requestId = await installation.client.invoke('never-again');
    expect(await installation.client.ended('never-again', requestId)).toMatchObject({
      status: 'FAIL',
      approximate_invoke_count: 1,
    });
  });
});

describe('a function that recovers', () => {
  it('succeeds at its third attempt and shows three attempts', async () => {
    await httpFunction('recovers', (attempt) => (attempt < 3 ? { status: 500 } : { status: 200, body: '"at last"' }));
    await installation.client.setPolicy('recovers', { max_async_retry_attempts: 3 });
    const requestId = await installation.client.invoke('recovers');
    expect(await installation.client.ended('recovers', requestId)).toMatchObject({
      status: 'SUCCESS',
      error_code: 0,
      approximate_invoke_count: 3,
    });
  });

  it('is not charged for what is not its fault: 503s use up no retries', async () => {
    await httpFunction('overloaded', (attempt) => (attempt < 3 ? { status: 503 } : { status: 200, body: '1' }));
    await installation.client.setPolicy('overloaded', { max_async_retry_attempts: 0 });
    const requestId = await installation.client.invoke('overloaded');
    expect(await installation.client.ended('overloaded', requestId)).toMatchObject({ status: 'SUCCESS' });
  });
});

describe('the validity period', () => {
  it('ends an invocation between attempts: DISCARD, and the failure destination is told', async () => {
    await installation.client.must('PUT', '/sendoff/streams/expired', {});
    const next = await kafka.read(`${installation.topicPrefix}stream.expired`);
    await httpFunction('expires', () => ({ status: 500 }));
    await installation.client.setPolicy('expires', {
      max_async_retry_attempts: 3,
      max_async_event_age_in_seconds: 2,
      destination_config: { on_failure: destination('DIS', { stream_name: 'expired' }) },
    });
    const requestId = await installation.client.invoke('expires');
    const record = await installation.client.ended('expires', requestId);
    expect(record).toMatchObject({ status: 'DISCARD', error_code: 4501 });
    expect(attempts.get(requestId)?.length).toBeLessThanOrEqual(3);
    const told = JSON.parse((await next(({ key }) => key === requestId)).value) as { request_context: { condition: string } };
    expect(told.request_context.condition).toBe('EventAgeExceeded');
  });

  it('ends an invocation that never got its turn: DISCARD after 0 attempts', async () => {
    const source = 'exports.handler = () => new Promise((resolve) => setTimeout(resolve, 2500));';
    await installation.client.createFunction('busy', source, { strategy_config: { concurrency: 1, concurrent_num: 1 } });
    await installation.client.setPolicy('busy', { max_async_event_age_in_seconds: 1, max_async_retry_attempts: 0 });
    const first = await installation.client.invoke('busy');
    const second = await installation.client.invoke('busy');
    const ends = await Promise.all([first, second].map(async (requestId) => installation.client.ended('busy', requestId)));
    const discarded = ends.filter(({ status }) => status === 'DISCARD');
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['DISCARD', 'SUCCESS']);
    expect(discarded[0]).toMatchObject({ error_code: 4501, approximate_invoke_count: 0 });
  });
});

describe('a return value over 256 KB', () => {
  it('is replaced by an empty one and the invocation still succeeds', async () => {
    await installation.client.must('PUT', '/sendoff/streams/large', {});
    const next = await kafka.read(`${installation.topicPrefix}stream.large`);
    await installation.client.createFunction('large', 'exports.handler = async ({ size }) => "x".repeat(size);');
    await installation.client.setPolicy('large', {
      destination_config: { on_success: destination('DIS', { stream_name: 'large' }) },
    });
    const fitting = await installation.client.invoke('large', { size: 256 * 1024 - 2 });
    const oversized = await installation.client.invoke('large', { size: 256 * 1024 - 1 });
    const payloadOf = async (requestId: string) =>
      (JSON.parse((await next(({ key }) => key === requestId)).value) as { response_payload: string }).response_payload;
    expect((await payloadOf(fitting)).length).toBe(256 * 1024);
    expect(await payloadOf(oversized)).toBe('');
    expect(await installation.client.ended('large', oversized)).toMatchObject({ status: 'SUCCESS' });
  });
});
