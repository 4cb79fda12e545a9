import { describe, expect, it } from 'vitest';
import { CircuitBreaker } from './circuit-breaker.ts';

describe('CircuitBreaker', () => {
  const failed = (times: number) => {
    const breaker = new CircuitBreaker({ failuresMax: 3, openMs: 100 });
    for (let index = 0; index < times; index++) breaker.tried(false, 1_000);
    return breaker;
  };

  it('opens at the third failure in a row, not at the second', () => {
    expect([failed(2).waitMs(1_000), failed(3).waitMs(1_000)]).toEqual([0, 100]);
  });

  it('lets a single try through when its time is over', () => {
    const breaker = failed(3);
    expect([breaker.waitMs(1_099), breaker.waitMs(1_100), breaker.waitMs(1_100)]).toEqual([1, 0, 100]);
  });

  it('closes when that try goes well and opens again when it does not', () => {
    const well = failed(3);
    well.waitMs(1_100);
    well.tried(true, 1_100);
    expect([well.waitMs(1_100), well.isOpen]).toEqual([0, false]);
    const unwell = failed(3);
    unwell.waitMs(1_100);
    unwell.tried(false, 1_100);
    expect(unwell.waitMs(1_150)).toBe(50);
  });

  it('forgets failures at a success', () => {
    const breaker = failed(2);
    breaker.tried(true, 1_000);
    breaker.tried(false, 1_000);
    expect(breaker.isOpen).toBe(false);
  });
});
