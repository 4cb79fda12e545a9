import { describe, expect, it } from 'vitest';
import { ExpressRate } from './express-rate.ts';

const taken = (rate: ExpressRate, key: string, times: number, now: number) =>
  Array.from({ length: times }, () => rate.take(key, now)).filter(Boolean).length;

describe('ExpressRate', () => {
  it('lets a second of saved tokens through at once', () => {
    const rate = new ExpressRate(10);
    expect([taken(rate, 'a', 20, 0), taken(rate, 'a', 20, 60_000)]).toEqual([10, 10]);
  });

  it('lets a function at the rate through', () => {
    const rate = new ExpressRate(10);
    const seconds = Array.from({ length: 100 }, (_, tenth) => taken(rate, 'a', 1, tenth * 100));
    expect(seconds).toEqual(Array(100).fill(1));
  });

  it('lets nothing of a function through while it stays above the rate', () => {
    const rate = new ExpressRate(10);
    taken(rate, 'a', 20, 0);
    const later = Array.from({ length: 100 }, (_, tenth) => taken(rate, 'a', 2, 100 + tenth * 100));
    expect(later).toEqual(Array(100).fill(0));
  });

  it('lets a function through again once it owes no tokens, a second of them at most', () => {
    const rate = new ExpressRate(10);
    taken(rate, 'a', 10_000, 0);
    // At half the rate, it pays one token every 200 ms.
    const later = Array.from({ length: 60 }, (_, fifth) => taken(rate, 'a', 1, 200 + fifth * 200));
    expect(later.indexOf(1)).toBe(9);
    expect(later.slice(9)).toEqual(Array(51).fill(1));
  });

  it('gives one of several processes its share, and never less than a token at once', () => {
    const rate = new ExpressRate(30);
    rate.shareAmong(3);
    const small = new ExpressRate(1);
    small.shareAmong(3);
    expect([taken(rate, 'a', 99, 0), taken(rate, 'a', 99, 60_000)]).toEqual([10, 10]);
    expect([taken(small, 'a', 1, 0), taken(small, 'a', 1, 1_500), taken(small, 'a', 1, 6_000)]).toEqual([1, 0, 1]);
  });

  it('goes on at its rate where the clock steps back', () => {
    const rate = new ExpressRate(10);
    expect([taken(rate, 'a', 5, 60_000), taken(rate, 'a', 5, 0), taken(rate, 'a', 20, 1_000)]).toEqual([5, 5, 10]);
  });

  it('counts each function for itself', () => {
    const rate = new ExpressRate(1);
    expect([taken(rate, 'a', 2, 0), taken(rate, 'b', 2, 0)]).toEqual([1, 1]);
  });

  it('forgets only the bucket used least recently when it holds one more than its bound', () => {
    const rate = new ExpressRate(1, 3);
    for (const key of ['a', 'b', 'c', 'a', 'd']) taken(rate, key, 1, 0);
    expect(['a', 'c', 'd', 'b'].filter((key) => taken(rate, key, 1, 0) === 1)).toEqual(['b']);
  });
});
