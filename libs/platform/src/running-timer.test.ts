import { describe, expect, it } from 'vitest';
import { ManualClock } from '#testing';
import { runningTimer } from './running-timer.ts';

describe('runningTimer', () => {
  it('fires after the time in which the process ran, however often it stood still', async () => {
    const clock = new ManualClock();
    const fired: number[] = [];
    runningTimer(clock, 100, () => fired.push(clock.elapsedMs()));
    await clock.advance(60);
    clock.freeze(1_000);
    await clock.advance(20);
    clock.freeze(1_000);
    await clock.advance(19);
    expect(fired).toEqual([]);
    await clock.advance(1);
    expect(fired).toEqual([2_100]);
  });

  it('does not fire once it is cancelled, also after a standstill', async () => {
    const clock = new ManualClock();
    const timer = runningTimer(clock, 100, () => expect.unreachable());
    clock.freeze(1_000);
    await clock.advance(50);
    timer.cancel();
    await clock.advance(100);
    expect(clock.pending).toBe(0);
  });
});
