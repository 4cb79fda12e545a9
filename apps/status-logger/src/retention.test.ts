/**
 * Goal: the record of an invocation that lives is never removed, and no record waits for ever.
 * Method: a real SQLite store and a manual clock.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { epochMs, workTopicRetentionMs } from '#contracts';
import { MemoryKafka } from '#kafka/memory';
import type { StatusEvent } from '#lifecycle';
import { builtAt, builtUrn, ManualClock } from '#testing';
import { SqliteStatusStore } from './adapters/sqlite-status-store.ts';
import { LostRecords } from './lost-records.ts';
import { Retention } from './retention.ts';

const hourMs = 3_600_000;
const subject = { requestId: 'r1', functionUrn: builtUrn, project: 'p1', acceptedAt: builtAt };
const delayedBy = (ms: number): StatusEvent => ({
  ...subject,
  kind: 'waiting',
  attempt: 1,
  dueAt: epochMs(builtAt + ms),
  lastError: '',
});
const ended: StatusEvent = {
  ...subject,
  kind: 'settled',
  condition: '',
  attempts: 1,
  endedAt: epochMs(builtAt + 2 * hourMs),
  errorMessage: '',
};
const waitingDelivery: StatusEvent = {
  kind: 'delivery',
  requestId: 'r1',
  delivery: { deliveryId: 'DIS:x', state: 'pending', tries: 2, at: builtAt, dueAt: epochMs(builtAt + hourMs) },
};

let folder: string;
let clock: ManualClock;
let store: SqliteStatusStore;
let retention: Retention;
let lost = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sendoff-retention-'));
  clock = new ManualClock(builtAt);
  store = await SqliteStatusStore.open(join(folder, 'status.db'), clock);
  lost = 0;
  await start();
});
afterEach(async () => {
  retention.close();
  await store.close();
  await rm(folder, { recursive: true });
});

const start = async () => {
  const counter = { inc: (count: number) => void (lost += count) };
  const lostRecords = new LostRecords(store, new MemoryKafka(), counter as never, { add: () => undefined });
  retention = new Retention(store, clock, pino({ level: 'silent' }), hourMs, lostRecords);
  await retention.start();
};
/** Lets time pass, and lets two sweeps at its end be over. */
const later = async (ms: number) => {
  for (const step of [ms - 60_000, 60_000]) {
    await clock.advance(step);
    while (clock.pending === 0) await nextTurn();
  }
};
const put = async (...events: StatusEvent[]) => store.fold(events, async () => undefined);
const record = async () => {
  const all = { project: 'p1', beginAt: epochMs(0), endAt: epochMs(builtAt * 2), offset: 0, limit: 10 };
  return (await store.query(all)).records[0];
};

// Each test lets days of timers pass.
describe('the retention of records', { timeout: 20_000 }, () => {
  it('an invocation with a delay longer than the retention keeps its record until it has ended, and an hour more', async () => {
    await put(delayedBy(2 * hourMs));
    await later(1.9 * hourMs);
    expect(await record()).toMatchObject({ status: 'WAIT' });
    await put(ended);
    await later(hourMs);
    expect(await record()).toMatchObject({ status: 'SUCCESS' });
    await later(0.5 * hourMs);
    expect(await record()).toBeUndefined();
  });

  it('a clock that is set forward by 30 days, and back within a day, removes and ends nothing', async () => {
    await put(ended);
    await put({ ...delayedBy(5 * hourMs), requestId: 'r2' });
    clock.step(30 * 24 * hourMs);
    await later(0.5 * hourMs);
    clock.step(-30 * 24 * hourMs);
    await later(0.1 * hourMs);
    const all = { project: 'p1', beginAt: epochMs(0), endAt: epochMs(builtAt * 2), offset: 0, limit: 10 };
    const { records } = await store.query(all);
    expect(new Set(records.map(({ requestId, status }) => `${requestId} ${status}`))).toEqual(new Set(['r1 SUCCESS', 'r2 WAIT']));
    expect(lost).toBe(0);
  });

  it('an invocation of which Kafka holds no record any more is discarded with the reason, once', async () => {
    await put(delayedBy(hourMs));
    await later(workTopicRetentionMs);
    expect([(await record())?.status, lost]).toEqual(['WAIT', 0]);
    await later(hourMs + 60_000);
    expect(await record()).toMatchObject({
      status: 'DISCARD',
      errorMessage: 'Kafka removed the record of the invocation after its retention, before a service had read it',
    });
    expect(lost).toBe(1);
  });

  it('a delivery of which Kafka holds no record any more is undelivered', async () => {
    await put(ended, waitingDelivery);
    await later(workTopicRetentionMs + 2 * hourMs + 60_000);
    expect(await record()).toMatchObject({ status: 'SUCCESS', deliveries: [{ state: 'undelivered', tries: 2 }] });
  });

  it('a settlement that arrives after all replaces the loss if it ended before', async () => {
    await put(delayedBy(hourMs));
    await later(workTopicRetentionMs + hourMs + 60_000);
    await put(ended);
    expect(await record()).toMatchObject({ status: 'SUCCESS' });
  });

  it('a lost invocation ends although 5,000 older ones wait for deliveries that are not lost', async () => {
    const living = Array.from({ length: 5_000 }, (_, index): StatusEvent[] => [
      { ...ended, requestId: `living ${index}`, acceptedAt: epochMs(builtAt - 1) },
      {
        ...waitingDelivery,
        requestId: `living ${index}`,
        delivery: { deliveryId: 'DIS:x', state: 'pending', tries: 9, at: builtAt, dueAt: epochMs(builtAt + 9 * 24 * hourMs) },
      },
    ]);
    await put(...living.flat(), delayedBy(hourMs));
    retention.close();
    await clock.advance(workTopicRetentionMs + 2 * hourMs);
    await start();
    await later(120_000);
    expect([(await record())?.status, lost]).toEqual(['DISCARD', 1]);
  });

  it('what is left of an invocation is removed too when only its delivery is known', async () => {
    await put(waitingDelivery);
    await later(workTopicRetentionMs + 3 * hourMs);
    expect(await store.notOver(builtAt * 2, 10)).toEqual([]);
  });
});
