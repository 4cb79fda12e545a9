/**
 * Goal: what a feed does with a record whose handler fails, and what it then commits. Method: a
 * feed whose owner is the test; each call of the handler takes the next outcome of its record from
 * a list. The waits between tries are real, 0.1 to 0.4 s.
 */
import { describe, expect, it } from 'vitest';
import { epochMs, type IncomingRecord, PlatformError } from '#contracts';
import { type FeedOwner, PartitionFeed } from './partition-feed.ts';

const aRecord = (offset: number): IncomingRecord => ({
  topic: 'a',
  partition: 3,
  offset: BigInt(offset),
  timestamp: epochMs(0),
  key: null,
  value: Buffer.from('x'),
  headers: {},
});

const handled = Symbol('handled');
const bug = new TypeError('x is not a function');
const passing = new PlatformError('BROKER_UNAVAILABLE');
const refused = new PlatformError('CONTRACT_VIOLATED');

/** A feed that stands at offset 17, and what came of it. */
function aFeed(outcomes: Readonly<Record<number, readonly unknown[]>>, more: Partial<FeedOwner> = {}) {
  const calls: number[] = [];
  const rejects: number[] = [];
  const givenUp: PlatformError[] = [];
  const counted: string[] = [];
  let onIdle: (() => void) | undefined;
  const owner: FeedOwner = {
    async handler({ offset }) {
      const earlier = calls.filter((one) => one === Number(offset)).length;
      calls.push(Number(offset));
      const outcome = (await outcomes[Number(offset)]?.[earlier]) ?? new Error(`no outcome left for ${offset}`);
      if (outcome !== handled) throw outcome;
    },
    log: () => undefined,
    observer: { rejected: (topic) => counted.push(`rejected ${topic}`), handledAgain: (topic) => counted.push(`again ${topic}`) },
    async reject({ offset }) {
      rejects.push(Number(offset));
    },
    changed: ({ inFlight }) => {
      if (inFlight === 0) onIdle?.();
    },
    triesMax: 3,
    giveUp: (error) => givenUp.push(error),
    commit: async () => undefined,
    ...more,
  };
  const feed = new PartitionFeed('a', 3, { offset: 17n, metadata: null }, { bytesMax: 1_000_000, recordsMax: 100 }, owner);
  const idle = new Promise<void>((resolve) => (onIdle = resolve));
  return { feed, calls, rejects, givenUp, counted, idle };
}

describe('PartitionFeed', () => {
  it('commits past a record once its handler resolves', async () => {
    const { feed, idle } = aFeed({ 17: [handled] });
    feed.take([aRecord(17)]);
    await idle;
    expect(feed.uncommitted()).toEqual({ offset: 18n, metadata: '' });
  });

  it('commits past a record once it lies in the rejects', async () => {
    const { feed, rejects, idle } = aFeed({ 17: [refused] });
    feed.take([aRecord(17)]);
    await idle;
    expect([rejects, feed.uncommitted()]).toEqual([[17], { offset: 18n, metadata: '' }]);
  });

  it('gives up a record after the allowed number of unexpected errors, and says which one', async () => {
    const { feed, calls, givenUp, idle } = aFeed({ 17: [bug, bug, bug, handled] });
    feed.take([aRecord(17)]);
    await idle;
    expect(calls).toEqual([17, 17, 17]);
    expect(givenUp).toMatchObject([
      {
        code: 'RECORD_UNHANDLED',
        message:
          'RECORD_UNHANDLED: the handler failed 3 times on the record of a, partition 3, offset 17: TypeError: x is not a function',
        details: { topic: 'a', partition: 3, offset: '17', tries: 3 },
        cause: bug,
      },
    ]);
  });

  it('does not commit past a record that it gave up, and hands out nothing after it', async () => {
    const { feed, calls, idle } = aFeed({ 17: [bug, bug, bug], 18: [handled] });
    feed.take([aRecord(17), aRecord(18)]);
    await idle;
    feed.take([aRecord(19)]);
    expect([calls, feed.wantsPause]).toEqual([[17, 18, 17, 17], true]);
    // Offset 17, and beyond it one unfinished record and one finished one.
    expect(feed.uncommitted()).toEqual({ offset: 17n, metadata: 'f1:1.1' });
  });

  it('reports each record written to the rejects, and each call of a handler after a failure', async () => {
    const { feed, counted, idle } = aFeed({ 17: [passing, bug, refused] });
    feed.take([aRecord(17)]);
    await idle;
    expect(counted).toEqual(['again a', 'again a', 'rejected a']);
  });

  it('goes on after retryable errors, however many', async () => {
    const { feed, givenUp, idle } = aFeed({ 17: [passing, passing, passing, handled] }, { triesMax: 2 });
    feed.take([aRecord(17)]);
    await idle;
    expect([givenUp, feed.uncommitted()?.offset]).toEqual([[], 18n]);
  });

  it('does not count retryable errors as unexpected ones', async () => {
    const { feed, givenUp, idle } = aFeed({ 17: [bug, passing, passing, handled] }, { triesMax: 2 });
    feed.take([aRecord(17)]);
    await idle;
    expect([givenUp, feed.uncommitted()?.offset]).toEqual([[], 18n]);
  });

  it('gives up a record when the write to the rejects fails unexpectedly as often', async () => {
    const { feed, givenUp, idle } = aFeed({ 17: [refused] }, { triesMax: 2, reject: () => Promise.reject(bug) });
    feed.take([aRecord(17)]);
    await idle;
    expect([givenUp.map(({ code }) => code), feed.uncommitted()]).toEqual([['RECORD_UNHANDLED'], undefined]);
  });

  it('gives up nothing once it is stopped: the next owner of the partition handles the record', async () => {
    let fail = (_error: unknown): void => undefined;
    const failing = new Promise((_resolve, reject) => (fail = reject));
    const { feed, givenUp, idle } = aFeed({ 17: [failing] }, { triesMax: 1 });
    feed.take([aRecord(17)]);
    feed.stop();
    fail(bug);
    await idle;
    expect([givenUp, feed.uncommitted()]).toEqual([[], undefined]);
  });
});
