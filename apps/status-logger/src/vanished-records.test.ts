/**
 * Goal: an invocation whose waiting record an operator deleted ends, and no other one does. Method:
 * the ends of topics are made up, the store is SQLite.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { epochMs, Topics } from '#contracts';
import type { PartitionEnd } from '#kafka';
import { MemoryKafka } from '#kafka/memory';
import { builtAt, builtUrn, ManualClock } from '#testing';
import { SqliteStatusStore } from './adapters/sqlite-status-store.ts';
import { LostRecords } from './lost-records.ts';
import { VanishedRecords } from './vanished-records.ts';

const topics = new Topics('test.');
const minuteMs = 60_000;
/** The records in partition 0 of a topic, and how far its service has committed it. */
interface Partition {
  start: bigint;
  end: bigint;
  committed?: bigint;
  /** When its first record was written. Default: before all others. */
  oldestAt?: number;
  /** When its records were written, by offset, as far as somebody looks. */
  times?: Readonly<Record<number, number>>;
}

let folder: string;
let clock: ManualClock;
let store: SqliteStatusStore;
let vanished: VanishedRecords;
/** A delay topic. */
let kept: Partition;
/** The lane `invocations`. */
let lane: Partition;
/** The lane `invocations.bulk`. */
let bulk: Partition;
let lost: number;
let isCaughtUp: boolean;
/** Called between the first question for the ends and the second one. */
let meanwhile: () => Promise<void>;
let isMissing: boolean;
let lines: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sendoff-vanished-'));
  clock = new ManualClock(builtAt);
  store = await SqliteStatusStore.open(join(folder, 'status.db'), clock);
  kept = { start: 0n, end: 10n };
  lane = { start: 0n, end: 10n };
  bulk = { start: 0n, end: 10n };
  lost = 0;
  isCaughtUp = true;
  isMissing = false;
  lines = [];
  meanwhile = async () => undefined;
  const known = (topic: string): Partition => {
    const partitions = {
      [topics.name('delays.2m')]: kept,
      [topics.name('invocations')]: lane,
      [topics.name('invocations.bulk')]: bulk,
    };
    return partitions[topic] ?? { start: 0n, end: 0n };
  };
  const ends = async (topic: string): Promise<readonly PartitionEnd[]> => {
    if (isMissing) throw new Error(`there is no topic ${topic}`);
    const { start, end } = known(topic);
    return [{ partition: 0, start, end }];
  };
  const oldest = async (topic: string) => {
    const { start, end, oldestAt = 0 } = known(topic);
    return start === end ? [] : [{ partition: 0, at: epochMs(oldestAt) }];
  };
  const committed = async (_groupId: string, names: readonly string[]) =>
    names.flatMap((topic) => {
      const { committed: finishedTo } = known(topic);
      return finishedTo === undefined ? [] : [{ topic, partition: 0, finishedTo }];
    });
  const recordsFrom = async ({ topic }: { topic: string }, offset: bigint) =>
    Object.entries(known(topic).times ?? {}).flatMap(([at, timestamp]) =>
      BigInt(at) < offset ? [] : [{ offset: BigInt(at), timestamp }],
    );
  const kafka = { topics, recordsFrom, admin: { ends, oldest, committed } } as unknown as ConstructorParameters<
    typeof VanishedRecords
  >[1];
  const catchUp = async () => {
    await meanwhile();
    return isCaughtUp;
  };
  const counter = { inc: (count: number) => void (lost += count) };
  const lostRecords = new LostRecords(store, new MemoryKafka(), counter as never, { add: () => undefined });
  const logger = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(line) });
  vanished = new VanishedRecords(store, kafka, catchUp, clock, logger, lostRecords);
});
afterEach(async () => {
  vanished.close();
  await store.close();
  await rm(folder, { recursive: true });
});

/** An invocation that waits for a minute, in a record of `delays.2m`. */
const wait = async (requestId: string, offset: number) => {
  await store.fold([waiting(requestId, offset)], async () => undefined);
};
const waiting = (requestId: string, offset: number, dueInMs = minuteMs) => {
  const place = { topic: 'delays.2m', partition: 0, offset, at: epochMs(builtAt + 2) } as const;
  const subject = { requestId, functionUrn: builtUrn, project: 'p1', acceptedAt: builtAt };
  return { ...subject, kind: 'waiting', attempt: 1, lastError: '', dueAt: epochMs(builtAt + dueInMs), place } as const;
};
/** An invocation whose record is in the lane `invocations`. */
const queue = async (requestId: string, offset: number) => {
  await store.fold([queued(requestId, offset)], async () => undefined);
};
const queued = (requestId: string, offset: number, topic: 'invocations' | 'invocations.bulk' = 'invocations', ms = 1) => {
  const place = { topic, partition: 0, offset, at: epochMs(builtAt + ms) };
  const subject = { requestId, functionUrn: builtUrn, project: 'p1', acceptedAt: builtAt };
  return { ...subject, kind: 'queued', attempt: 1, lastError: '', place } as const;
};
const states = async () => {
  const all = { project: 'p1', beginAt: epochMs(0), endAt: epochMs(builtAt * 2), offset: 0, limit: 10 };
  const { records } = await store.query(all);
  return Object.fromEntries(records.map(({ requestId, status }) => [requestId, status]));
};

it('an invocation whose record was deleted ends ten minutes after its due time, and no other does', async () => {
  await wait('deleted', 3);
  await wait('kept', 4);
  await wait('in the topic of before', 12);
  kept = { start: 4n, end: 10n };
  await clock.advance(11 * minuteMs);
  await vanished.endVanished();
  expect([await states(), lost]).toEqual([{ deleted: 'WAIT', kept: 'WAIT', 'in the topic of before': 'WAIT' }, 0]);
  await clock.advance(1);
  await vanished.endVanished();
  expect([await states(), lost]).toEqual([{ deleted: 'DISCARD', kept: 'WAIT', 'in the topic of before': 'DISCARD' }, 2]);
});

it('looks every minute', async () => {
  await wait('deleted', 3);
  kept = { start: 4n, end: 10n };
  vanished.start();
  for (let minute = 0; minute < 13; minute += 1) {
    await clock.advance(minuteMs);
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await states()).toEqual({ deleted: 'DISCARD' });
});

it('a record that is written while it looks is not taken for a lost one', async () => {
  await clock.advance(12 * minuteMs);
  meanwhile = async () => {
    await wait('new', 10);
    kept = { start: 0n, end: 11n };
  };
  await vanished.endVanished();
  expect(await states()).toEqual({ new: 'WAIT' });
});

it('ends nothing while the store lacks records of the topics', async () => {
  await wait('deleted', 3);
  kept = { start: 4n, end: 10n };
  await clock.advance(12 * minuteMs);
  isCaughtUp = false;
  await vanished.endVanished();
  expect(await states()).toEqual({ deleted: 'WAIT' });
});

it('an invocation ends whose record a lane lost before an executor had finished it', async () => {
  await queue('deleted', 3);
  await queue('kept', 5);
  lane = { start: 5n, end: 10n, committed: 3n };
  await vanished.endVanished();
  // The executor may still hold the record.
  expect([await states(), lost]).toEqual([{ deleted: 'WAIT', kept: 'WAIT' }, 0]);
  // It has gone on at the start of the partition, and beyond.
  lane = { start: 5n, end: 10n, committed: 7n };
  await vanished.endVanished();
  // An operator can have the other record read again.
  expect([await states(), lost]).toEqual([{ deleted: 'DISCARD', kept: 'WAIT' }, 1]);
  const { records } = await store.query({
    project: 'p1',
    beginAt: epochMs(0),
    endAt: epochMs(builtAt * 2),
    offset: 0,
    limit: 10,
  });
  expect(records.find(({ requestId }) => requestId === 'deleted')?.errorMessage).toContain(
    'the topic invocations lost the record',
  );
});

it('finds a lost record beside thousands that somebody skipped and can have read again', async () => {
  const skipped = Array.from({ length: 2_000 }, (_, offset) => queued(`skipped ${offset}`, offset));
  await store.fold([...skipped, queued('deleted', 3, 'invocations.bulk')], async () => undefined);
  lane = { start: 0n, end: 2_000n, committed: 2_000n };
  bulk = { start: 5n, end: 10n, committed: 5n };
  await vanished.endVanished();
  expect(lost).toBe(1);
});

it('an invocation ends that a lane lost after its delay', async () => {
  await wait('delayed', 3);
  await store.fold([queued('delayed', 3, 'invocations', 3)], async () => undefined);
  lane = { start: 10n, end: 10n, committed: 10n };
  await vanished.endVanished();
  // The retry-scheduler has not committed its record: it may release it once more.
  expect(await states()).toEqual({ delayed: 'WAIT' });
});

it('an invocation that went on while it looked is not taken for a lost one', async () => {
  await queue('retried', 3);
  lane = { start: 5n, end: 10n, committed: 5n };
  meanwhile = async () => wait('retried', 4);
  await vanished.endVanished();
  expect(await states()).toEqual({ retried: 'WAIT' });
});

it('an invocation that a lane lost after its delay ends once the retry-scheduler has committed', async () => {
  await store.fold([waiting('delayed', 3), queued('delayed', 3, 'invocations', 3)], async () => undefined);
  kept = { start: 0n, end: 10n, committed: 4n };
  lane = { start: 10n, end: 10n, committed: 10n };
  await vanished.endVanished();
  expect(await states()).toEqual({ delayed: 'DISCARD' });
});

it('an invocation ends whose record was lost before its retry, although the lane holds that of its first attempt', async () => {
  await store.fold([queued('retried', 3), waiting('retried', 3)], async () => undefined);
  lane = { start: 0n, end: 10n, committed: 4n };
  kept = { start: 4n, end: 10n, committed: 4n };
  await vanished.endVanished();
  expect(await states()).toEqual({ retried: 'DISCARD' });
});

it('an invocation ends that a lane lost after another lane had it', async () => {
  await store.fold([queued('moved', 3), queued('moved', 3, 'invocations.bulk', 2)], async () => undefined);
  lane = { start: 0n, end: 10n, committed: 4n };
  bulk = { start: 4n, end: 10n, committed: 4n };
  await vanished.endVanished();
  expect(await states()).toEqual({ moved: 'DISCARD' });
});

it('finds a lost record beside thousands that are not due', async () => {
  const later = Array.from({ length: 2_000 }, (_, offset) => waiting(`later ${offset}`, offset, 600 * minuteMs));
  await store.fold([...later, waiting('due', 2_000)], async () => undefined);
  kept = { start: 2_001n, end: 2_001n };
  await clock.advance(12 * minuteMs);
  await vanished.endVanished();
  expect(lost).toBe(1);
});

it.each(['lane', 'delay topic'])('an invocation ends ten minutes after its %s was deleted and created again', async (which) => {
  const isLane = which === 'lane';
  await store.fold([(isLane ? queued : waiting)('deleted', 3)], async () => undefined);
  const remade = { start: 0n, end: 10n, committed: 0n, oldestAt: builtAt + 4, times: { 3: builtAt + 5 } };
  if (isLane) lane = remade;
  else kept = remade;
  await clock.advance((isLane ? 10 : 11) * minuteMs + 1);
  await vanished.endVanished();
  expect([await states(), lost]).toEqual([{ deleted: isLane ? 'WAIT' : 'DISCARD' }, isLane ? 0 : 1]);
  await clock.advance(1);
  await vanished.endVanished();
  await vanished.endVanished();
  expect([await states(), lost]).toEqual([{ deleted: 'DISCARD' }, 1]);
});

it('an invocation of the topic that was created again is not taken for one of before', async () => {
  await store.fold([queued('first', 0), queued('second', 1, 'invocations', 2)], async () => undefined);
  lane = { start: 0n, end: 2n, committed: 0n, oldestAt: builtAt + 1 };
  await clock.advance(30 * minuteMs);
  await vanished.endVanished();
  expect(await states()).toEqual({ first: 'WAIT', second: 'WAIT' });
});

it('a record is not taken for a lost one because the clock of its broker is behind', async () => {
  await store.fold([queued('behind', 3), queued('lost', 4)], async () => undefined);
  lane = { start: 0n, end: 10n, committed: 0n, oldestAt: builtAt + 2, times: { 3: builtAt + 1, 4: builtAt + 3 } };
  await clock.advance(30 * minuteMs);
  await vanished.endVanished();
  expect(await states()).toEqual({ behind: 'WAIT', lost: 'DISCARD' });
});

it('an invocation ends whose topic was created again with fewer partitions', async () => {
  const place = { topic: 'invocations', partition: 5, offset: 0, at: builtAt } as const;
  const progress = [{ topic: topics.name('invocations'), partition: 5, finishedTo: 1n }];
  await store.fold([{ ...queued('beyond', 0), place }], async () => undefined, progress);
  await clock.advance(10 * minuteMs + 1);
  await vanished.endVanished();
  expect(await states()).toEqual({ beyond: 'DISCARD' });
});

it('a topic that is missing for an hour fills no log, and its return is logged', async () => {
  isMissing = true;
  for (let minute = 0; minute < 60; minute += 1) await vanished.endVanished();
  isMissing = false;
  await vanished.endVanished();
  await vanished.endVanished();
  const warning = 'could not look for lost records; trying again in 60 s';
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    ...[1, 2, 4, 8, 16, 32].map((failures) => ({ level: 40, msg: warning, failures })),
    { level: 30, msg: 'lost records can be looked for again', failures: 60 },
  ]);
});
