/**
 * Goal: a search and an explanation have the form of the API, and show a caller nothing of others.
 * Method: a whole ingress over the in-memory broker. A fake status-logger and fake executors give
 * the answers of the test.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  encodeInvocation,
  epochMs,
  type FoundRecord,
  type Invocation,
  type InvocationHistory,
  type RecordPlace,
  type StatusRecord,
} from '#contracts';
import type { TopicFollower } from '#kafka';
import { MemoryKafka } from '#kafka/memory';
import { anInvocation, builtAt, eventually, ManualClock } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';

const requestId = '1167bf8c-87b0-43ab-8f5f-26b16c64f252';
const urnOf = (name: string, version = 'latest') => `urn:fss:local:p1:function:default:${name}:${version}`;
const aRecord = (given: Partial<StatusRecord> = {}): StatusRecord => ({
  requestId,
  functionUrn: urnOf('hello'),
  project: 'p1',
  status: 'WAIT',
  errorCode: 0,
  errorMessage: '',
  acceptedAt: builtAt,
  attempts: 0,
  tags: [],
  deliveries: [],
  ...given,
});

/** A gateway whose follower of idempotency keys reads new records only when it must catch up. */
function withLateKeys(gateway: MemoryKafka): MemoryKafka {
  const follower = (options: Parameters<MemoryKafka['follower']>[0]): TopicFollower => {
    const inner = gateway.follower(options);
    if (options.topic !== gateway.topics.name('idempotency')) return inner;
    const unread: (() => void)[] = [];
    return {
      start: async (onRecord) => inner.start((record) => void unread.push(() => onRecord(record))),
      caughtUp: async (timeoutMs) => {
        await inner.caughtUp(timeoutMs);
        for (const read of unread.splice(0)) read();
      },
      close: async () => inner.close(),
    };
  };
  return Object.assign(Object.create(gateway) as MemoryKafka, { follower });
}

let app: IngressApp;
const limited = { accessKey: '', secretKey: '' };
beforeAll(async () => {
  app = await IngressApp.start({ clock: new ManualClock(builtAt) });
  await app.publish('hello', 'v1');
  await app.createFunction('other');
  const key = await app.must('POST', '/sendoff/credentials', { rights: ['read'], functions: ['hello'] });
  Object.assign(limited, { accessKey: key.access_key, secretKey: key.secret_key });
});
afterAll(async () => app.close());
beforeEach(() => {
  app.records.found = { records: [] };
  app.records.history = undefined;
  app.queues.places = [];
});

const search = async (query: string) => {
  const answer = await app.must('GET', `/sendoff/invocations${query}`);
  return { answer, asked: app.records.searches.at(-1) };
};

describe('a search', () => {
  it('asks for all functions of the project without a window, and shows condition and marker', async () => {
    const record = aRecord({ status: 'FAIL', errorCode: 4204, errorMessage: 'x', endedAt: epochMs(builtAt + 1) });
    app.records.found = { records: [record], next: `${builtAt}-${requestId}` };
    const { answer, asked } = await search('');
    expect(asked).toEqual({ project: 'p1', beginAt: 0, endAt: builtAt + 86_400_000, limit: 50 });
    expect(answer).toMatchObject({
      invocations: [{ function_urn: urnOf('hello'), condition: 'OutOfMemory', request_id: requestId, status: 'FAIL' }],
      next_marker: `${builtAt}-${requestId}`,
      searched_until: new Date(builtAt).toISOString(),
    });
  });

  it('passes every filter on', async () => {
    const { asked } = await search(
      '?function=hello&status=FAIL,WAIT&condition=SystemError&request_id=r&error_text=a%25b&limit=900' +
        '&tag=a.b:c&begin_time=1970-01-01T00:00:01&end_time=1970-01-01T00:00:02&marker=5-abc',
    );
    expect(asked).toEqual({
      project: 'p1',
      functionUrns: [urnOf('hello'), urnOf('hello', 'v1')],
      statuses: ['FAIL', 'WAIT'],
      errorCode: 4500,
      requestIds: ['r'],
      errorText: 'a%b',
      tag: 'a.b:c',
      limit: 500,
      beginAt: 1_000,
      endAt: 2_000,
      marker: '5-abc',
    });
  });

  it('finds an invocation by its idempotency key', async () => {
    const headers = { 'idempotency-key': 'order-1' };
    const { body } = await app.call('POST', '/fgs/functions/hello/invocations-async', {}, headers);
    expect((await search('?function=hello&idempotency_key=order-1')).asked).toMatchObject({ requestIds: [body.request_id] });
    const before = app.records.searches.length;
    expect((await search('?function=hello&idempotency_key=order-2')).answer).toMatchObject({ invocations: [], next_marker: '' });
    expect(app.records.searches.length).toBe(before);
  });

  it('finds by its idempotency key what another ingress has accepted a moment ago', async () => {
    const kafka = new MemoryKafka();
    const late = await IngressApp.start({ clock: new ManualClock(builtAt), gateway: withLateKeys(kafka) });
    const early = await IngressApp.start({ clock: new ManualClock(builtAt), gateway: kafka.beside() });
    await late.createFunction('hello');
    await eventually(async () => (await early.call('GET', '/fgs/functions/hello/config')).status === 200);
    const { body } = await early.call('POST', '/fgs/functions/hello/invocations-async', {}, { 'idempotency-key': 'order-1' });
    await late.must('GET', '/sendoff/invocations?idempotency_key=order-1');
    expect(late.records.searches.at(-1)?.requestIds).toEqual([body.request_id]);
    await Promise.all([late.close(), early.close()]);
  });

  it('finds the invocations of an idempotency key in all functions that the caller may use', async () => {
    const headers = { 'idempotency-key': 'order-3' };
    const ids: string[] = [];
    for (const name of ['hello', 'other']) {
      const { body } = await app.call('POST', `/fgs/functions/${name}/invocations-async`, {}, headers);
      ids.push(body.request_id);
    }
    const [ofHello] = ids;
    expect((await search('?idempotency_key=order-3')).asked?.requestIds?.toSorted()).toEqual(ids.toSorted());
    expect((await search(`?idempotency_key=order-3&request_id=${ofHello}`)).asked?.requestIds).toEqual([ofHello]);
    await app.signed('GET', '/sendoff/invocations?idempotency_key=order-3', undefined, limited);
    expect(app.records.searches.at(-1)?.requestIds).toEqual([ofHello]);
  });

  it.each([
    'marker=1',
    'status=ENDED',
    'condition=Wrong',
    `idempotency_key=${'x'.repeat(256)}`,
    `error_text=${'x'.repeat(201)}`,
    'limit=-1',
    'begin_time=yesterday',
  ])('refuses %s', async (query) => {
    expect(await app.refusal('GET', `/sendoff/invocations?${query}`)).toEqual([400, 'FSS.1001']);
  });

  it('shows a limited key only its own functions, whatever the status-logger answers', async () => {
    app.records.found = { records: [aRecord(), aRecord({ functionUrn: urnOf('other') })] };
    const { status, body } = await app.signed('GET', '/sendoff/invocations', undefined, limited);
    expect([status, body.invocations.map((one: { function_urn: string }) => one.function_urn)]).toEqual([200, [urnOf('hello')]]);
    expect(app.records.searches.at(-1)?.functionUrns?.toSorted()).toEqual([urnOf('hello'), urnOf('hello', 'v1')]);
    const before = app.records.searches.length;
    const other = await app.signed('GET', '/sendoff/invocations?function=other', undefined, limited);
    expect([other.body.invocations, app.records.searches.length]).toEqual([[], before]);
  });
});

describe('the payload of an invocation', () => {
  const path = `/sendoff/functions/hello/invocations/${requestId}/payload`;
  const found = (given: Partial<FoundRecord> = {}) => {
    app.records.found = { records: [{ ...aRecord(), ...given }] };
  };
  const written = async (given: Partial<Invocation>): Promise<RecordPlace> => {
    const invocation = anInvocation({ requestId, functionUrn: urnOf('hello'), project: 'p1', ...given });
    await app.kafka.publisher.publish([encodeInvocation(app.kafka.topics.name('invocations'), invocation)]);
    const record = app.recordsOf('invocations').findLast(({ key }) => key === requestId) ?? expect.fail();
    return { topic: 'invocations', partition: record.partition, offset: Number(record.offset), at: builtAt };
  };

  it('is shown from the record of Kafka that has it', async () => {
    found({ places: [await written({ payload: Buffer.from('{"n":1}') })] });
    expect(await app.must('GET', path)).toEqual({ kept: 'record', payload: '{"n":1}' });
  });

  it('is named by its reference if it is large, until it is removed', async () => {
    const { payload_ref: payloadRef } = await app.must('POST', '/sendoff/functions/hello/payloads', { large: true });
    found({ payloadRef });
    expect(await app.must('GET', path)).toEqual({ kept: 'store', payload_ref: payloadRef });
    found({ places: [await written({ payload: Buffer.alloc(0), payloadRef })] });
    expect(await app.must('GET', path)).toEqual({ kept: 'store', payload_ref: payloadRef });
    found({ payloadRef: '0'.repeat(128) });
    expect(await app.must('GET', path)).toMatchObject({ kept: 'no', reason: expect.stringContaining('was removed') });
  });

  it('is not kept if Kafka deleted its record, and then the reason is told', async () => {
    found({ places: [{ topic: 'invocations', partition: 0, offset: 9_999, at: builtAt }] });
    expect(await app.must('GET', path)).toMatchObject({ kept: 'no', reason: expect.stringContaining('deleted') });
    found();
    expect(await app.must('GET', path)).toMatchObject({ kept: 'no', reason: expect.stringContaining('No record') });
  });

  it('is not shown by another function, nor without a record', async () => {
    found({ functionUrn: urnOf('other') });
    expect(await app.refusal('GET', path)).toEqual([404, 'FSS.0404']);
    app.records.found = { records: [] };
    expect(await app.refusal('GET', path)).toEqual([404, 'FSS.0404']);
  });
});

describe('an explanation', () => {
  const path = `/sendoff/functions/hello/invocations/${requestId}/explanation`;
  const history = (given: Partial<StatusRecord> = {}): InvocationHistory => ({
    record: aRecord(given),
    expiresAt: epochMs(builtAt + 9_000),
    history: { transitions: [{ at: builtAt, kind: 'queued', attempt: 1 }], isCut: false },
  });
  const place = { place: 2, isRunning: false, waiting: 4, running: 1, limit: 1, allRunning: 1, allRunningMax: 8 };

  it('tells the transitions, the logs and the place in the queue', async () => {
    app.records.history = history();
    app.queues.places = [place];
    app.logs.pages = [{ lines: [{ at: builtAt, requestId, text: 'hi' }] }];
    expect(await app.must('GET', path)).toMatchObject({
      invocation: { request_id: requestId, function_urn: urnOf('hello') },
      valid_until: new Date(builtAt + 9_000).toISOString(),
      waits: [
        {
          waits_for: 'function-concurrency',
          since: new Date(builtAt).toISOString(),
          queue: { place: 2, waiting: 4, running: 1, limit: 1, all_running: 1, all_running_max: 8 },
        },
      ],
      transitions: [{ service: 'ingress', kind: 'queued', attempt: 1, time: new Date(builtAt).toISOString() }],
      logs: [{ content: 'hi', executor: 1 }],
      log_executors: [{ executor: 1, answered: true }],
    });
    expect(app.queues.queries.at(-1)).toEqual({ functionUrn: urnOf('hello'), requestId });
  });

  it('asks no executor about an invocation that is delayed or over', async () => {
    const before = app.queues.queries.length;
    for (const state of [{ dueAt: epochMs(builtAt + 1) }, { status: 'SUCCESS', endedAt: builtAt } as const]) {
      app.records.history = history(state);
      await app.must('GET', path);
    }
    expect(app.queues.queries.length).toBe(before);
  });

  it('tells of a paused function and of a function that is gone', async () => {
    app.records.history = history();
    const waitsFor = async (answer: Promise<{ waits: { waits_for: string }[] }>) => (await answer).waits[0]?.waits_for;
    await app.must('POST', '/sendoff/functions/hello/pause', { part: 'execution' });
    expect(await waitsFor(app.must('GET', path))).toBe('paused-function');
    await app.must('POST', '/sendoff/functions/hello/resume', { part: 'execution' });
    app.records.history = history({ functionUrn: urnOf('gone') });
    expect(await waitsFor(app.must('GET', path.replace('hello', 'gone')))).toBe('deleted-function');
  });

  it('is not given for an invocation of another function', async () => {
    app.records.history = history();
    expect(await app.refusal('GET', path.replace('hello', 'other'))).toEqual([404, 'FSS.0404']);
    expect(await app.refusal('GET', path.replace(requestId, 'r2'))).toEqual([404, 'FSS.0404']);
  });
});
