import { describe, expect, it } from 'vitest';
import type { TryResult } from '#lifecycle';
import { ManualClock } from '#testing';
import { TargetQueues } from './target-queues.ts';

const delivered: TryResult = { kind: 'delivered' };
const deferred: TryResult = { kind: 'deferred', reason: 'no answer' };
const partition = { recordsMax: 8, bytesMax: 8_000 };
const limits = { triesMax: 2, waitingMax: 1, partition, failuresMax: 3, openMs: 10_000 };

/** A try that ends when the test calls `end`. */
function heldTry(): { readonly make: () => Promise<TryResult>; readonly end: () => void; isMade: boolean } {
  const { promise, resolve } = Promise.withResolvers<TryResult>();
  const held = {
    isMade: false,
    make: () => {
      held.isMade = true;
      return promise;
    },
    end: () => resolve(delivered),
  };
  return held;
}

describe('TargetQueues', () => {
  it('runs no more than triesMax tries of a target at once, and starts the next when one ends', async () => {
    const queues = new TargetQueues(limits, new ManualClock());
    const tries = [heldTry(), heldTry(), heldTry()];
    const results = tries.map(({ make }) => queues.run('a', make));
    expect(tries.map(({ isMade }) => isMade)).toEqual([true, true, false]);
    tries[0]?.end();
    await results[0];
    await new Promise(setImmediate);
    expect(tries[2]?.isMade).toBe(true);
    for (const { end } of tries) end();
    expect(await Promise.all(results)).toEqual(Array(3).fill(delivered));
  });

  it('postpones a try when waitingMax tries wait already, and delays no other target', async () => {
    const queues = new TargetQueues(limits, new ManualClock());
    const tries = [heldTry(), heldTry(), heldTry()];
    const results = tries.map(({ make }) => queues.run('slow', make));
    expect(await queues.run('slow', async () => delivered)).toMatchObject({ kind: 'postponed' });
    expect(await queues.run('quick', async () => delivered)).toEqual(delivered);
    for (const { end } of tries) end();
    await Promise.all(results);
  });

  it('keeps the tries of a topic in memory, and makes many at once', async () => {
    const queues = new TargetQueues(limits, new ManualClock());
    const tries = Array.from({ length: 1_100 }, heldTry);
    const results = tries.map(({ make }) => queues.run('stream', make, { isCheap: true }));
    expect(tries.filter(({ isMade }) => isMade)).toHaveLength(1_000);
    for (const { end } of tries) end();
    expect(await Promise.all(results)).toEqual(Array(1_100).fill(delivered));
  });

  it('keeps as many tries above waitingMax in memory as their target takes in 20 s', async () => {
    const clock = new ManualClock();
    const roomy = { recordsMax: 1_000, bytesMax: 1_000_000 };
    const queues = new TargetQueues({ triesMax: 1, waitingMax: 1, partition: roomy, failuresMax: 3, openMs: 10_000 }, clock);
    const tryOnce = () => new Promise<TryResult>((resolve) => clock.setTimer(1_000, () => resolve(delivered)));
    const run = async () => queues.run('a', tryOnce, { record: { partition: 'settlements/0', bytes: 1 } });
    const first = Array.from({ length: 12 }, run);
    for (let second = 0; second < 10; second++) await clock.advance(1_000);
    const later = Array.from({ length: 40 }, run);
    for (let second = 0; second < 60; second++) await clock.advance(1_000);
    expect((await Promise.all(first)).every(({ kind }) => kind === 'delivered')).toBe(true);
    const kept = (await Promise.all(later)).filter(({ kind }) => kind === 'delivered').length;
    expect(kept).toBeGreaterThanOrEqual(18);
    expect(kept).toBeLessThanOrEqual(22);
  });

  it('leaves room in a partition to the notices of other targets', async () => {
    const queues = new TargetQueues(
      { ...limits, waitingMax: 100, partition: { recordsMax: 16, bytesMax: 1_000_000 } },
      new ManualClock(),
    );
    const record = { partition: 'settlements/0', bytes: 1 };
    const tries = Array.from({ length: 10 }, () => heldTry());
    const results = tries.map(({ make }) => queues.run('slow', make, { record }));
    const first = await Promise.race(results);
    expect(first).toMatchObject({ kind: 'postponed' });
    for (const { end } of tries) end();
    const kinds = (await Promise.all(results)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'delivered')).toHaveLength(6);
  });

  it('keeps tries of a webhook in memory beside many of a topic', async () => {
    const queues = new TargetQueues({ ...limits, waitingMax: 2 }, new ManualClock());
    const record = { partition: 'settlements/0', bytes: 1 };
    const ofTopic = Array.from({ length: 20 }, () => heldTry());
    const topicResults = ofTopic.map(({ make }) => queues.run('stream', make, { record, isCheap: true }));
    const ofWebhook = Array.from({ length: 3 }, () => heldTry());
    const results = ofWebhook.map(({ make }) => queues.run('webhook', make, { record }));
    for (const { end } of [...ofTopic, ...ofWebhook]) end();
    expect(await Promise.all([...topicResults, ...results])).toEqual(Array.from({ length: 23 }, () => delivered));
  });

  it('has tried 3,000 soon after its target became 20 times as fast', async () => {
    const clock = new ManualClock();
    const queues = new TargetQueues({ triesMax: 1, waitingMax: 100, partition, failuresMax: 3, openMs: 10_000 }, clock);
    let made = 0;
    let returns = 0;
    let tryMs = 20;
    const tryOnce = () =>
      new Promise<TryResult>((resolve) =>
        clock.setTimer(tryMs, () => {
          made++;
          resolve(delivered);
        }),
      );
    const deliver = async (): Promise<void> => {
      const result = await queues.run('a', tryOnce);
      if (result.kind !== 'postponed') return;
      returns++;
      await new Promise<void>((resolve) => clock.setTimer(result.waitMs, resolve));
      return deliver();
    };
    const all = Promise.all(Array.from({ length: 3_000 }, deliver));
    for (let ms = 0; ms < 5_000; ms += 10) await clock.advance(10);
    tryMs = 1;
    let tookMs = 0;
    for (; tookMs < 60_000 && made < 3_000; tookMs += 10) await clock.advance(10);
    expect(made).toBe(3_000);
    expect(tookMs).toBeLessThan(10_000);
    expect(returns).toBeLessThan(9_000);
    await all;
  });

  it('names at most 20 targets that are down, and counts all', async () => {
    const queues = new TargetQueues({ ...limits, failuresMax: 1 }, new ManualClock());
    for (let target = 0; target < 25; target++) await queues.run(`t${target}`, async () => deferred);
    expect([queues.targetsDown.length, queues.openBreakers]).toEqual([20, 25]);
  });

  it('defers tries without calling the target while its breaker is open', async () => {
    const clock = new ManualClock();
    const queues = new TargetQueues(limits, clock);
    for (let failure = 0; failure < limits.failuresMax; failure++) await queues.run('a', async () => deferred);
    let isAsked = false;
    const ask = async () => {
      isAsked = true;
      return delivered;
    };
    expect(await queues.run('a', ask)).toMatchObject({ kind: 'deferred', retryAfterMs: limits.openMs });
    expect([isAsked, queues.openBreakers, queues.targetsDown]).toEqual([false, 1, ['a']]);
    await clock.advance(limits.openMs);
    expect(await queues.run('a', ask)).toEqual(delivered);
    expect([isAsked, queues.openBreakers]).toEqual([true, 0]);
  });

  it('does not blame a target for brokers that take no write', async () => {
    const queues = new TargetQueues({ ...limits, failuresMax: 1 }, new ManualClock());
    const ofBrokers: TryResult = { ...deferred, isOfBrokers: true };
    expect(await queues.run('a', async () => ofBrokers)).toEqual(ofBrokers);
    expect(await queues.run('a', async () => delivered)).toEqual(delivered);
  });

  it('allows the next probe after a probe that failed for a reason of our own', async () => {
    const clock = new ManualClock();
    const queues = new TargetQueues(limits, clock);
    for (let failure = 0; failure < limits.failuresMax; failure++) await queues.run('a', async () => deferred);
    await clock.advance(limits.openMs);
    const behind = () => Promise.reject(new Error('the registry is behind'));
    await expect(queues.run('a', behind)).rejects.toThrow('behind');
    expect(await queues.run('a', async () => delivered)).toEqual(delivered);
    expect(queues.openBreakers).toBe(0);
  });

  it('has made 3,000 tries that come at once about as soon as the target can take them', async () => {
    const clock = new ManualClock();
    const queues = new TargetQueues({ triesMax: 10, waitingMax: 100, partition, failuresMax: 3, openMs: 10_000 }, clock);
    let made = 0;
    const tryOnce = () =>
      new Promise<TryResult>((resolve) =>
        clock.setTimer(10, () => {
          made++;
          resolve(delivered);
        }),
      );
    const deliver = async (): Promise<void> => {
      const result = await queues.run('a', tryOnce);
      if (result.kind !== 'postponed') return;
      await new Promise<void>((resolve) => clock.setTimer(result.waitMs, resolve));
      return deliver();
    };
    const all = Promise.all(Array.from({ length: 3_000 }, deliver));
    // The target takes 1,000 tries a second.
    for (let ms = 0; ms < 6_000 && made < 3_000; ms += 10) await clock.advance(10);
    expect(made).toBe(3_000);
    await all;
  });

  it('postpones the tries of a slow target by half of what its queue takes, 5 s at most', async () => {
    const clock = new ManualClock();
    const queues = new TargetQueues({ triesMax: 1, waitingMax: 2, partition, failuresMax: 3, openMs: 10_000 }, clock);
    const waitsMs: number[] = [];
    const slow = () => new Promise<TryResult>((resolve) => clock.setTimer(5_000, () => resolve(delivered)));
    const ends: Promise<unknown>[] = [];
    for (let round = 0; round < 40; round++) {
      while (true) {
        const run = queues.run('a', slow);
        const result = await Promise.race([run, new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)))]);
        if (result?.kind === 'postponed') {
          waitsMs.push(result.waitMs);
          break;
        }
        ends.push(run);
      }
      await clock.advance(5_000);
    }
    expect(Math.max(...waitsMs)).toBeLessThanOrEqual(5_100);
    expect(waitsMs.at(-1)).toBeGreaterThan(4_000);
    await clock.advance(20_000);
    await Promise.all(ends);
  });

  it('holds no try against the target that failed while this process stood still', async () => {
    const clock = new ManualClock();
    const queues = new TargetQueues({ ...limits, failuresMax: 1 }, clock);
    const broken = async (): Promise<TryResult> => {
      clock.freeze(30_000);
      return deferred;
    };
    expect(await queues.run('a', broken)).toMatchObject({ kind: 'postponed', waitMs: 1_000 });
    expect(queues.openBreakers).toBe(0);
    expect(await queues.run('a', async () => deferred)).toEqual(deferred);
    expect(queues.openBreakers).toBe(1);
  });

  it('does not exceed triesMax when a try arrives at the moment another one ends', async () => {
    const queues = new TargetQueues({ ...limits, triesMax: 1 }, new ManualClock());
    let running = 0;
    let most = 0;
    const make = async () => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      return delivered;
    };
    const first = heldTry();
    const results: Promise<unknown>[] = [queues.run('a', first.make), queues.run('a', make)];
    first.end();
    // Enough steps that one falls between the end of the first try and the start of the next.
    for (let step = 0; step < 10; step++) {
      results.push(queues.run('a', make));
      await Promise.resolve();
    }
    await Promise.all(results);
    expect(most).toBe(1);
  });

  it('forgets only the target whose failure is longest ago when it remembers one more than its bound', async () => {
    const queues = new TargetQueues({ ...limits, failuresMax: 1 }, new ManualClock(), undefined, 3);
    for (const key of ['a', 'b', 'c', 'a', 'd']) await queues.run(key, async () => deferred);
    expect(queues.openBreakers).toBe(3);
    const tried: string[] = [];
    for (const key of ['a', 'c', 'd', 'b'])
      await queues.run(key, async () => {
        tried.push(key);
        return deferred;
      });
    expect(tried).toEqual(['b']);
  });

  it('does not forget the failures of a target while one of its tries runs', async () => {
    const queues = new TargetQueues({ ...limits, failuresMax: 2 }, new ManualClock(), undefined, 1);
    await queues.run('a', async () => deferred);
    const held = heldTry();
    const running = queues.run('a', held.make);
    for (const key of ['b', 'c']) await queues.run(key, async () => deferred);
    await queues.run('a', async () => deferred);
    expect(queues.openBreakers).toBe(1);
    held.end();
    await running;
  });
});
