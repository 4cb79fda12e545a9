import { describe, expect, it } from 'vitest';
import { CatchUp } from './catch-up.ts';

/** A topic with one partition that grows, and a reader of it. */
class Reading {
  end = 0n;
  finishedTo = 0n;
  rounds = 0;
  readonly catchUp = new CatchUp({
    topics: ['t'],
    ends: async () => {
      this.rounds += 1;
      return [{ partition: 0, start: 0n, end: this.end }];
    },
    progress: () => [{ topic: 't', partition: 0, finishedTo: this.finishedTo }],
  });
}

/** A listener that counts the looks for partitions. */
function aListener(act: () => unknown) {
  return {
    calls: 0,
    behind: () => undefined,
    unread() {
      this.calls += 1;
      act();
    },
  };
}

describe('CatchUp', () => {
  it('waits for the records that were written before the call, and for no later one', async () => {
    const reading = new Reading();
    reading.end = 2n;
    let isOver = false;
    const caughtUp = reading.catchUp.wait(10_000).finally(() => {
      isOver = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    reading.end = 9n;
    reading.finishedTo = 1n;
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    reading.finishedTo = 2n;
    expect(await caughtUp).toBe(true);
  });

  describe('of partitions that another process reads', () => {
    const finishedBy = (finishedTo: () => bigint, start = 0n) => {
      const looks: number[] = [];
      const catchUp = new CatchUp({
        topics: ['t'],
        ends: async () => [
          { partition: 0, start: 0n, end: 1n },
          { partition: 1, start, end: 3n },
        ],
        progress: () => [{ topic: 't', partition: 0, finishedTo: 1n, isPaused: false }],
        progressElsewhere: async () => {
          looks.push(looks.length);
          return [{ topic: 't', partition: 1, finishedTo: finishedTo() }];
        },
      });
      return { catchUp, looks };
    };

    it('waits for what the other has finished', async () => {
      let finishedTo = 0n;
      const { catchUp, looks } = finishedBy(() => (finishedTo += 1n));
      expect([await catchUp.wait(1_000), finishedTo, looks.length]).toEqual([true, 3n, 3]);
    });

    it('gives up at its timeout, also if nobody says how far the other is', async () => {
      expect(await finishedBy(() => 2n).catchUp.wait(30)).toBe(false);
      const ends = async () => [{ partition: 0, start: 0n, end: 1n }];
      const progressElsewhere = async () => Promise.reject(new Error('the store is away'));
      expect(await new CatchUp({ topics: ['t'], ends, progress: () => [], progressElsewhere }).wait(30)).toBe(false);
    });

    it('looks for a partition that nobody is known to read, and for no other', async () => {
      const [end, read] = [{ start: 0n, end: 1n }, new Set([0])];
      const progressElsewhere = async () => [...read].map((partition) => ({ topic: 't', partition, finishedTo: 1n }));
      const ends = async () => [
        { partition: 0, ...end },
        { partition: 1, ...end },
      ];
      const catchUp = new CatchUp({ topics: ['t'], ends, progress: () => [], progressElsewhere });
      const unread = aListener(() => read.add(1));
      expect([await catchUp.wait(1_000, unread), unread.calls]).toEqual([true, 1]);
      expect([await catchUp.wait(1_000, unread), unread.calls]).toEqual([true, 1]);
    });

    it('does not wait for a partition of which nothing is kept', async () => {
      const { catchUp, looks } = finishedBy(() => 0n, 3n);
      expect([await catchUp.wait(1_000), looks]).toEqual([true, []]);
    });
  });

  it('gives up at its timeout', async () => {
    const reading = new Reading();
    reading.end = 1n;
    expect(await reading.catchUp.wait(20)).toBe(false);
  });

  it('gives up at once if the brokers do not answer', async () => {
    const ends = async () => Promise.reject(new Error('no answer'));
    expect(await new CatchUp({ topics: ['t'], ends, progress: () => [] }).wait(10_000)).toBe(false);
  });

  it('asks the brokers once for callers that wait together, and again for a later one', async () => {
    const reading = new Reading();
    await Promise.all([1, 2, 3].map(async () => reading.catchUp.wait(1_000)));
    expect(reading.rounds).toBe(1);
    await reading.catchUp.wait(1_000);
    expect(reading.rounds).toBe(2);
  });
});
