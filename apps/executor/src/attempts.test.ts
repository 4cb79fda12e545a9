/**
 * Goal: each record that asks for an attempt leads to exactly one record with the decision. Method:
 * the attempts of one process over a publisher that records, a clock that stands still and a
 * runtime whose runs the test ends.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  bareUrnOf,
  decodeInvocation,
  decodeSettlement,
  encodeCancellation,
  encodeInvocation,
  encodePurge,
  type EpochMs,
  epochMs,
  type FunctionDocument,
  type Invocation,
  type OutgoingRecord,
  PlatformError,
  Topics,
} from '#contracts';
import { MemoryKafka } from '#kafka/memory';
import type { AttemptOutcome } from '#lifecycle';
import { Cancellations, type Tracing, untraced } from '#platform';
import {
  aFunction,
  anInvocation,
  asIncoming,
  builtAt,
  inHand,
  ManualClock,
  NotedActs,
  RecordingPublisher,
  Arrivals,
} from '#testing';
import { inRecords } from '../testing/payloads.ts';
import { AttemptQueue, begunMax } from './attempt-queue.ts';
import { Attempts } from './attempts.ts';
import { Chances } from './chances.ts';
import { RunnableFunctions } from './runnable-functions.ts';
import { RunningAttempts } from './running-attempts.ts';
import type { Runtime } from './runtime.ts';

const succeeded: AttemptOutcome = { kind: 'succeeded', responsePayload: Buffer.from('1') };

function setUp(fn: FunctionDocument = aFunction({ instancesMax: 1 }), tracing: Tracing = untraced) {
  let pausedSince: EpochMs | undefined;
  let share = (instancesMax: number): number => instancesMax;
  const clock = new ManualClock(builtAt);
  const publisher = new RecordingPublisher(clock);
  const calls: { requestId: string; end: (outcome: AttemptOutcome) => void }[] = [];
  let known: FunctionDocument | undefined = fn;
  let caughtUp: () => void = () => undefined;
  const runtime: Runtime = {
    callsMax: ({ instancesMax, concurrencyPerInstance }) => instancesMax * concurrencyPerInstance,
    run: async ({ requestId }, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve({ kind: 'cancelled' });
        signal.addEventListener('abort', () => resolve({ kind: 'cancelled' }));
        calls.push({ requestId, end: resolve });
      }),
    close: async () => undefined,
  };
  const cancellations = new Cancellations();
  const queue = new AttemptQueue(10, clock);
  const attempts = new Attempts({
    topics: new Topics('s.'),
    publisher,
    functions: new RunnableFunctions({
      runtimes: { files: runtime, url: runtime },
      functionOf: () => known,
      pausedSince: () => pausedSince,
      catchUp: async () => caughtUp(),
      attemptsMax: 10,
      shareOf: (_functionUrn, instancesMax) => share(instancesMax),
    }),
    queue,
    running: new RunningAttempts(cancellations),
    chances: new Chances({ runningMaxOf: () => 2, deathsMax: 3, clock: clock }),
    clock,
    random: () => 0,
    tracing,
    observer: { attempted: () => undefined, started: () => undefined, overflowed: () => undefined },
    stored: inRecords,
    limits: { expressQueueMax: 100, expressBytesMax: 1_000_000 },
  });
  const take = async (invocation: Invocation, delivery = inHand()) =>
    attempts.take('express', asIncoming(encodeInvocation('s.invocations', invocation)), delivery);
  const cancel = (requestId: string, functionUrn = anInvocation().functionUrn) =>
    cancellations.add(asIncoming(encodeCancellation('s.cancellations', { requestId, functionUrn })));
  const purge = (includesRunning: boolean) => {
    const { functionUrn, acceptedAt } = anInvocation();
    const mark = { bareUrn: bareUrnOf(functionUrn), acceptedUntil: acceptedAt, includesRunning };
    cancellations.add(asIncoming(encodePurge('s.cancellations', mark)));
  };
  const know = (next: FunctionDocument | undefined) => (known = next);
  const haveNoShare = () => (share = () => 0);
  const onCatchUp = (act: () => void) => (caughtUp = act);
  const pause = (since: EpochMs | undefined) => {
    pausedSince = since;
    if (since !== undefined) queue.beginAll(bareUrnOf(fn.urn + ':latest'));
  };
  return {
    purge,
    pause,
    attempts,
    publisher,
    clock,
    written: publisher.records,
    calls,
    queue,
    take,
    cancel,
    know,
    onCatchUp,
    haveNoShare,
  };
}

const turn = async () => new Promise(setImmediate);

describe('Attempts', () => {
  it('runs the next attempt of a function while an outcome is being written', async () => {
    const { calls, publisher, written, take } = setUp();
    let write: () => void = () => undefined;
    publisher.delay = new Promise((resolve) => (write = resolve));
    const taken = ['a', 'b'].map(async (requestId) => take(anInvocation({ requestId })));
    await expect.poll(() => calls.length).toBe(1);
    calls[0]?.end(succeeded);
    await expect.poll(() => calls.length).toBe(2);
    expect(written).toEqual([]);
    calls[1]?.end(succeeded);
    write();
    await Promise.all(taken);
    expect(written.map(({ headers }) => headers['request-id'])).toEqual(['a', 'b']);
  });

  it('names in the settlement the record that asked for the attempt', async () => {
    const { written, calls, take } = setUp();
    const taken = take(anInvocation());
    await turn();
    calls[0]?.end(succeeded);
    await taken;
    const { madeFrom } = decodeSettlement(asIncoming(written[0] as OutgoingRecord));
    expect(madeFrom).toEqual({ topic: 'invocations', partition: 0, offset: 0, at: builtAt });
  });

  it.each([
    ['5 s', 5_000],
    ['an hour', 3_600_000],
  ])('makes an attempt at once although its clock is %s behind that of the scheduler', async (_skew, behindMs) => {
    const { written, calls, take } = setUp();
    const acceptedAt = epochMs(builtAt + behindMs);
    const invocation = anInvocation({ acceptedAt, expiresAt: epochMs(acceptedAt + 60_000), dueAt: acceptedAt });
    const taken = take(invocation);
    await turn();
    calls[0]?.end(succeeded);
    await taken;
    expect(written.map(({ topic }) => topic)).toEqual(['s.settlements']);
  });

  it('links the span of each attempt to the act before, and keeps the trace of the caller', async () => {
    const acts = new NotedActs();
    const { written, calls, take } = setUp(undefined, acts);
    const accepted = `00-${'a'.repeat(32)}-00000000000000aa-01`;
    const first = take(anInvocation({ traceparent: accepted }));
    await turn();
    calls[0]?.end({ kind: 'unavailable', reason: 'no instance' });
    await first;
    const retried = decodeInvocation(asIncoming(written[0] as OutgoingRecord));
    const second = take(retried);
    await turn();
    calls[1]?.end(succeeded);
    await second;
    expect(acts.ended).toEqual([
      { name: 'attempt', after: accepted, parent: accepted, fault: 'unavailable' },
      { name: 'attempt', after: acts.context(1), parent: accepted, fault: undefined },
    ]);
    expect(decodeSettlement(asIncoming(written[1] as OutgoingRecord)).invocation).toMatchObject({
      traceparent: accepted,
      traceLink: acts.context(2),
    });
  });

  it('moves a record to the bulk lane if its function holds too many bytes, and no record of another', async () => {
    const { written, take, queue } = setUp();
    const large = Buffer.from(JSON.stringify('x'.repeat(250_000)));
    for (let n = 0; n < 5; n++) void take(anInvocation({ requestId: `large-${n}`, payload: large }));
    const other = anInvocation().functionUrn.replace(/[^:]+:latest$/, 'other:latest');
    void take(anInvocation({ requestId: 'small', functionUrn: other }));
    await turn();
    expect(written.map(({ topic }) => topic)).toEqual(['s.invocations.bulk']);
    expect(queue.bytesOf(bareUrnOf(other))).toBeGreaterThan(0);
  });

  it('passes a record on to the partitions of its function while other executors have the whole share', async () => {
    const { written, calls, take, haveNoShare, queue } = setUp(aFunction({ instancesMax: 2 }));
    void take(anInvocation({ requestId: 'running' }));
    void take(anInvocation({ requestId: 'beside' }));
    const waiting = take(anInvocation({ requestId: 'waiting' }));
    haveNoShare();
    queue.boundsChanged();
    await Promise.all([waiting, take(anInvocation({ requestId: 'later' }))]);
    const spread = { key: bareUrnOf(anInvocation().functionUrn), places: 2 };
    expect(written).toMatchObject(['waiting', 'later'].map((key) => ({ topic: 's.invocations', key, spread })));
    expect(calls.map(({ requestId }) => requestId)).toEqual(['running', 'beside']);
  });

  it('settles a cancelled invocation although other executors have the whole share', async () => {
    const { written, take, cancel, haveNoShare } = setUp();
    haveNoShare();
    cancel('r1');
    await take(anInvocation({ requestId: 'r1' }));
    expect(written.map(({ topic }) => topic)).toEqual(['s.settlements']);
  });

  it('puts attempts of a paused function on a delay topic as they are, also those that wait for their turn', async () => {
    const { written, calls, take, pause } = setUp(aFunction({ instancesMax: 1 }));
    const running = take(anInvocation({ requestId: 'running' }));
    const waiting = take(anInvocation({ requestId: 'waiting', attempt: 2, retriesUsed: 1 }));
    await turn();
    pause(epochMs(builtAt - 60_000));
    await Promise.all([waiting, take(anInvocation({ requestId: 'later' }))]);
    expect(written.map(({ topic, key }) => `${topic} ${key}`).toSorted()).toEqual(['s.delays.30s later', 's.delays.30s waiting']);
    const aside = written.map((record) => decodeInvocation(asIncoming(record))).find(({ requestId }) => requestId === 'waiting');
    expect(aside).toEqual({
      ...anInvocation({ requestId: 'waiting', attempt: 2, retriesUsed: 1 }),
      dueAt: builtAt + 30_000,
    });
    calls[0]?.end(succeeded);
    await running;
    expect(written.at(-1)).toMatchObject({ topic: 's.settlements', key: 'running' });
    pause(undefined);
    void take(aside as Invocation);
    await turn();
    expect(calls.map(({ requestId }) => requestId)).toEqual(['running', 'waiting']);
  });

  it('cancels an attempt that runs because its function was resumed while it was put aside', async () => {
    const { written, calls, take, cancel, pause } = setUp();
    pause(builtAt);
    const ready = Promise.withResolvers<void>();
    const invocation = anInvocation();
    const taken = take(invocation, inHand(undefined, { readyToAct: async () => ready.promise }));
    await turn();
    pause(undefined);
    ready.resolve();
    await turn();
    expect(calls).toHaveLength(1);
    cancel(invocation.requestId);
    await taken;
    expect(written.map((record) => decodeSettlement(asIncoming(record)).condition)).toEqual(['InvocationCanceled']);
  });

  it('settles a cancelled or expired invocation of a paused function', async () => {
    const { written, take, cancel, pause } = setUp();
    pause(builtAt);
    cancel('r1');
    await take(anInvocation({ requestId: 'r1' }));
    await take(anInvocation({ requestId: 'r2', acceptedAt: epochMs(builtAt - 10), expiresAt: builtAt }));
    expect(written.map((record) => decodeSettlement(asIncoming(record)).condition)).toEqual([
      'InvocationCanceled',
      'EventAgeExceeded',
    ]);
  });

  it.each([
    ['waits, and lets the one that runs go on', false, ['later', 'waiting']],
    ['waits or runs, if asked', true, ['later', 'running', 'waiting']],
  ])('settles what was accepted before a purge and %s', async (_what, includesRunning, settled) => {
    const { written, calls, take, purge } = setUp();
    const running = take(anInvocation({ requestId: 'running' }));
    const waiting = take(anInvocation({ requestId: 'waiting' }));
    await turn();
    purge(includesRunning);
    const kept = take(anInvocation({ requestId: 'kept', acceptedAt: epochMs(builtAt + 1) }));
    await Promise.all([waiting, take(anInvocation({ requestId: 'later' })), ...(includesRunning ? [running] : [])]);
    const cancelled = written.map((record) => decodeSettlement(asIncoming(record)));
    expect(cancelled.map(({ condition, invocation }) => `${condition} ${invocation.requestId}`).toSorted()).toEqual(
      settled.map((requestId) => `InvocationCanceled ${requestId}`),
    );
    if (!includesRunning) calls[0]?.end(succeeded);
    await running;
    await turn();
    calls.at(-1)?.end(succeeded);
    await kept;
    expect(written.at(-1)).toMatchObject({ key: 'kept' });
  });

  it('makes one attempt of a record that is read twice', async () => {
    const { written, calls, take } = setUp();
    const both = [take(anInvocation()), take(anInvocation())];
    await turn();
    calls[0]?.end(succeeded);
    await Promise.all(both);
    expect([calls.length, written.length]).toEqual([1, 1]);
  });

  it('publishes nothing after its partition was lost, and makes the attempt again when the record returns', async () => {
    const { written, calls, take } = setUp();
    const lost = new AbortController();
    const [running, waiting] = ['r1', 'r2'].map((requestId) => take(anInvocation({ requestId }), inHand(lost.signal)));
    await turn();
    lost.abort();
    calls[0]?.end(succeeded);
    for (const left of [running, waiting]) await expect(left).rejects.toMatchObject({ code: 'PARTITION_LOST', retryable: true });
    expect([calls.length, written]).toEqual([1, []]);
    const again = take(anInvocation({ requestId: 'r1' }));
    await turn();
    calls[1]?.end(succeeded);
    await again;
    expect(written.map(({ topic }) => topic)).toEqual(['s.settlements']);
  });

  it('waits for the registry if it does not know the function yet', async () => {
    const { written, calls, take, know, onCatchUp } = setUp();
    know(undefined);
    onCatchUp(() => know(aFunction()));
    const taken = take(anInvocation());
    await turn();
    calls[0]?.end(succeeded);
    await taken;
    expect(decodeSettlement(asIncoming(written[0] as OutgoingRecord)).condition).toBe('');
  });

  it('settles an attempt whose function does not exist as one that the platform could not run', async () => {
    const { written, take, know } = setUp();
    know(undefined);
    await take(anInvocation());
    const settlement = decodeSettlement(asIncoming(written[0] as OutgoingRecord));
    expect([settlement.condition, settlement.attempts]).toEqual(['SystemError', 0]);
  });

  it('delays an attempt whose function is disabled, without using a retry', async () => {
    const { written, take, know } = setUp();
    know(aFunction({ instancesMax: 0 }));
    await take(anInvocation());
    expect(written[0]).toMatchObject({ topic: 's.delays.near' });
    expect(decodeInvocation(asIncoming(written[0] as OutgoingRecord))).toMatchObject({ attempt: 2, retriesUsed: 0 });
  });
});

describe('a cancellation', () => {
  const waiting = anInvocation({ requestId: 'r2' });

  it('settles a waiting attempt at once, and does not disturb the running one', async () => {
    const { written, calls, take, cancel } = setUp();
    const first = take(anInvocation({ requestId: 'r1' }));
    const second = take(waiting);
    await turn();
    cancel('r2');
    await second;
    expect(decodeSettlement(asIncoming(written[0] as OutgoingRecord))).toMatchObject({
      condition: 'InvocationCanceled',
      attempts: 0,
      errorMessage: 'function invocation canceled',
    });
    calls[0]?.end(succeeded);
    await first;
    expect(written.length).toBe(2);
    expect(calls.map(({ requestId }) => requestId)).toEqual(['r1']);
  });

  it('aborts the running attempt', async () => {
    const { written, take, cancel } = setUp();
    const taken = take(anInvocation({ requestId: 'r1', policy: { retriesMax: 3 } }));
    await turn();
    cancel('r1');
    await taken;
    const settlement = decodeSettlement(asIncoming(written[0] as OutgoingRecord));
    expect([settlement.condition, settlement.attempts]).toEqual(['InvocationCanceled', 1]);
  });

  it('settles an attempt without a run if it arrived before the record', async () => {
    const { written, calls, take, cancel } = setUp();
    cancel('r2');
    await take(waiting);
    expect(calls).toEqual([]);
    expect(decodeSettlement(asIncoming(written[0] as OutgoingRecord)).condition).toBe('InvocationCanceled');
  });

  it('does not affect another function with the same request id', async () => {
    const { written, calls, take, cancel } = setUp();
    cancel('r1', 'urn:fss:local:p2:function:default:hello:latest');
    const taken = take(anInvocation({ requestId: 'r1' }));
    await turn();
    cancel('r1', 'urn:fss:local:p1:function:default:other:latest');
    calls[0]?.end(succeeded);
    await taken;
    expect(decodeSettlement(asIncoming(written[0] as OutgoingRecord)).condition).toBe('');
  });

  it('that names another version of the same function settles the attempt', async () => {
    const { written, take, cancel } = setUp();
    cancel('r1', 'urn:fss:local:p1:function:default:hello:v1');
    await take(anInvocation({ requestId: 'r1' }));
    expect(decodeSettlement(asIncoming(written[0] as OutgoingRecord)).condition).toBe('InvocationCanceled');
  });
});

describe('an attempt whose settlement cannot be written', () => {
  it('runs once, and is settled when the brokers are back', async () => {
    const { attempts, publisher, written, calls } = setUp();
    const failedWrites = new Arrivals<string>();
    const log = (_level: string, message: string) => failedWrites.add(message);
    const kafka = new MemoryKafka({ topics: new Topics('s.'), log });
    const consumer = kafka.consumer({ groupId: 'executor', topics: ['s.invocations'] });
    onTestFinished(() => consumer.close(0));
    publisher.failure = new PlatformError('BROKER_UNAVAILABLE');
    await consumer.start(async (record, _lost, delivery) => attempts.take('express', record, delivery));
    await kafka.publisher.publish(encodeInvocation('s.invocations', anInvocation()));
    await expect.poll(() => calls.length).toBe(1);
    calls[0]?.end(succeeded);
    await failedWrites.until(2);
    publisher.failure = undefined;
    await expect.poll(() => written.map(({ topic }) => topic)).toEqual(['s.settlements']);
    expect(calls).toHaveLength(1);
  });
});

describe('an attempt that an executor which has ended may have begun', () => {
  const interruption = { topic: 's.invocations', partition: 0 };
  const never = new AbortController().signal;
  const interrupted = inHand(never, { interruption });

  it('is written down with its second chance and not run, and runs when that record is read', async () => {
    const { take, written, calls } = setUp();
    await take(anInvocation(), interrupted);
    expect(calls).toEqual([]);
    expect(written.map(({ topic, partition, headers }) => [topic, partition, headers['chance']])).toEqual([
      ['s.invocations', 0, '2'],
    ]);
    const commits: string[] = [];
    const taken = take({ ...anInvocation(), chance: 2 }, inHand(never, { commit: async () => void commits.push('committed') }));
    await expect.poll(() => calls.length).toBe(1);
    expect(commits).toEqual(['committed']);
    calls[0]?.end(succeeded);
    await taken;
    expect(written.map(({ topic }) => topic)).toEqual(['s.invocations', 's.settlements']);
  });

  it('fails with the reason after its last chance, and does not run', async () => {
    const { take, written, calls } = setUp();
    await take({ ...anInvocation(), chance: 3 }, interrupted);
    expect(calls).toEqual([]);
    expect(decodeSettlement(asIncoming(written[0] as OutgoingRecord))).toMatchObject({
      condition: 'ExecutorEnded',
      errorMessage: 'the executor ended 3 times while the function ran; it is not run again',
    });
  });

  it('runs alone at its last chance', async () => {
    const { take, written, calls } = setUp(aFunction({ instancesMax: 4 }));
    const usual = take(anInvocation({ requestId: 'r1' }));
    await expect.poll(() => calls.length).toBe(1);
    const last = take({ ...anInvocation({ requestId: 'r2' }), chance: 2 }, interrupted);
    const blocked = take(anInvocation({ requestId: 'r3' }));
    calls[0]?.end(succeeded);
    await Promise.all([usual, last]);
    expect(written.at(-1)?.headers['chance']).toBe('3');
    const run = take({ ...anInvocation({ requestId: 'r2' }), chance: 3 });
    await expect.poll(() => calls.length).toBe(2);
    expect(calls[1]?.requestId).toBe('r2');
    calls[1]?.end(succeeded);
    await run;
    await expect.poll(() => calls.length).toBe(3);
    calls[2]?.end(succeeded);
    await blocked;
  });

  it('is not written down if more of its function came before it than may have begun', async () => {
    const { take, written, calls } = setUp(aFunction({ instancesMax: 4 }));
    const before = Array.from({ length: begunMax(2) }, (_, index) => `r${index}`);
    for (const requestId of before) await take(anInvocation({ requestId }), interrupted);
    const next = take(anInvocation({ requestId: 'next' }), interrupted);
    await expect.poll(() => calls.length).toBe(1);
    calls[0]?.end(succeeded);
    await next;
    expect(written.map(({ headers }) => headers['chance'])).toEqual([...before.map(() => '2'), undefined]);
  });

  it('has no chance left of the attempt before', async () => {
    const { take, written, calls } = setUp();
    const taken = take({ ...anInvocation(), chance: 2 });
    await expect.poll(() => calls.length).toBe(1);
    calls[0]?.end({ kind: 'unavailable', reason: 'none' });
    await taken;
    expect(written.map(({ headers }) => [headers['attempt'], headers['chance']])).toEqual([['2', undefined]]);
  });
});
