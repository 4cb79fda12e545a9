import { describe, expect, it } from 'vitest';
import { CircuitBreaker } from './circuit-breaker.ts';

describe('CircuitBreaker', () => {
  const failed = (times: number) => {
    const breaker = new CircuitBreaker({ failuresMax: 3, openMs: 100 });
    for (let index = 0; index < times; index++) {
      breaker.begin();
      breaker.end(false, 1_000);
    }
    return breaker;
  };

  it('opens after the third failure in a row, not after the second', () => {
    expect([failed(2).waitMs(1_000), failed(3).waitMs(1_000)]).toEqual([0, 100]);
  });

  it('allows a probe when its open time is over, and not one millisecond before', () => {
    const breaker = failed(3);
    expect([breaker.waitMs(1_099), breaker.waitMs(1_100)]).toEqual([1, 0]);
  });

  it('gives the same answer however often it is asked', () => {
    const breaker = failed(3);
    expect([breaker.waitMs(1_100), breaker.waitMs(1_100), breaker.waitMs(1_100)]).toEqual([0, 0, 0]);
  });

  it('allows one probe at a time while half open', () => {
    const breaker = failed(3);
    breaker.begin();
    expect(breaker.waitMs(1_100)).toBe(100);
  });

  it('closes after a probe that succeeded', () => {
    const breaker = failed(3);
    breaker.begin();
    breaker.end(true, 1_100);
    expect([breaker.waitMs(1_100), breaker.isOpen]).toEqual([0, false]);
  });

  it('opens again after a probe that failed', () => {
    const breaker = failed(3);
    breaker.begin();
    breaker.end(false, 1_100);
    expect([breaker.waitMs(1_150), breaker.isOpen]).toEqual([50, true]);
  });

  it('allows the next probe after one that was cancelled', () => {
    const breaker = failed(3);
    breaker.begin();
    breaker.cancel();
    expect([breaker.waitMs(1_100), breaker.isOpen]).toEqual([0, true]);
  });

  it('forgets earlier failures after a success', () => {
    const breaker = failed(2);
    breaker.end(true, 1_000);
    expect(breaker.hasFailures).toBe(false);
    breaker.end(false, 1_000);
    expect(breaker.isOpen).toBe(false);
  });
});
