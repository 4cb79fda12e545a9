import { describe, expect, it } from 'vitest';
import { ManualClock } from '#testing';
import { RepeatedWork } from './repeated-work.ts';

function setUp() {
  const clock = new ManualClock();
  const ends: (() => void)[] = [];
  const work = new RepeatedWork(clock, 100, async () => new Promise<void>((resolve) => ends.push(resolve)));
  return { clock, ends, work };
}

describe('RepeatedWork', () => {
  it('begins after a pause, and again a pause after its end', async () => {
    const { clock, ends, work } = setUp();
    work.start(10);
    await clock.advance(10);
    await clock.advance(1_000);
    expect(ends.length).toBe(1);
    ends[0]?.();
    await clock.advance(0);
    await clock.advance(99);
    expect(ends.length).toBe(1);
    await clock.advance(1);
    expect(ends.length).toBe(2);
  });

  it('begins at once if it should, and again a pause after its end', async () => {
    const { clock, ends, work } = setUp();
    const first = work.startNow();
    expect(ends.length).toBe(1);
    ends[0]?.();
    await first;
    await clock.advance(100);
    expect(ends.length).toBe(2);
    work.close();
  });

  it('does not begin again once it is closed, also in the middle of the work', async () => {
    const { clock, ends, work } = setUp();
    work.start();
    await clock.advance(100);
    work.close();
    ends[0]?.();
    await clock.advance(1_000);
    work.start();
    expect([ends.length, work.isClosed, clock.pending]).toEqual([1, true, 0]);
  });
});
