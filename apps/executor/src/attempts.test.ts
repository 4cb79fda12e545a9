/**
 * Goal: a record that asks for an attempt leads to exactly one record that says what is next,
 * whatever else is going on. Method: the attempts of one process over a publisher that keeps what
 * it is given, a clock that stands still and a runtime that is told how to end.
 */
import { describe, expect, it } from 'vitest';
import {
  decodeInvocation,
  decodeSettlement,
  encodeCancellation,
  encodeInvocation,
  epochMs,
  type FunctionDocument,
  type Invocation,
  type OutgoingRecord,
  Topics,
} from '#contracts';
import type { AttemptOutcome } from '#lifecycle';
import { Cancellations } from '#platform';
import { aFunction, anInvocation, asIncoming, builtAt, ManualClock, RecordingPublisher } from '#testing';
import { AttemptQueue } from './attempt-queue.ts';
import { Attempts } from './attempts.ts';
import { RunnableFunctions } from './runnable-functions.ts';
import { RunningAttempts } from './running-attempts.ts';
import type { Runtime } from './runtime.ts';

const succeeded: AttemptOutcome = { kind: 'succeeded', responsePayload: Buffer.from('1') };

function setUp(fn: FunctionDocument = aFunction({ instancesMax: 1 })) {
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
      catchUp: async () => caughtUp(),
      attemptsMax: 10,
    }),
    queue,
    running: new RunningAttempts(cancellations),
    clock,
    random: () => 0,
    observer: { attempted: () => undefined, overflowed: () => undefined },
    limits: { expressQueueMax: 100 },
  });
  const take = async (invocation: Invocation, lost = new AbortController().signal) =>
    attempts.take('express', asIncoming(encodeInvocation('s.invocations', invocation)), lost);
  const cancel = (requestId: string, functionUrn = anInvocation().functionUrn) =>
    cancellations.add(asIncoming(encodeCancellation('s.cancellations', { requestId, functionUrn })));
  const know = (next: FunctionDocument | undefined) => (known = next);
  const onCatchUp = (act: () => void) => (caughtUp = act);
  return { attempts, clock, written: publisher.records, calls, queue, take, cancel, know, onCatchUp };
}

const turn = async () => new Promise(setImmediate);

describe('an attempt', () => {
  it('that is put back because it came early is made when it comes again', async () => {
    const { clock, written, calls, take } = setUp();
    const invocation = anInvocation({ attempt: 2, dueAt: epochMs(builtAt + 5) });
    await take(invocation);
    expect(written.map(({ topic }) => topic)).toEqual(['s.delays.near']);
    await clock.advance(5);
    const second = take(decodeInvocation(asIncoming(written[0] as OutgoingRecord)));
    await turn();
    calls[0]?.end(succeeded);
    await second;
    expect(written.map(({ topic }) => topic)).toEqual(['s.delays.near', 's.settlements']);
  });

  it('that is read twice is made once', async () => {
    const { written, calls, take } = setUp();
    const both = [take(anInvocation()), take(anInvocation())];
    await turn();
    calls[0]?.end(succeeded);
    await Promise.all(both);
    expect([calls.length, written.length]).toEqual([1, 1]);
  });

  it('whose record went to another process meanwhile tells nobody of its end, and is made when the record comes back', async () => {
    const { written, calls, take } = setUp();
    const lost = new AbortController();
    const [running, waiting] = ['r1', 'r2'].map((requestId) => take(anInvocation({ requestId }), lost.signal));
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

  it('of a function nobody told this process of yet waits until it knows', async () => {
    const { written, calls, take, know, onCatchUp } = setUp();
    know(undefined);
    onCatchUp(() => know(aFunction()));
    const taken = take(anInvocation());
    await turn();
    calls[0]?.end(succeeded);
    await taken;
    expect(decodeSettlement(asIncoming(written[0] as OutgoingRecord)).condition).toBe('');
  });

  it('of a function that is gone fails as the platform could not run it', async () => {
    const { written, take, know } = setUp();
    know(undefined);
    await take(anInvocation());
    const settlement = decodeSettlement(asIncoming(written[0] as OutgoingRecord));
    expect([settlement.condition, settlement.attempts]).toEqual(['SystemError', 0]);
  });

  it('of a function that was disabled meanwhile is made again later, without using up a retry', async () => {
    const { written, take, know } = setUp();
    know(aFunction({ instancesMax: 0 }));
    await take(anInvocation());
    expect(written[0]).toMatchObject({ topic: 's.delays.near' });
    expect(decodeInvocation(asIncoming(written[0] as OutgoingRecord))).toMatchObject({ attempt: 2, retriesUsed: 0 });
  });
});

describe('a cancel', () => {
  const waiting = anInvocation({ requestId: 'r2' });

  it('settles an attempt that waits for its turn at once, and the one before it goes on', async () => {
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

  it('ends the attempt that runs', async () => {
    const { written, take, cancel } = setUp();
    const taken = take(anInvocation({ requestId: 'r1', policy: { retriesMax: 3 } }));
    await turn();
    cancel('r1');
    await taken;
    const settlement = decodeSettlement(asIncoming(written[0] as OutgoingRecord));
    expect([settlement.condition, settlement.attempts]).toEqual(['InvocationCanceled', 1]);
  });

  it('that came before the record settles it unrun', async () => {
    const { written, calls, take, cancel } = setUp();
    cancel('r2');
    await take(waiting);
    expect(calls).toEqual([]);
    expect(decodeSettlement(asIncoming(written[0] as OutgoingRecord)).condition).toBe('InvocationCanceled');
  });

  it('of another function with the same request id leaves it alone', async () => {
    const { written, calls, take, cancel } = setUp();
    cancel('r1', 'urn:fss:local:p2:function:default:hello:latest');
    const taken = take(anInvocation({ requestId: 'r1' }));
    await turn();
    cancel('r1', 'urn:fss:local:p1:function:default:other:latest');
    calls[0]?.end(succeeded);
    await taken;
    expect(decodeSettlement(asIncoming(written[0] as OutgoingRecord)).condition).toBe('');
  });

  it('by another version of the same function is meant for it', async () => {
    const { written, take, cancel } = setUp();
    cancel('r1', 'urn:fss:local:p1:function:default:hello:v1');
    await take(anInvocation({ requestId: 'r1' }));
    expect(decodeSettlement(asIncoming(written[0] as OutgoingRecord)).condition).toBe('InvocationCanceled');
  });
});
