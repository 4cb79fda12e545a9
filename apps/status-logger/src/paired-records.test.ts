/**
 * Goal: the record of an attempt and its settlement are stored together under load, nothing is left
 * out, and nothing waits without need. Method: a recorder that notes what it is given, and a clock
 * of the test.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { encodeInvocation, encodeSettlement, epochMs, type IncomingRecord, type TopicName } from '#contracts';
import { anInvocation, asIncoming, aSettlement, builtAt, ManualClock } from '#testing';
import { busySettlements, pairedAgeMs, PairedRecords, passedBy, settledMax } from './paired-records.ts';

const lane = 'invocations.bulk';

const asked = (offset: number, requestId = `r${offset}`, partition = 0): IncomingRecord => ({
  ...asIncoming(encodeInvocation(lane, anInvocation({ requestId })), builtAt),
  offset: BigInt(offset),
  partition,
});
const settled = (offset: number, requestId = `r${offset}`, partition = 0): IncomingRecord => {
  const madeFrom = { topic: lane, partition, offset, at: builtAt } as const;
  return asIncoming(encodeSettlement('settlements', aSettlement({ invocation: anInvocation({ requestId }), madeFrom })));
};

describe('PairedRecords', () => {
  let clock: ManualClock;
  /** The topic and the request id of each record that the recorder was given. */
  let given: string[];
  /** Keys of records that are finished. */
  let finished: string[];
  let isDraining: boolean;
  let fault: Error | undefined;
  let transaction: Promise<void>;
  let records: PairedRecords;

  const take = (topic: TopicName, record: IncomingRecord) => {
    void records.record(topic, record).then(
      () => finished.push(`${topic} ${record.key}`),
      (error: Error) => finished.push(`${topic} ${record.key}: ${error.message}`),
    );
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  /** Makes partition 0 busy. Its record 1 was read, and records up to `to` are settled. */
  const makeBusy = async (to = busySettlements) => {
    take(lane, asked(1));
    for (let one = 0; one < busySettlements; one += 1) take('settlements', settled(Math.max(1, to - one)));
    await clock.advance(100);
    given.length = finished.length = 0;
  };

  beforeEach(() => {
    clock = new ManualClock(builtAt);
    given = [];
    finished = [];
    isDraining = false;
    fault = undefined;
    transaction = Promise.resolve();
    const recorder = {
      record: async (topic: TopicName, { key }: IncomingRecord) => {
        given.push(`${topic} ${key}`);
        const failure = fault;
        await transaction;
        if (failure !== undefined) throw failure;
      },
    };
    records = new PairedRecords(recorder, clock, () => isDraining);
    records.start();
  });

  it('hands the record of an attempt on at once while little happens', async () => {
    take(lane, asked(1));
    take('settlements', settled(1));
    await settle();
    expect(given).toEqual([`${lane} r1`, 'settlements r1']);
  });

  it('does not read the record of an attempt whose settlement was read', async () => {
    take(lane, asked(1));
    take('settlements', settled(2));
    take(lane, asked(2));
    await settle();
    expect(given).toEqual([`${lane} r1`, 'settlements r2']);
    expect(finished).toContain(`${lane} r2`);
  });

  it('finishes the record of an attempt with the transaction of its settlement, not before', async () => {
    take(lane, asked(1));
    let commit: () => void = () => undefined;
    transaction = new Promise((resolve) => (commit = resolve));
    take('settlements', settled(2));
    take(lane, asked(2));
    await settle();
    expect(finished).toEqual([`${lane} r1`]);
    commit();
    await settle();
    expect(finished).toEqual([`${lane} r1`, 'settlements r2', `${lane} r2`]);
  });

  it('reads the record of an attempt if its settlement cannot be stored', async () => {
    take(lane, asked(1));
    fault = new Error('no store');
    take('settlements', settled(2));
    fault = undefined;
    take(lane, asked(2));
    await settle();
    expect(given).toEqual([`${lane} r1`, 'settlements r2', `${lane} r2`]);
    expect(finished.toSorted()).toEqual([`${lane} r1`, `${lane} r2`, 'settlements r2: no store']);
  });

  it('reads a record at the same offset of a topic that was made again', async () => {
    take(lane, asked(1));
    take('settlements', settled(2));
    take(lane, asked(2, 'another'));
    await settle();
    expect(given).toContain(`${lane} another`);
  });

  it('reads the record of another partition at the same offset', async () => {
    take(lane, asked(1));
    take(lane, asked(1, 'other1', 1));
    take('settlements', settled(2));
    take(lane, asked(2, 'other2', 1));
    await settle();
    expect(given).toContain(`${lane} other2`);
  });

  it('remembers settlements of no partition that others read, and of its own as many as it may', async () => {
    take('settlements', settled(2));
    take(lane, asked(2));
    for (let offset = 3; offset <= settledMax + 3; offset += 1) take('settlements', settled(offset));
    take(lane, asked(settledMax + 2));
    take(lane, asked(settledMax + 3));
    await settle();
    expect(given.filter((one) => one.startsWith(lane))).toEqual([`${lane} r2`, `${lane} r${settledMax + 3}`]);
  });

  describe('while many attempts of a partition are settled', () => {
    it('lets a record wait for its settlement', async () => {
      await makeBusy();
      take(lane, asked(20));
      await settle();
      expect(given).toEqual([]);
      take('settlements', settled(20));
      await settle();
      expect(given).toEqual(['settlements r20']);
      expect(finished).toEqual(['settlements r20', `${lane} r20`]);
    });

    it('reads a waiting record whose settlement cannot be stored', async () => {
      await makeBusy();
      take(lane, asked(20));
      fault = new Error('no store');
      take('settlements', settled(20));
      fault = undefined;
      await settle();
      expect(given).toEqual(['settlements r20', `${lane} r20`]);
      expect(finished).toEqual(['settlements r20: no store', `${lane} r20`]);
    });

    it('pairs no record at the same offset of a topic that was made again', async () => {
      await makeBusy();
      take(lane, asked(20));
      take(lane, asked(20, 'another'));
      take('settlements', settled(20));
      await settle();
      expect(given).toEqual([`${lane} r20`, 'settlements r20']);
      records.readAtOnce();
      await settle();
      expect(finished.toSorted()).toEqual([`${lane} another`, `${lane} r20`, 'settlements r20']);
    });

    it('lets no record without a key wait', async () => {
      await makeBusy();
      take(lane, { ...asked(20), key: null });
      await settle();
      expect(given).toEqual([`${lane} null`]);
    });

    it('lets no record of another partition wait', async () => {
      await makeBusy();
      take(lane, asked(20, 'other', 1));
      await settle();
      expect(given).toEqual([`${lane} other`]);
    });

    it('stores what waits when somebody asks', async () => {
      await makeBusy();
      take(lane, asked(20));
      take(lane, asked(21));
      records.readAtOnce();
      await settle();
      expect(finished).toEqual([`${lane} r20`, `${lane} r21`]);
    });

    it('stores what waits when it has become quiet', async () => {
      await makeBusy();
      take(lane, asked(20));
      await clock.advance(100);
      await settle();
      expect(finished).toEqual([`${lane} r20`]);
    });

    it('stores what waits when this process drains', async () => {
      await makeBusy();
      take(lane, asked(20));
      isDraining = true;
      for (let one = 0; one < busySettlements; one += 1) take('settlements', settled(2));
      await clock.advance(100);
      await settle();
      expect(finished).toContain(`${lane} r20`);
    });

    it('lets a record wait no longer once executors have passed it', async () => {
      await makeBusy(passedBy + 20);
      take(lane, asked(20));
      take(lane, asked(21));
      await settle();
      expect(given).toEqual([`${lane} r20`]);
      for (let one = 0; one < busySettlements; one += 1) take('settlements', settled(passedBy + 21));
      await clock.advance(100);
      await settle();
      expect(given).toContain(`${lane} r21`);
    });

    it('lets a record of a certain age wait no longer', async () => {
      await makeBusy();
      take(lane, { ...asked(20), timestamp: epochMs(clock.now() - pairedAgeMs) });
      await settle();
      expect(given).toEqual([`${lane} r20`]);
    });

    it('ends the wait of a record that reaches that age', async () => {
      await makeBusy();
      take(lane, asked(20));
      for (let waited = 0; waited < pairedAgeMs && given.length === 0; waited += 100) {
        for (let one = 0; one < busySettlements; one += 1) records.record('settlements', settled(2)).catch(() => undefined);
        given = given.filter((one) => one.startsWith(lane));
        await clock.advance(100);
      }
      await settle();
      expect(given.filter((one) => one.startsWith(lane))).toEqual([`${lane} r20`]);
      expect(clock.now() - builtAt).toBeGreaterThanOrEqual(pairedAgeMs);
    });

    it('lets records wait again after their topic was made again', async () => {
      await makeBusy(passedBy + 20);
      take(lane, asked(30_000));
      take(lane, asked(5));
      await settle();
      expect(given).not.toContain(`${lane} r5`);
    });
  });
});
