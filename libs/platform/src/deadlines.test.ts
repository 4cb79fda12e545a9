import { describe, expect, it } from 'vitest';
import { ManualClock } from '#testing';
import { Deadlines } from './deadlines.ts';

function setUp() {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const reached: string[] = [];
  const add = (name: string, elapsedMs: number) => deadlines.add(elapsedMs, () => reached.push(name));
  return { clock, reached, add };
}

describe('Deadlines', () => {
  it.each([1, 3_999, 4_000, 4_001, 5_999, 6_000, 6_001, 3_600_000])(
    'calls back at a deadline in %i ms, not earlier',
    async (ms) => {
      const { clock, reached, add } = setUp();
      add('a', ms);
      await clock.advance(ms - 1);
      expect(reached).toEqual([]);
      await clock.advance(1);
      expect(reached).toEqual(['a']);
      expect(clock.pending).toBe(0);
    },
  );

  it('does not call back at a deadline that was cancelled, far or near', async () => {
    const { clock, reached, add } = setUp();
    add('far', 10_000).cancel();
    const near = add('near', 10_000);
    add('kept', 10_000);
    await clock.advance(9_000);
    near.cancel();
    await clock.advance(2_000);
    expect(reached).toEqual(['kept']);
  });

  it('sets one timer for all that are far away', () => {
    const { clock, add } = setUp();
    for (let n = 0; n < 100; n++) add(`a${n}`, 60_000 + n);
    expect(clock.pending).toBe(1);
  });

  it('reaches a deadline that passed while the machine slept', async () => {
    const { clock, reached, add } = setUp();
    add('a', 60_000);
    clock.sleep(90_000);
    await clock.advance(2_001);
    expect(reached).toEqual(['a']);
  });
});
