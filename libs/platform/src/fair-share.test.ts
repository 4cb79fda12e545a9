/** Goal: greedy holders leave places for others, and a lone one gets three quarters. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairShare } from './fair-share.ts';

/** Takes places for a holder until it gets no more. */
function greed(share: FairShare, ...holders: readonly string[]): number {
  let count = 0;
  while (share.take(holders) !== undefined) count += 1;
  return count;
}

describe('shared places', () => {
  it('give a lone holder three quarters, and the next ones three quarters of what is left', () => {
    const share = new FairShare(100);
    expect([greed(share, 'a'), greed(share, 'b'), greed(share, 'c')]).toEqual([75, 19, 5]);
    expect([share.count, greed(share, 'd')]).toEqual([99, 1]);
  });

  it('hold for each kind of holder: one key with ten functions leaves places for another key', () => {
    const share = new FairShare(100);
    for (let index = 0; index < 10; index++) greed(share, 'key a', `function ${index}`);
    expect(share.count).toBe(75);
    expect(share.take(['key b', 'function of b'])).toBeDefined();
  });

  it('can all be taken if they are very few', () => {
    expect([1, 2, 3].map((places) => greed(new FairShare(places), 'a'))).toEqual([1, 2, 3]);
  });

  it('come back, each once', () => {
    const share = new FairShare(1);
    const giveBack = share.take(['a']);
    expect(share.take(['b'])).toBeUndefined();
    giveBack?.();
    giveBack?.();
    expect([share.count, share.take(['b']) === undefined, share.count]).toEqual([0, false, 1]);
  });

  it('are never more than there are, and a holder without any finds one while some are free', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.tuple(fc.nat(4), fc.nat(9)), { maxLength: 200 }),
        (max, taking) => {
          const share = new FairShare(max);
          for (const [key, fn] of taking) share.take([`key ${key}`, `function ${fn}`]);
          expect(share.count).toBeLessThanOrEqual(max);
          const hasFree = share.count < max;
          expect(share.take(['new']) !== undefined).toBe(hasFree);
        },
      ),
    );
  });
});
