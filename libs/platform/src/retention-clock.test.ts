import { describe, expect, it } from 'vitest';
import { ManualClock } from '#testing';
import { RetentionClock } from './retention-clock.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;

function setUp() {
  const clock = new ManualClock(0);
  const retention = new RetentionClock(clock);
  /** Both times, in days since the start. */
  const days = () => [retention.now() / dayMs, retention.latest() / dayMs];
  return { clock, days };
}

describe('RetentionClock', () => {
  it('goes on with the clock, also while the machine sleeps', async () => {
    const { clock, days } = setUp();
    await clock.advance(dayMs);
    clock.sleep(30 * dayMs);
    expect(days()).toEqual([31, 31]);
  });

  it('does not follow a step forward that somebody takes back within a day', async () => {
    const { clock, days } = setUp();
    clock.step(30 * dayMs);
    expect(days()).toEqual([0, 30]);
    await clock.advance(dayMs - hourMs);
    expect(days()[0]).toBeCloseTo(1 - 1 / 24);
    clock.step(-30 * dayMs);
    await clock.advance(hourMs);
    expect(days()).toEqual([1, 1]);
    clock.step(30 * dayMs);
    await clock.advance(hourMs);
    expect(days()[0], 'a second step begins its own day').toBeCloseTo(1 + 1 / 24);
  });

  it('follows a step forward that lasts for a day', async () => {
    const { clock, days } = setUp();
    clock.step(30 * dayMs);
    expect(days()[0]).toBe(0);
    await clock.advance(dayMs);
    expect(days()).toEqual([31, 31]);
  });

  it('follows a step back at once, and takes the return for no step', () => {
    const { clock, days } = setUp();
    clock.step(-30 * dayMs);
    expect(days()).toEqual([-30, 0]);
    clock.step(30 * dayMs);
    expect(days()).toEqual([0, 0]);
  });
});
