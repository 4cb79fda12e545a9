/**
 * Goal: a delivery whose record was deleted is given up within minutes, and no other one. Method:
 * the records of the topics are made up, the store is SQLite.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DeliveryStatus, epochMs, type TopicName, Topics } from '#contracts';
import type { StatusEvent } from '#lifecycle';
import { MemoryKafka } from '#kafka/memory';
import { builtAt, builtUrn, ManualClock } from '#testing';
import { SqliteStatusStore } from './adapters/sqlite-status-store.ts';
import { LostRecords } from './lost-records.ts';
import { LostNotices } from './lost-notices.ts';

const topics = new Topics('test.');
const minuteMs = 60_000;
/** When each record of partition 0 was written, and how many of them are finished. */
interface Log {
  readonly times: readonly number[];
  readonly finished: number;
}

let folder: string;
let clock: ManualClock;
let store: SqliteStatusStore;
let notices: LostNotices;
let logs: Partial<Record<TopicName, Log>>;
let lost: number;
let isCaughtUp: boolean;
let lines: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sendoff-notices-'));
  clock = new ManualClock(builtAt);
  store = await SqliteStatusStore.open(join(folder, 'status.db'), clock);
  logs = {};
  lost = 0;
  isCaughtUp = true;
  lines = [];
  const logOf = (topic: string): Log => logs[topics.withName(topic)] ?? { times: [], finished: 0 };
  const offsetsAt = async (topic: string, at: number) => {
    const { times } = logOf(topic);
    const first = times.findIndex((one) => one >= at);
    return [{ partition: 0, offset: BigInt(first === -1 ? times.length : first) }];
  };
  const committed = async (_groupId: string, names: readonly string[]) =>
    names.map((topic) => ({ topic, partition: 0, finishedTo: BigInt(logOf(topic).finished) }));
  const kafka = { topics, admin: { offsetsAt, committed } } as unknown as ConstructorParameters<typeof LostNotices>[1];
  const counter = { inc: (count: number) => void (lost += count) };
  const lostRecords = new LostRecords(store, new MemoryKafka(), counter as never, { add: () => undefined });
  notices = new LostNotices(
    store,
    kafka,
    async () => isCaughtUp,
    clock,
    pino({}, { write: (line) => void lines.push(line) }),
    lostRecords,
  );
});
afterEach(async () => {
  notices.close();
  await store.close();
  await rm(folder, { recursive: true });
});

const subject = { functionUrn: builtUrn, project: 'p1', acceptedAt: builtAt };
const report = (requestId: string, given: Partial<DeliveryStatus>): StatusEvent => ({
  ...{ kind: 'delivery', requestId, ...subject },
  delivery: { deliveryId: 'DIS:x', state: 'pending', tries: 0, at: builtAt, ...given },
});
const endOf = (requestId: string): StatusEvent => ({
  ...{ kind: 'settled', requestId, condition: 'SystemError', attempts: 1, endedAt: builtAt, errorMessage: '', ...subject },
});
/** An invocation that has ended, with a delivery that is due a minute later. */
const waiting = (requestId: string, dueInMs = minuteMs): readonly StatusEvent[] => [
  endOf(requestId),
  report(requestId, { tries: 1, dueAt: epochMs(builtAt + dueInMs) }),
];
const put = async (...events: StatusEvent[]) => store.fold(events, async () => undefined);
const states = async () => {
  const all = { project: 'p1', beginAt: epochMs(0), endAt: epochMs(builtAt * 2), offset: 0, limit: 10 };
  const { records } = await store.query(all);
  return Object.fromEntries(records.map(({ requestId, deliveries }) => [requestId, deliveries[0]?.state]));
};
/** Looks for a time before which nothing is left, and ends what is lost. */
const look = async () => {
  await notices.endLost();
  await notices.endLost();
};

it('a delivery whose record is gone ends ten minutes after its due time, and no other does', async () => {
  await put(...waiting('lost'), ...waiting('later', 9 * minuteMs), endOf('first'), report('first', {}));
  await clock.advance(12 * minuteMs);
  await look();
  expect([await states(), lost]).toEqual([{ lost: 'pending', later: 'pending', first: 'undelivered' }, 1]);
  await clock.advance(1);
  await look();
  await look();
  expect([await states(), lost]).toEqual([{ lost: 'undelivered', later: 'pending', first: 'undelivered' }, 2]);
  expect(lines.map((line) => (JSON.parse(line) as { lost: unknown }).lost)).toEqual([['first DIS:x'], ['lost DIS:x']]);
  await put(report('lost', { state: 'delivered', tries: 2, at: epochMs(clock.now() + 1) }));
  expect(await states()).toMatchObject({ lost: 'delivered' });
});

it('looks every 2 minutes', async () => {
  await put(...waiting('lost'));
  notices.start();
  for (let minutes = 0; minutes < 18; minutes += 2) {
    await clock.advance(2 * minuteMs);
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await states()).toEqual({ lost: 'undelivered' });
});

it.each<[where: string, topic: TopicName, writtenInMs: number]>([
  ['for its first try', 'settlements', 0],
  ['for its next try', 'notifications', minuteMs],
  ['for a retry-scheduler that is late', 'delays.near', 0],
  ['for a retry-scheduler that is late', 'delays.30s', 29_999],
])('a delivery that waits %s in %s is left alone', async (_where, topic, writtenInMs) => {
  await put(...waiting('kept'));
  logs[topic] = { times: [builtAt - 1, builtAt + writtenInMs], finished: 1 };
  await clock.advance(30 * minuteMs);
  await look();
  await look();
  expect(await states()).toEqual({ kept: 'pending' });
  logs[topic] = { times: [builtAt - 1, builtAt + writtenInMs], finished: 2 };
  await look();
  await notices.endLost();
  expect(await states()).toEqual({ kept: 'undelivered' });
});

it('a delivery that was moved after the first look is left alone until notifiers have finished it', async () => {
  await put(...waiting('late'));
  await clock.advance(30 * minuteMs);
  logs = { notifications: { times: [clock.now() - 1], finished: 0 } };
  await look();
  await look();
  expect(await states()).toEqual({ late: 'pending' });
});

it('ends nothing while the store lacks records of the topics', async () => {
  await put(...waiting('lost'));
  await clock.advance(30 * minuteMs);
  isCaughtUp = false;
  await look();
  expect(await states()).toEqual({ lost: 'pending' });
});

it('finds a lost delivery beside records that wait for hours, and thousands that are not due', async () => {
  const later = Array.from({ length: 2_000 }, (_, index) => waiting(`later ${index}`, 600 * minuteMs));
  await put(...later.flat(), ...waiting('lost'));
  await clock.advance(30 * minuteMs);
  logs = { 'delays.8h': { times: [builtAt], finished: 0 }, 'delays.near': { times: [clock.now() - 30_000], finished: 0 } };
  await look();
  expect(lost).toBe(1);
});
