import { describe, expect, it } from 'vitest';
import type { Delivery } from '#lifecycle';
import { ManualClock } from '#testing';
import { TargetLanes } from './target-lanes.ts';

const delivered: Delivery = { kind: 'delivered' };
const deferred: Delivery = { kind: 'deferred', reason: 'no answer' };
const limits = { triesMax: 2, waitingMax: 1, failuresMax: 3, openMs: 10_000 };

/** A try that ends when it is told to. */
function heldTry(): { readonly make: () => Promise<Delivery>; readonly end: () => void; isMade: boolean } {
  const { promise, resolve } = Promise.withResolvers<Delivery>();
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

describe('TargetLanes', () => {
  it('makes so many tries of a target at once, and the next when one ends', async () => {
    const lanes = new TargetLanes(limits, new ManualClock());
    const tries = [heldTry(), heldTry(), heldTry()];
    const results = tries.map(({ make }) => lanes.run('a', make));
    expect(tries.map(({ isMade }) => isMade)).toEqual([true, true, false]);
    tries[0]?.end();
    await results[0];
    await new Promise(setImmediate);
    expect(tries[2]?.isMade).toBe(true);
    for (const { end } of tries) end();
    expect(await Promise.all(results)).toEqual(Array(3).fill(delivered));
  });

  it('postpones what finds no room to wait, and holds back nobody else', async () => {
    const lanes = new TargetLanes(limits, new ManualClock());
    const tries = [heldTry(), heldTry(), heldTry()];
    const results = tries.map(({ make }) => lanes.run('slow', make));
    expect(await lanes.run('slow', async () => delivered)).toMatchObject({ kind: 'postponed', waitMs: limits.openMs });
    expect(await lanes.run('quick', async () => delivered)).toEqual(delivered);
    for (const { end } of tries) end();
    await Promise.all(results);
  });

  it('leaves a target that fails alone, and counts each try it stands in for', async () => {
    const clock = new ManualClock();
    const lanes = new TargetLanes(limits, clock);
    for (let failure = 0; failure < limits.failuresMax; failure++) await lanes.run('a', async () => deferred);
    let isAsked = false;
    const ask = async () => {
      isAsked = true;
      return delivered;
    };
    expect(await lanes.run('a', ask)).toMatchObject({ kind: 'deferred', retryAfterMs: limits.openMs });
    expect([isAsked, lanes.open]).toEqual([false, 1]);
    await clock.advance(limits.openMs);
    expect(await lanes.run('a', ask)).toEqual(delivered);
    expect([isAsked, lanes.open]).toEqual([true, 0]);
  });

  it('asks a target again after a try that was not made for want of something else', async () => {
    const clock = new ManualClock();
    const lanes = new TargetLanes(limits, clock);
    for (let failure = 0; failure < limits.failuresMax; failure++) await lanes.run('a', async () => deferred);
    await clock.advance(limits.openMs);
    const behind = () => Promise.reject(new Error('the registry is behind'));
    await expect(lanes.run('a', behind)).rejects.toThrow('behind');
    expect(await lanes.run('a', async () => delivered)).toEqual(delivered);
    expect(lanes.open).toBe(0);
  });

  it('makes no try too many when one comes as another ends', async () => {
    const lanes = new TargetLanes({ ...limits, triesMax: 1 }, new ManualClock());
    let running = 0;
    let most = 0;
    const make = async () => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      return delivered;
    };
    const first = heldTry();
    const results: Promise<unknown>[] = [lanes.run('a', first.make), lanes.run('a', make)];
    first.end();
    // As many steps as it takes for one to fall between the end of the first and the beginning of the next.
    for (let step = 0; step < 10; step++) {
      results.push(lanes.run('a', make));
      await Promise.resolve();
    }
    await Promise.all(results);
    expect(most).toBe(1);
  });
});
