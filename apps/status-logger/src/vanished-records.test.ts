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
import { builtAt, builtUrn, ManualClock } from '#testing';
import { SqliteStatusStore } from './adapters/sqlite-status-store.ts';
import { VanishedRecords } from './vanished-records.ts';

const topics = new Topics('test.');
const minuteMs = 60_000;
let folder: string;
let clock: ManualClock;
let store: SqliteStatusStore;
let vanished: VanishedRecords;
/** The bounds of partition 0 of `delays.2m`; all other partitions are empty. */
let kept: { start: bigint; end: bigint };
/** The bounds of partition 0 of the lane `invocations`, and how far executors have committed it. */
let lane: { start: bigint; end: bigint; committed: bigint };
/** The same of the lane `invocations.bulk`. */
let bulk: typeof lane;
let lost: number;
let isCaughtUp: boolean;
/** Called between the first question for the ends and the second one. */
let meanwhile: () => Promise<void>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sendoff-vanished-'));
  clock = new ManualClock(builtAt);
  store = await SqliteStatusStore.open(join(folder, 'status.db'), clock);
  kept = { start: 0n, end: 10n };
  lane = { start: 0n, end: 10n, committed: 0n };
  bulk = { start: 0n, end: 10n, committed: 0n };
  lost = 0;
  isCaughtUp = true;
  meanwhile = async () => undefined;
  const ends = async (topic: string): Promise<readonly PartitionEnd[]> => {
    const known = {
      [topics.name('delays.2m')]: kept,
      [topics.name('invocations')]: lane,
      [topics.name('invocations.bulk')]: bulk,
    };
    const { start, end } = known[topic] ?? { start: 0n, end: 0n };
    return [{ partition: 0, start, end }];
  };
  const committed = async (groupId: string) =>
    groupId === topics.groupOf('executor')
      ? [
          { topic: topics.name('invocations'), partition: 0, finishedTo: lane.committed },
          { topic: topics.name('invocations.bulk'), partition: 0, finishedTo: bulk.committed },
        ]
      : [{ topic: topics.name('delays.2m'), partition: 0, finishedTo: 0n }];
  const kafka = { topics, admin: { ends, committed } } as unknown as ConstructorParameters<typeof VanishedRecords>[1];
  const catchUp = async () => {
    await meanwhile();
    return isCaughtUp;
  };
  const counter = { inc: (count: number) => void (lost += count) };
  vanished = new VanishedRecords(store, kafka, catchUp, clock, pino({ level: 'silent' }), counter as never);
});
afterEach(async () => {
  vanished.close();
  await store.close();
  await rm(folder, { recursive: true });
});

/** An invocation that waits for a minute, in a record of `delays.2m`. */
const wait = async (requestId: string, offset: number) => {
  const place = { topic: 'delays.2m', partition: 0, offset, at: builtAt } as const;
  const subject = { requestId, functionUrn: builtUrn, project: 'p1', acceptedAt: builtAt };
  const due = { kind: 'waiting', attempt: 1, lastError: '', dueAt: epochMs(builtAt + minuteMs) } as const;
  await store.fold([{ ...subject, ...due, place }], async () => undefined);
};
/** An invocation whose record is in the lane `invocations`. */
const queue = async (requestId: string, offset: number) => {
  await store.fold([queued(requestId, offset)], async () => undefined);
};
const queued = (requestId: string, offset: number, topic: 'invocations' | 'invocations.bulk' = 'invocations') => {
  const place = { topic, partition: 0, offset, at: epochMs(builtAt + 1) };
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
  await queue('delayed', 3);
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
