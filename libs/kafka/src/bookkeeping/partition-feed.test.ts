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
  bytes: 100,
  key: null,
  value: Buffer.from('x'),
  headers: {},
});

/** Records from an offset on. */
const records = (first: number, count: number, bytes = 100) =>
  Array.from({ length: count }, (_, index) => ({ ...aRecord(first + index), bytes }));

const handled = Symbol('handled');
const bug = new TypeError('x is not a function');
const passing = new PlatformError('BROKER_UNAVAILABLE');
const refused = new PlatformError('CONTRACT_VIOLATED');

/** A feed that stands at offset 17, and what came of it. */
function aFeed(outcomes: Readonly<Record<number, readonly unknown[]>>, more: Partial<FeedOwner> = {}) {
  const calls: number[] = [];
  const membership = { mayBegin: true, mayWrite: true };
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
    observer: {
      rejected: (topic) => counted.push(`rejected ${topic}`),
      handledAgain: (topic) => counted.push(`again ${topic}`),
      writtenAgain: (topic) => counted.push(`written ${topic}`),
    },
    membership,
    mayHandOut: () => true,
    async reject({ offset }) {
      rejects.push(Number(offset));
    },
    changed: ({ inFlight }) => {
      if (inFlight === 0) onIdle?.();
    },
    triesMax: 3,
    giveUp: (error) => givenUp.push(error),
    commit: async () => undefined,
    checkFormat: () => undefined,
    ...more,
  };
  const feed = new PartitionFeed('a', 3, { offset: 17n, metadata: null }, { bytesMax: 1_000_000, recordsMax: 100 }, owner);
  const idle = new Promise<void>((resolve) => (onIdle = resolve));
  return { feed, calls, rejects, givenUp, counted, membership, idle };
}

/**
 * A feed whose handler acts on the world once for each record, then writes what follows. Each write
 * takes the next outcome of its record from a list; after the list it passes.
 */
function aFeedThatActs(writes: Readonly<Record<number, readonly unknown[]>>, more: Partial<FeedOwner> = {}) {
  const acted: number[] = [];
  const written: number[] = [];
  const tries: number[] = [];
  const errors: unknown[] = [];
  const made = aFeed(
    {},
    {
      async handler({ offset }, _lost, inHand) {
        try {
          await inHand.readyToAct();
          acted.push(Number(offset));
          await inHand.writeUntilDone(async () => {
            const earlier = tries.filter((one) => one === Number(offset)).length;
            tries.push(Number(offset));
            const outcome = (await writes[Number(offset)]?.[earlier]) ?? handled;
            if (outcome !== handled) throw outcome;
            written.push(Number(offset));
          });
        } catch (error) {
          errors.push(error);
          throw error;
        }
      },
      ...more,
    },
  );
  return { ...made, acted, written, tries, errors };
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

describe('a feed that is full', () => {
  it.each([
    ['records', 100, 100, 50],
    ['bytes', 100_000, 10, 1],
  ])('fetches on until some wait in its backlog, by their %s', (_what, bytes, inFlight, ahead) => {
    const { feed } = aFeed({}, { handler: async () => new Promise(() => undefined) });
    feed.take(records(17, inFlight + ahead, bytes));
    expect([feed.inFlight, feed.wantsPause]).toEqual([inFlight, false]);
    feed.take(records(17 + inFlight + ahead, 1, bytes));
    expect([feed.inFlight, feed.wantsPause]).toEqual([inFlight, true]);
  });

  it('hands out its backlog at half of its limit, and fetches again', async () => {
    const ends: (() => void)[] = [];
    const { feed } = aFeed({}, { handler: async () => new Promise<void>((resolve) => ends.push(resolve)) });
    feed.take(records(17, 160));
    for (const end of ends.splice(0, 50)) end();
    await new Promise(setImmediate);
    expect([feed.inFlight, feed.wantsPause]).toEqual([100, false]);
  });
});

describe('a feed of an owner that bounds the records of a turn', () => {
  it('hands out the others in later turns, and fetches no more meanwhile', () => {
    let left = 3;
    let goOn: (() => void) | undefined;
    const mayHandOut = (again: () => void) => {
      if (left === 0) goOn = again;
      else left -= 1;
      return goOn === undefined;
    };
    const { feed } = aFeed({}, { mayHandOut, handler: async () => new Promise(() => undefined) });
    feed.take(records(17, 60));
    expect([feed.inFlight, feed.wantsPause]).toEqual([3, true]);
    const again = goOn;
    goOn = undefined;
    left = 7;
    again?.();
    expect([feed.inFlight, feed.wantsPause]).toEqual([10, false]);
  });
});

describe('a record of a newer release', () => {
  const tooNew = new PlatformError('RECORD_TOO_NEW');
  const checkFormat = ({ offset }: IncomingRecord) => {
    if (offset === 18n) throw tooNew;
  };

  it('stays in the way of its partition: nothing behind it is handed out or fetched', async () => {
    const { feed, calls, rejects, givenUp, idle } = aFeed({ 17: [handled], 19: [handled] }, { checkFormat });
    feed.take([aRecord(17), aRecord(18), aRecord(19)]);
    await idle;
    feed.take([aRecord(20)]);
    expect([calls, rejects, givenUp, feed.wantsPause, feed.keptAt]).toEqual([[17], [], [], true, 18n]);
    expect([feed.uncommitted()?.offset, feed.inFlight]).toEqual([18n, 0]);
  });

  it('does not hold up the end of the consumer', async () => {
    const { feed, idle } = aFeed({ 17: [handled] }, { checkFormat });
    feed.take([aRecord(17), aRecord(18)]);
    await idle;
    feed.stop();
    expect([feed.inFlight, feed.committable().offset]).toEqual([0, 18n]);
  });
});

describe('a record whose write fails', () => {
  it('is written again until it is written, and handled once', async () => {
    const { feed, acted, written, counted, idle } = aFeedThatActs({ 17: [passing, bug, passing] }, { triesMax: 2 });
    feed.take([aRecord(17)]);
    await idle;
    expect([acted, written, feed.uncommitted()?.offset]).toEqual([[17], [17], 18n]);
    expect(counted).toEqual(['written a', 'written a', 'written a']);
  });

  it('lets no other record begin meanwhile, not even one that was handed out before', async () => {
    const { feed, acted, calls, written, idle } = aFeedThatActs(
      { 17: [passing] },
      {
        async handler({ offset }, _lost, inHand) {
          calls.push(Number(offset));
          // The second record waits for a turn until the write of the first has failed.
          if (offset === 18n) await expect.poll(() => feed.hasUnwritten).toBe(true);
          await inHand.readyToAct();
          acted.push(Number(offset));
          await inHand.writeUntilDone(async () => {
            if (offset === 17n && !feed.hasUnwritten) throw passing;
            written.push(Number(offset));
          });
        },
      },
    );
    feed.take([aRecord(17), aRecord(18)]);
    await idle;
    expect([calls, acted, written]).toEqual([
      [17, 18],
      [17, 18],
      [17, 18],
    ]);
  });

  it('is repeated while only the limit of its topic refuses it', async () => {
    const limited = new PlatformError('RECORD_TOO_LARGE', { details: { limitedBy: 'topic' } });
    const { feed, acted, written, tries, idle } = aFeedThatActs({ 17: [limited, limited, handled] });
    feed.take([aRecord(17)]);
    await idle;
    expect([acted, tries, written]).toEqual([[17], [17, 17, 17], [17]]);
  });

  it('is refused by the limit of its topic if its record may go to the rejects', async () => {
    const limited = new PlatformError('RECORD_TOO_LARGE', { details: { limitedBy: 'topic' } });
    const { feed, idle, rejects } = aFeed(
      {},
      {
        async handler(_record, _lost, inHand) {
          await inHand.writeUntilDone(() => Promise.reject(limited), { mayBeRefused: true });
        },
      },
    );
    feed.take([aRecord(17)]);
    await idle;
    expect(rejects).toEqual([17]);
  });

  it('is still written after a stop', async () => {
    let fail = (_error: unknown): void => undefined;
    const failing = new Promise((_resolve, reject) => (fail = reject));
    const { feed, acted, written, tries, idle } = aFeedThatActs({ 17: [failing, passing] });
    feed.take([aRecord(17)]);
    await expect.poll(() => tries).toEqual([17]);
    feed.stop();
    fail(passing);
    await idle;
    expect([acted, written, feed.uncommitted()?.offset]).toEqual([[17], [17], 18n]);
  });

  it('is not written any more once the partition is lost', async () => {
    let fail = (_error: unknown): void => undefined;
    const failing = new Promise((_resolve, reject) => (fail = reject));
    const { feed, tries, written, errors, idle } = aFeedThatActs({ 17: [failing] });
    feed.take([aRecord(17)]);
    await expect.poll(() => tries).toEqual([17]);
    feed.lose();
    fail(passing);
    await idle;
    expect([tries, written, feed.uncommitted()]).toEqual([[17], [], undefined]);
    expect(errors).toMatchObject([{ code: 'PARTITION_LOST' }]);
  });

  it('is given up after the allowed number of unexpected errors, and not handled again', async () => {
    const { feed, acted, givenUp, idle } = aFeedThatActs({ 17: [bug, bug] }, { triesMax: 2 });
    feed.take([aRecord(17)]);
    await idle;
    expect([acted, givenUp.map(({ code }) => code), feed.uncommitted()]).toEqual([[17], ['RECORD_UNHANDLED'], undefined]);
  });

  it('goes to the rejects if no later write can pass', async () => {
    const { feed, acted, rejects, idle } = aFeedThatActs({ 17: [refused] });
    feed.take([aRecord(17)]);
    await idle;
    expect([acted, rejects, feed.uncommitted()?.offset]).toEqual([[17], [17], 18n]);
  });
});

describe('a feed whose consumer may not act', () => {
  it('hands out nothing until it may act again', async () => {
    const { feed, calls, membership, idle } = aFeed({ 17: [handled] });
    membership.mayBegin = false;
    feed.take([aRecord(17)]);
    expect([calls, feed.wantsPause]).toEqual([[], true]);
    membership.mayBegin = true;
    feed.proceed();
    await idle;
    expect(calls).toEqual([17]);
  });

  it.each([
    ['begins what it had handed out when it may act again', 'back', [17], [17]],
    ['begins nothing when the partition turns out to be lost', 'lost', [], []],
  ] as const)('%s', async (_title, end, begun, finished) => {
    let haveTurn = (): void => undefined;
    const turn = new Promise<void>((resolve) => (haveTurn = resolve));
    const acted: number[] = [];
    const { feed, calls, membership, idle } = aFeed(
      {},
      {
        async handler({ offset }, _lost, inHand) {
          calls.push(Number(offset));
          await turn;
          await inHand.readyToAct();
          acted.push(Number(offset));
        },
      },
    );
    feed.take([aRecord(17)]);
    membership.mayBegin = false;
    haveTurn();
    await new Promise(setImmediate);
    expect([calls, acted]).toEqual([[17], []]);
    membership.mayBegin = true;
    if (end === 'back') feed.proceed();
    else feed.lose();
    await idle;
    expect([acted, feed.uncommitted()?.offset]).toEqual([begun, finished.length === 0 ? undefined : 18n]);
  });

  it('writes no outcome until it may act again', async () => {
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const written: number[] = [];
    const { feed, membership, idle } = aFeed(
      {},
      {
        async handler({ offset }, _lost, inHand) {
          await ended;
          await inHand.writeUntilDone(async () => void written.push(Number(offset)));
        },
      },
    );
    feed.take([aRecord(17)]);
    membership.mayWrite = false;
    end();
    await new Promise(setImmediate);
    expect(written).toEqual([]);
    membership.mayWrite = true;
    feed.proceed();
    await idle;
    expect(written).toEqual([17]);
  });
});

describe('a feed of a partition with offsets that no reader gets', () => {
  const offset = ({ feed }: ReturnType<typeof aFeed>) => feed.uncommitted()?.offset;

  it('commits behind them once all records before are finished', async () => {
    const held = Promise.withResolvers<typeof handled>();
    const made = aFeed({ 17: [held.promise], 19: [handled] });
    made.feed.take([aRecord(17), aRecord(19)], 22n, 21n);
    await new Promise(setImmediate);
    expect([offset(made), made.feed.position]).toEqual([17n, 21n]);
    held.resolve(handled);
    await made.idle;
    expect([offset(made), made.feed.lowWaterMark]).toEqual([21n, 21n]);
    made.feed.take([], 24n, 24n);
    expect(offset(made)).toBe(24n);
  });

  it('commits behind them also if the records before reach its limit', async () => {
    const offsets = Array.from({ length: 100 }, (_, index) => 17 + index);
    const made = aFeed(Object.fromEntries(offsets.map((one) => [one, [handled]])));
    made.feed.take(offsets.map(aRecord), 118n, 118n);
    await made.idle;
    expect(offset(made)).toBe(118n);
  });

  it('passes none of them while it holds records back, nor after it has dropped these', () => {
    const made = aFeed({});
    made.membership.mayBegin = false;
    made.feed.take([aRecord(17)], 19n, 19n);
    expect(made.feed.position).toBe(17n);
    made.feed.dropBacklog();
    made.membership.mayBegin = true;
    made.feed.proceed();
    expect(made.feed.position).toBe(17n);
  });
});
