import { beforeEach, describe, expect, it } from 'vitest';
import { bareUrnOf, limits } from '#contracts';
import type { AttemptOutcome } from '#lifecycle';
import { anInvocation } from '#testing';
import { MemoryPayloads, storedIn } from '../testing/payloads.ts';

const succeeded = (bytes: number): AttemptOutcome => ({ kind: 'succeeded', responsePayload: Buffer.alloc(bytes, 'x') });
const owner = bareUrnOf(anInvocation().functionUrn);
let store: MemoryPayloads;

beforeEach(() => {
  store = new MemoryPayloads();
});

describe('an event in the store', () => {
  const event = Buffer.from('{"large":true}');
  const stored = async (of = owner) =>
    anInvocation({ payload: Buffer.alloc(0), payloadRef: (await store.put(of, event)).reference });
  const run = async (payload: Buffer): Promise<AttemptOutcome> => ({ kind: 'succeeded', responsePayload: payload });

  it('is what the function gets', async () => {
    expect(await storedIn(store).during(await stored(), run)).toEqual({ kind: 'succeeded', responsePayload: event });
  });

  it('that is gone ends the invocation, and says so', async () => {
    const invocation = await stored();
    store.payloads.clear();
    const outcome = await storedIn(store).during(invocation, run);
    expect(outcome).toEqual({ kind: 'impossible', reason: 'the stored payload is gone: it was removed before the attempt' });
  });

  it('of another function is as good as gone', async () => {
    expect(await storedIn(store).during(await stored('urn:fss:local:p1:function:default:other'), run)).toMatchObject({
      kind: 'impossible',
    });
  });

  it('that cannot be read now is tried again', async () => {
    const invocation = await stored();
    store.failure = new Error('ECONNREFUSED');
    expect(await storedIn(store).during(invocation, run)).toEqual({
      kind: 'unavailable',
      reason: 'the stored payload could not be read: ECONNREFUSED',
    });
  });

  it('is in memory for as many attempts as there are places, and others wait', async () => {
    const payloads = storedIn(store, 1);
    const first = Promise.withResolvers<AttemptOutcome>();
    const began: string[] = [];
    const one = payloads.during(await stored(), async () => {
      began.push('one');
      return first.promise;
    });
    const other = payloads.during(await stored(), async (payload) => {
      began.push('other');
      return run(payload);
    });
    await new Promise(setImmediate);
    expect(began).toEqual(['one']);
    first.resolve(succeeded(1));
    await Promise.all([one, other]);
    expect(began).toEqual(['one', 'other']);
  });

  it('is not waited for by an attempt that is cancelled, which leaves its turn to the next one', async () => {
    const payloads = storedIn(store, 1);
    const first = Promise.withResolvers<AttemptOutcome>();
    const one = payloads.during(await stored(), async () => first.promise);
    const cancelled = new AbortController();
    const waiting = payloads.during(await stored(), run, cancelled.signal);
    const next = payloads.during(await stored(), run);
    await new Promise(setImmediate);
    cancelled.abort();
    expect(await waiting).toEqual({ kind: 'cancelled' });
    expect(await payloads.during(await stored(), run, AbortSignal.abort())).toEqual({ kind: 'cancelled' });
    first.resolve(succeeded(1));
    expect(await Promise.all([one, next])).toEqual([succeeded(1), { kind: 'succeeded', responsePayload: event }]);
  });
});

describe('a return value', () => {
  const target = { type: 'DIS', streamName: 'results' } as const;
  const told = anInvocation({ policy: { destinations: { onSuccess: target } } });

  it('may be larger than a record if a target gets it, and only then', () => {
    const payloads = storedIn(store);
    expect(payloads.responseBytesMaxOf(told)).toBe(limits.syncBytesMax);
    expect(payloads.responseBytesMaxOf(anInvocation())).toBe(limits.responseBytesMax);
  });

  it('is stored for its function if a record cannot hold it', async () => {
    const reference = await storedIn(store).keep(told, succeeded(limits.responseBytesMax + 1));
    expect((await store.get(owner, reference ?? ''))?.bytes).toHaveLength(limits.responseBytesMax + 1);
  });

  it('is not stored if a record can hold it, or if the function failed', async () => {
    const failed: AttemptOutcome = {
      kind: 'failed',
      condition: 'HandledInvocationError',
      errorMessage: 'no',
      responsePayload: Buffer.alloc(limits.responseBytesMax + 1),
      isRetryable: false,
    };
    for (const outcome of [succeeded(limits.responseBytesMax), failed])
      expect(await storedIn(store).keep(told, outcome)).toBeUndefined();
    expect(store.payloads.size).toBe(0);
  });

  it('is left out if the store fails, and the invocation succeeds all the same', async () => {
    store.failure = new Error('disk full');
    expect(await storedIn(store).keep(told, succeeded(limits.responseBytesMax + 1))).toBeUndefined();
  });
});
