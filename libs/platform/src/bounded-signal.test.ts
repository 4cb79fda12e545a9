import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '#testing';
import { BoundedSignal } from './bounded-signal.ts';

function setUp(outer = new AbortController()) {
  const clock = new ManualClock();
  return { outer, clock, bounded: new BoundedSignal(outer.signal, 100, clock) };
}

describe('BoundedSignal', () => {
  it('aborts when the time is over, not earlier', async () => {
    const { clock, bounded } = setUp();
    await clock.advance(99);
    expect([bounded.signal.aborted, bounded.isTimedOut]).toEqual([false, false]);
    await clock.advance(1);
    expect([bounded.signal.aborted, bounded.isTimedOut]).toEqual([true, true]);
    expect(bounded.signal.reason).toMatchObject({ name: 'TimeoutError' });
  });

  it('needs no other signal', async () => {
    const clock = new ManualClock();
    const bounded = new BoundedSignal(undefined, 100, clock);
    await clock.advance(100);
    expect(bounded.isTimedOut).toBe(true);
  });

  it('does not count the time in which the process stood still', async () => {
    const { clock, bounded } = setUp();
    await clock.advance(60);
    clock.freeze(30_000);
    await clock.advance(39);
    expect(bounded.isTimedOut).toBe(false);
    await clock.advance(1);
    expect(bounded.isTimedOut).toBe(true);
  });

  it('aborts with the other signal, for its reason, and is not timed out later', async () => {
    const { outer, clock, bounded } = setUp();
    const reason = new Error('cancelled');
    outer.abort(reason);
    await clock.advance(100);
    expect([bounded.signal.reason, bounded.isTimedOut]).toEqual([reason, false]);
  });

  it('has aborted if the other signal had', () => {
    const outer = new AbortController();
    outer.abort();
    expect(setUp(outer).bounded.signal.aborted).toBe(true);
  });

  it('leaves no timer and no listener once it is disposed of', async () => {
    const { outer, clock, bounded } = setUp();
    bounded[Symbol.dispose]();
    expect([clock.pending, getEventListeners(outer.signal, 'abort').length]).toEqual([0, 0]);
    outer.abort();
    await clock.advance(100);
    expect(bounded.signal.aborted).toBe(false);
  });
});
