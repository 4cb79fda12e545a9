/**
 * Goal: the failure destination of a lost invocation hears of its end, and each end is counted
 * once. Method: an SQLite store, and Kafka in memory.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { decodeSettlement, encodeInvocation, epochMs, type Invocation } from '#contracts';
import { MemoryKafka } from '#kafka/memory';
import { type FoldedRecord, lostEvents, type StatusEvent, targetFor } from '#lifecycle';
import { anInvocation, asIncoming, builtAt, ManualClock } from '#testing';
import { SqliteStatusStore } from './adapters/sqlite-status-store.ts';
import { LostRecords } from './lost-records.ts';
import { RecentTransitions } from './recent-transitions.ts';
import { eventsOf } from './status-events.ts';

const onFailure = { type: 'DIS', streamName: 'failures' } as const;
const dayMs = 86_400_000;
let folder: string;
let store: SqliteStatusStore;
let kafka: MemoryKafka;
let lost: LostRecords;
let counted: number;
let recent: RecentTransitions;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sendoff-lost-'));
  store = await SqliteStatusStore.open(join(folder, 'status.db'), new ManualClock(builtAt));
  kafka = new MemoryKafka();
  counted = 0;
  const counter = { inc: (count: number) => void (counted += count) };
  recent = new RecentTransitions('a');
  lost = new LostRecords(store, kafka, counter as never, recent);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const put = async (events: readonly StatusEvent[]) => store.fold(events, async () => undefined);
const accept = async (given: Partial<Invocation>) => {
  const plain = anInvocation(given);
  const record = encodeInvocation('t.invocations', plain);
  await put(eventsOf('invocations', asIncoming(record)).events);
};
const waiting = async (): Promise<readonly FoldedRecord[]> => store.notOver(Number.MAX_SAFE_INTEGER, 10);
const lossesOf = (records: readonly FoldedRecord[]) =>
  records.map((record) => ({ record, events: lostEvents(record, epochMs(builtAt + 9 * dayMs)) }));
const settlements = () => kafka.records(kafka.topics.name('settlements'));
const policy = { ...anInvocation().policy, destinations: { onFailure }, statusLog: 'group/stream' };

it('settles an invocation with a failure destination once, so that notifiers tell the destination', async () => {
  await accept({ requestId: 'told', policy, tags: ['a'] });
  const losses = lossesOf(await waiting());
  expect([await lost.end(losses), await lost.end(losses), counted]).toEqual([1, 0, 1]);
  const [record = expect.fail(), ...others] = settlements();
  expect(others).toEqual([]);
  const settlement = decodeSettlement(record);
  expect(settlement).toMatchObject({
    ...{ condition: 'EventAgeExceeded', isPresumed: true, attempts: 0 },
    invocation: {
      requestId: 'told',
      functionUrn: anInvocation().functionUrn,
      tags: ['a'],
      policy: { statusLog: 'group/stream' },
    },
  });
  expect(targetFor(settlement)).toEqual(onFailure);

  const { events, statusLog } = eventsOf('settlements', record);
  await put(events);
  const [after] = await waiting();
  expect([statusLog, after?.status, after?.deliveries[0]?.state]).toEqual(['group/stream', 'DISCARD', 'pending']);
  // An executor that had the record in memory settles the invocation after all.
  const { requestId, functionUrn, project, acceptedAt } = settlement.invocation;
  const subject = { requestId, functionUrn, project, acceptedAt };
  await put([
    { kind: 'settled', ...subject, condition: '', attempts: 1, endedAt: epochMs(builtAt + 10 * dayMs), errorMessage: '' },
  ]);
  expect((await waiting())[0]?.status).toBe('SUCCESS');
});

it('only stores the end of an invocation that names no failure destination', async () => {
  const { statusLog: _statusLog, ...unlogged } = policy;
  await accept({ requestId: 'quiet', policy: { ...unlogged, destinations: { onSuccess: onFailure } } });
  await accept({ requestId: 'told', policy });
  const losses = lossesOf(await waiting());
  expect([await lost.end(losses), counted]).toEqual([2, 2]);
  expect((await waiting()).map(({ requestId }) => requestId)).toEqual(['told']);
  expect(settlements().map(({ key }) => key)).toEqual(['told']);
  const { transitions } = recent.after({ project: anInvocation().project, process: 'a' });
  expect(
    transitions.map(({ requestId, status }) => [requestId, status]),
    'clients that follow transitions see it',
  ).toEqual([['quiet', 'DISCARD']]);
});

it('settles an invocation with a status log, so that the log has its end', async () => {
  await accept({ requestId: 'logged', policy: { ...policy, destinations: {} } });
  expect(await lost.end(lossesOf(await waiting()))).toBe(1);
  expect(settlements().map((record) => eventsOf('settlements', record).statusLog)).toEqual(['group/stream']);
});

it('settles an invocation later if the brokers do not answer', async () => {
  await accept({ requestId: 'told', policy });
  const losses = lossesOf(await waiting());
  const publish = kafka.publisher.publish.bind(kafka.publisher);
  kafka.publisher.publish = async () => Promise.reject(new Error('no broker'));
  await expect(lost.end(losses)).rejects.toThrow('no broker');
  kafka.publisher.publish = publish;
  expect([await lost.end(losses), counted]).toEqual([1, 1]);
});
