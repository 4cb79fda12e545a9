import { describe, expect, it } from 'vitest';
import { aFunction, ManualClock } from '#testing';
import { callOf } from '../../runtime.conformance.ts';
import { Instance, type InstanceParts } from './instance.ts';
import type { ProcessListener } from './process-launcher.ts';

/** An instance whose process does nothing. */
function setUp(given: Partial<InstanceParts> = {}) {
  const clock = new ManualClock();
  const seen: { listener?: ProcessListener; isKilled: boolean } = { isKilled: false };
  const instance = new Instance({
    process: {
      pid: 1,
      isBehind: false,
      send: () => undefined,
      kill: () => void (seen.isKilled = true),
      listen: (listener) => void (seen.listener = listener),
    },
    launcher: { overheadBytes: 0, isOutOfMemory: () => false },
    clock,
    watch: { add: () => ({ look: () => false, end: () => undefined }) },
    memoryMb: 128,
    canFork: false,
    startTimeoutMs: 1_000,
    onLog: () => undefined,
    onGone: () => undefined,
    ...given,
  });
  return { instance, clock, seen, listener: seen.listener as ProcessListener };
}

describe('an instance while the executor stands still', () => {
  it('is not killed because it could not say that it is ready', async () => {
    const { clock, seen } = setUp();
    clock.freeze(30_000);
    await clock.advance(999);
    expect(seen.isKilled).toBe(false);
    await clock.advance(1);
    expect(seen.isKilled).toBe(true);
  });

  it('has the time of its timeout for a call, apart from the standstill', async () => {
    const { instance, clock, listener } = setUp();
    const call = { ...callOf(aFunction()), timeoutMs: 1_000 };
    const ended = instance.reserve().call(call, new AbortController().signal);
    await new Promise(setImmediate);
    clock.freeze(30_000);
    await clock.advance(0);
    listener.onMessage({ kind: 'returned', id: 1, payload: Buffer.from('1'), isLeftOut: false, memoryBytes: 1 });
    expect(await ended).toMatchObject({ kind: 'succeeded' });
  });
});

describe('a call that was aborted before it reached its instance', () => {
  it('never runs, and its instance goes on', async () => {
    const sent: unknown[] = [];
    const { instance, clock } = setUp({
      process: {
        pid: 1,
        isBehind: false,
        send: (message) => void sent.push(message),
        kill: () => undefined,
        listen: () => undefined,
      },
    });
    const ended = instance.reserve().call(callOf(aFunction()), AbortSignal.abort());
    await new Promise(setImmediate);
    await clock.advance(500);
    expect(await ended).toEqual({ kind: 'cancelled' });
    expect([sent, instance.calls, instance.isServing]).toEqual([[], 0, true]);
  });
});

describe('output that comes after the answer', () => {
  it('gets the request id of its call, also beside a call that takes longer than hundreds of others', async () => {
    const lines: string[] = [];
    const { instance, listener } = setUp({ onLog: (requestId, text) => void lines.push(`${requestId} ${text}`) });
    const begun = Array.from({ length: 258 }, async (_, index) =>
      instance.reserve().call({ ...callOf(aFunction()), requestId: `r${index + 1}` }, new AbortController().signal),
    );
    await new Promise(setImmediate);
    const answer = (id: number) =>
      listener.onMessage({ kind: 'returned', id, payload: Buffer.from('1'), isLeftOut: false, memoryBytes: 1 });
    for (let id = 2; id <= 258; id += 1) answer(id);
    answer(1);
    await Promise.all(begun);
    for (const id of [1, 3, 4, 257, 258]) listener.onMessage({ kind: 'log', id, text: 'late' });
    // 256 calls are remembered: call 3 is not one of them.
    expect(lines).toEqual(['r1 late', ' late', 'r4 late', 'r257 late', 'r258 late']);
  });
});

describe('an instance whose code never finishes loading', () => {
  it('is ended, and the reason is the time that it took', async () => {
    const { instance, clock, seen, listener } = setUp({ startTimeoutMs: 5_000 });
    await clock.advance(5_000);
    expect(seen.isKilled).toBe(true);
    listener.onEnd('SIGKILL');
    const errorMessage = 'the code, with its initializer, was not loaded within 5 s';
    expect(await instance.loaded).toMatchObject({ kind: 'unusable', error: { errorMessage } });
  });
});

describe('an instance whose process the kernel ends', () => {
  const ended = async (hasRunOutOfMemory: boolean) => {
    const { instance, listener } = setUp({ hasRunOutOfMemory: () => hasRunOutOfMemory });
    listener.onEnd('SIGKILL');
    return instance.loaded;
  };

  it('is out of memory if its cgroup says so', async () => {
    expect(await ended(true)).toMatchObject({ error: { errorType: 'OutOfMemory' }, isOutOfMemory: true });
    expect(await ended(false)).toMatchObject({ error: { errorType: 'InstanceError' } });
  });
});

describe('calls of an instance that ends for its memory', () => {
  const begin = async (given: Partial<InstanceParts>, calls: number) => {
    const all = setUp(given);
    const outcomes = Array.from({ length: calls }, async () =>
      all.instance.reserve().call({ ...callOf(aFunction()), timeoutMs: 1_000 }, new AbortController().signal),
    );
    await new Promise(setImmediate);
    return { ...all, outcomes };
  };
  const causes: readonly (readonly [cause: string, given: Partial<InstanceParts>])[] = [
    ['its cgroup', { hasRunOutOfMemory: () => true }],
    ['its output', { launcher: { overheadBytes: 0, isOutOfMemory: () => true } }],
  ];

  it.each(causes)('fail if they ran alone, by %s', async (_, given) => {
    const { listener, outcomes } = await begin(given, 1);
    listener.onEnd('SIGKILL');
    expect(await Promise.all(outcomes)).toMatchObject([{ kind: 'failed', condition: 'OutOfMemory' }]);
  });

  it.each(causes)('are repeated if several ran, by %s', async (_, given) => {
    const { listener, outcomes } = await begin(given, 3);
    listener.onEnd('SIGKILL');
    const reason = 'the function used more than its 128 MB, and it is unknown which call ended the instance';
    expect(await Promise.all(outcomes)).toEqual(Array.from({ length: 3 }, () => ({ kind: 'unavailable', reason })));
  });

  it('are repeated beside a call that has run past its deadline and still runs', async () => {
    const { instance, clock, listener, outcomes } = await begin({ hasRunOutOfMemory: () => true }, 1);
    await clock.advance(900);
    const other = instance.reserve().call({ ...callOf(aFunction()), timeoutMs: 1_000 }, new AbortController().signal);
    await new Promise(setImmediate);
    await clock.advance(400);
    listener.onEnd('SIGKILL');
    expect(await Promise.all([...outcomes, other])).toMatchObject([{ condition: 'InvocationTimeout' }, { kind: 'unavailable' }]);
  });
});
