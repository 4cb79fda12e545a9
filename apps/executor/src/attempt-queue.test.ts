import { describe, expect, it } from 'vitest';
import { TurnBudget } from '#platform';
import { builtAt, ManualClock } from '#testing';
import { AttemptQueue, type Ticket } from './attempt-queue.ts';

/** Waits until all pending promises have settled. */
const settled = async () => new Promise(setImmediate);

function setUp(runningMax = 10, starts?: TurnBudget) {
  const clock = new ManualClock(builtAt);
  const queue = new AttemptQueue(runningMax, clock, starts);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const places = new Map<string, () => void>();
  const run = (name: string, ticket: Partial<Ticket> = {}) =>
    queue.run(
      {
        key: name.charAt(0),
        runningMax: () => 1,
        ownMax: () => Number.POSITIVE_INFINITY,
        dueAt: clock.elapsedMs(),
        bytes: 1,
        isAwaited: false,
        signal: new AbortController().signal,
        ...ticket,
      },
      async (_wasLimited, free) => {
        begun.push(name);
        places.set(name, free);
        await new Promise<void>((resolve) => ends.set(name, resolve));
        return name;
      },
    );
  const end = async (name: string) => {
    ends.get(name)?.();
    await settled();
  };
  const freePlace = (name: string) => places.get(name)?.();
  return { queue, clock, begun, run, end, freePlace };
}

describe('AttemptQueue', () => {
  it('serves functions round robin, whatever the length of their queues', async () => {
    const { begun, run, end } = setUp(1);
    for (const name of ['a1', 'a2', 'a3', 'b1']) void run(name);
    for (const name of ['a1', 'a2', 'b1']) await end(name);
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3']);
  });

  it('keeps a place free for a quiet function while two slow ones are greedy', async () => {
    const { begun, run } = setUp(16);
    for (const key of ['a', 'b'])
      for (let n = 0; n < 20; n++) void run(`${key}${n}`, { runningMax: () => Number.POSITIVE_INFINITY });
    await settled();
    void run('quiet');
    await settled();
    expect(begun.at(-1)).toBe('quiet');
  });

  it('gives one function three quarters of all places', async () => {
    const { begun, run } = setUp(16);
    for (let n = 0; n < 20; n++) void run(`a${n}`, { runningMax: () => Number.POSITIVE_INFINITY });
    await settled();
    expect(begun.length).toBe(12);
  });

  it('begins a bounded number of tasks in one turn, and a quiet function first in the next', () => {
    const turns: (() => void)[] = [];
    const { begun, run } = setUp(100, new TurnBudget(4, (callback) => turns.push(callback)));
    for (let n = 0; n < 20; n++) void run(`a${n}`, { runningMax: () => Number.POSITIVE_INFINITY });
    expect(begun).toEqual(['a0', 'a1', 'a2', 'a3']);
    void run('quiet');
    turns.shift()?.();
    expect(begun.slice(4)).toEqual(['a4', 'quiet', 'a5', 'a6']);
  });

  it('runs at most as many tasks of a function as it allows', async () => {
    const { begun, run, end } = setUp();
    for (const name of ['a1', 'a2', 'a3']) void run(name, { runningMax: () => 2 });
    expect(begun).toEqual(['a1', 'a2']);
    await end('a1');
    expect(begun).toEqual(['a1', 'a2', 'a3']);
  });

  it('tells a task whether the limit of its function held it back after it was due', async () => {
    const { queue, clock } = setUp();
    const told = new Map<string, boolean>();
    const signal = new AbortController().signal;
    const run = async (key: string, name: string, ownMax: number, ms: number) =>
      queue.run(
        { key, runningMax: () => 1, ownMax: () => ownMax, dueAt: clock.elapsedMs(), bytes: 1, isAwaited: false, signal },
        async (wasLimited) => {
          told.set(name, wasLimited);
          await clock.advance(ms);
        },
      );
    await Promise.all([run('a', 'first', 1, 5), run('a', 'limited', 1, 5), run('b', 'alone', 9, 5), run('b', 'second', 9, 5)]);
    await run('a', 'later', 1, 0);
    expect(Object.fromEntries(told)).toEqual({ first: false, limited: true, alone: false, second: false, later: false });
  });

  it('returns the result of the task, or its error', async () => {
    const { queue, run, end } = setUp();
    const first = run('a1');
    await end('a1');
    expect(await first).toBe('a1');
    const ticket = {
      key: 'a',
      runningMax: () => 1,
      ownMax: () => 1,
      dueAt: 0,
      bytes: 1,
      isAwaited: false,
      signal: new AbortController().signal,
    };
    await expect(queue.run(ticket, async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('starts an expired task at once, and no other task sooner', async () => {
    const { queue, clock, begun, run, end } = setUp();
    for (const [name, afterMs] of [
      ['a1', 100],
      ['a2', 100],
      ['a3', 200],
    ] as const)
      void run(name, { waitsUntil: afterMs });
    await clock.advance(99);
    expect(begun).toEqual(['a1']);
    await clock.advance(1);
    expect([begun, queue.waitingNow]).toEqual([['a1', 'a2'], 1]);
    await end('a1');
    expect(begun).toEqual(['a1', 'a2', 'a3']);
    expect(clock.pending).toBe(0);
  });

  it('starts waiting tasks as soon as their function allows more', async () => {
    const { queue, begun, run } = setUp();
    let allowed = 1;
    for (const name of ['a1', 'a2', 'a3']) void run(name, { runningMax: () => allowed });
    allowed = 2;
    queue.boundsChanged();
    expect(begun).toEqual(['a1', 'a2']);
  });

  it('starts no waiting task while its function runs more than it now allows', async () => {
    const { queue, begun, run, end } = setUp();
    let allowed = 2;
    for (const name of ['a1', 'a2', 'a3', 'a4']) void run(name, { runningMax: () => allowed });
    allowed = 1;
    queue.boundsChanged();
    await end('a1');
    expect(begun).toEqual(['a1', 'a2']);
    await end('a2');
    expect(begun).toEqual(['a1', 'a2', 'a3']);
  });

  it('gives the place of a task to the next one while its outcome is being written', async () => {
    const { queue, begun, run, end, freePlace } = setUp();
    for (const name of ['a1', 'a2', 'a3']) void run(name);
    freePlace('a1');
    freePlace('a1');
    expect([begun, queue.placeOf('a', '').running]).toEqual([['a1', 'a2'], 1]);
    await end('a1');
    expect(begun).toEqual(['a1', 'a2']);
    await end('a2');
    expect(begun).toEqual(['a1', 'a2', 'a3']);
  });

  it.each([
    ['of one function', 300, 192],
    ['of all together', 30, 30],
  ])('bounds the tasks %s whose outcomes are being written, and frees each place once', async (_whose, places, writing) => {
    const { queue, begun, run, end, freePlace } = setUp(places);
    for (let n = 0; n < writing + 10; n++) void run(`a${n}`);
    for (let n = 0; n < writing + 10; n++) {
      freePlace(`a${n}`);
      await settled();
    }
    expect([begun.length, queue.placeOf('a', '').running]).toEqual([writing + 1, 1]);
    // The outcome of the last task, which kept its place, is not written yet.
    await end('a3');
    expect(begun.length).toBe(writing + 1);
    await end(`a${writing}`);
    expect([begun.length, queue.placeOf('a', '').running]).toEqual([writing + 2, 1]);
  });

  it('forgets a function once all its outcomes are written', async () => {
    const { queue, run, end, freePlace } = setUp();
    void run('a1');
    freePlace('a1');
    expect(queue.bytesOf('a')).toBe(1);
    await end('a1');
    expect([queue.bytesOf('a'), queue.waiting()]).toEqual([0, []]);
  });

  it('alternates between synchronous calls and attempts of one function', async () => {
    const { begun, run, end } = setUp();
    for (const name of ['a1', 'a2', 'a3']) void run(name);
    for (const name of ['a-awaited-1', 'a-awaited-2', 'a-awaited-3']) void run(name, { isAwaited: true });
    for (const name of ['a1', 'a-awaited-1', 'a2', 'a-awaited-2', 'a3']) await end(name);
    expect(begun).toEqual(['a1', 'a-awaited-1', 'a2', 'a-awaited-2', 'a3', 'a-awaited-3']);
  });

  it('starts an aborted task at once, and no other task sooner', async () => {
    const { queue, begun, run, end } = setUp();
    const abort = new AbortController();
    void run('a1');
    const aborted = run('a2', { signal: abort.signal });
    void run('a3');
    abort.abort();
    expect([begun, queue.waitingOf('a'), queue.runningNow]).toEqual([['a1', 'a2'], 1, 1]);
    await end('a2');
    expect([await aborted, begun]).toEqual(['a2', ['a1', 'a2']]);
  });

  it('starts a task at once that was aborted before it arrived', () => {
    const { begun, run } = setUp();
    void run('a1');
    void run('a2', { signal: AbortSignal.abort() });
    expect(begun).toEqual(['a1', 'a2']);
  });

  it('runs a task once if it is aborted after its start', async () => {
    const { queue, begun, run, end } = setUp();
    const abort = new AbortController();
    void run('a1', { signal: abort.signal });
    abort.abort();
    await end('a1');
    expect([begun, queue.runningNow, queue.waitingNow]).toEqual([['a1'], 0, 0]);
  });

  it('lets every task begin whose key may run nothing here, those that wait included', async () => {
    const { queue, begun, run } = setUp();
    let runningMax = 1;
    for (const name of ['a1', 'a2', 'a3']) void run(name, { runningMax: () => runningMax });
    runningMax = 0;
    queue.boundsChanged();
    void run('a4', { runningMax: () => runningMax });
    await settled();
    expect([begun, queue.waitingNow]).toEqual([['a1', 'a2', 'a3', 'a4'], 0]);
  });

  it('tells when no more tasks run than the new bounds allow', async () => {
    const { queue, run, end } = setUp();
    let runningMax = 3;
    for (const name of ['a1', 'a2', 'a3']) void run(name, { runningMax: () => runningMax });
    runningMax = 1;
    let isWithin = false;
    const within = queue.withinBounds().then(() => (isWithin = true));
    await end('a1');
    expect(isWithin).toBe(false);
    await end('a2');
    await within;
    expect(queue.runningNow).toBe(1);
  });

  it('tells that each function is within its bound once the bound has grown again, though no task ends', async () => {
    const { queue, run } = setUp();
    let runningMax = 2;
    for (const name of ['a1', 'a2']) void run(name, { runningMax: () => runningMax });
    runningMax = 1;
    const within = queue.withinBounds().then(() => queue.runningNow);
    await settled();
    runningMax = 2;
    queue.boundsChanged();
    expect(await within).toBe(2);
  });
});
