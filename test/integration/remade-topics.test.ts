/**
 * Goal: a topic that is deleted and created again loses none of its new records, although readers
 * are further than its start. Method: a real broker; the new topic has more records at once than
 * the old one had.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { pino } from 'pino';
import { expect, inject, it, onTestFinished } from 'vitest';
import {
  type AgencyDocument,
  epochMs,
  type IncomingRecord,
  type RedriveSpec,
  registryKey,
  Topics,
  topicsReadBy,
} from '#contracts';
import { connectKafka } from '#kafka';
import { systemClock } from '#platform';
import { Registry, RegistryKeeper, RegistryWriter } from '#registry';
import { Arrivals, builtUrn, eventually, ManualClock, testSigner, testVerifier } from '#testing';
import { RedriveLog } from '../../apps/ingress/src/redrives/redrive-log.ts';
import { SqliteStatusStore } from '../../apps/status-logger/src/adapters/sqlite-status-store.ts';
import { LostRecords } from '../../apps/status-logger/src/lost-records.ts';
import { VanishedRecords } from '../../apps/status-logger/src/vanished-records.ts';
import { createTopic, deleteTopic } from '../user-topics.ts';

async function setUp(name: Parameters<Topics['name']>[0]) {
  const topics = new Topics(`t${randomUUID().slice(0, 8)}.`);
  const topic = topics.name(name);
  const brokers = inject('kafkaBrokers').split(',');
  const gateway = await connectKafka({ brokers, clientId: 'test', topics, replication: 1 });
  onTestFinished(() => gateway.close());
  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  onTestFinished(() => admin.disconnect());
  const create = async () => createTopic(admin, { topic });
  return { topics, topic, gateway, admin, create };
}

it('a consumer and a follower read a topic that was made again from its start', async () => {
  const { topics, topic, gateway, admin, create } = await setUp('intake');
  const write = async (values: readonly string[]) =>
    gateway.publisher.publish(values.map((value) => ({ topic, value: Buffer.from(value), headers: {} })));
  const [before, after] = [
    Array.from({ length: 3 }, (_, index) => `before-${index}`),
    Array.from({ length: 12 }, (_, index) => `after-${index}`),
  ];

  await create();
  const consumed = new Arrivals<string>();
  const followed = new Arrivals<string>();
  const consumer = gateway.consumer({ groupId: `${topics.prefix}remade`, topics: [topic] });
  onTestFinished(() => consumer.close(0));
  const mayEnd = Promise.withResolvers<void>();
  await consumer.start(async ({ value }, lost) => {
    consumed.add(String(value));
    if (String(value) !== 'before-2') return;
    await mayEnd.promise;
    consumed.add(lost.aborted ? 'aborted' : 'finished');
  });
  const follower = gateway.follower({ topic, from: 'earliest' });
  onTestFinished(() => follower.close());
  await follower.start(({ value }) => followed.add(String(value)));
  await write(before);
  await Promise.all([consumed.until(3), followed.until(3)]);

  await deleteTopic(admin, topic);
  await create();
  await eventually(async () => write(after).then(() => true));

  const hasAll = (seen: readonly string[]) => after.every((value) => seen.includes(value));
  await Promise.all([consumed.until(hasAll), followed.until(hasAll)]);
  // Nobody else can read the record that was in flight.
  mayEnd.resolve();
  expect(await consumed.until((seen) => seen.includes('finished') || seen.includes('aborted'))).toContain('finished');
  expect(consumer.progress()).toMatchObject([{ topic, partition: 0, handedOutTo: 12n }]);
});

it('the ingress writes the documents of a registry again that was deleted', async () => {
  const { topic, gateway, admin, create } = await setUp('registry');
  await create();
  const registry = new Registry({ gateway, verifier: testVerifier });
  onTestFinished(() => registry.close());
  await registry.start();
  const writer = new RegistryWriter({ registry, gateway, signer: testSigner });
  const keeper = new RegistryKeeper({ registry, writer, clock: systemClock, warn: () => undefined });
  onTestFinished(() => keeper.close());
  keeper.start();
  const agency = (name: string): AgencyDocument => ({ kind: 'agency', project: 'p1', name, grants: [] });
  await writer.markSigned();
  await writer.mutate(() => ({ changes: [agency('kept'), agency('removed')] }));
  await writer.mutate(() => ({ changes: [{ delete: registryKey(agency('removed')) }] }));

  await deleteTopic(admin, topic);
  await create();
  const seen = async () => {
    const later = new Registry({ gateway, verifier: testVerifier });
    try {
      await later.start();
      const names = later.list('agency').map(({ name }) => name);
      return { names, isMarked: later.isMarkedSigned, removed: later.revision(registryKey(agency('removed')))?.sequence };
    } finally {
      await later.close();
    }
  };
  const found = await eventually(async () => {
    const now = await seen();
    return now.names.length > 0 && now;
  });
  expect(found).toEqual({ names: ['kept'], isMarked: true, removed: 2 });
  // The keeper's registry may read what was written a moment later.
  await eventually(() => registry.overwrittenKeys.length === 0);
});

it('the ingress writes the redrives again whose topic was deleted', async () => {
  const { topic, gateway, admin, create } = await setUp('redrives');
  await create();
  const start = async () => {
    const log = new RedriveLog(gateway, systemClock, pino({ level: 'silent' }));
    onTestFinished(async () => log.onApplicationShutdown());
    await log.onModuleInit();
    return log;
  };
  const log = await start();
  const spec: RedriveSpec = {
    ...{ id: 'r1', project: 'p1', createdAt: epochMs(1), createdBy: 'token', ratePerSecond: 1, canary: 0 },
    ...{ stopAtShare: 1, selectedMax: 10 },
    selection: { kind: 'failed', statuses: ['FAIL'], beginAt: epochMs(0), endAt: epochMs(1) },
  };
  await log.write({ kind: 'spec', id: 'r1', spec });
  await deleteTopic(admin, topic);
  await create();
  expect(await eventually(async () => (await start()).find('p1', 'r1'))).toEqual({ spec });
});

it('a group commits where it reads on if records were deleted before it read them', async () => {
  const { topics, topic, gateway, admin, create } = await setUp('invocations');
  const groupId = `${topics.prefix}late`;
  await create();
  const write = async (value: string) => gateway.publisher.publish({ topic, value: Buffer.from(value), headers: {} });
  const committed = async (offset: bigint) =>
    eventually(async () => (await gateway.admin.committed(groupId, [topic])).some(({ finishedTo }) => finishedTo === offset));
  const start = async () => {
    const consumer = gateway.consumer({ groupId, topics: [topic] });
    onTestFinished(() => consumer.close(0));
    await consumer.start(async () => undefined);
    return consumer;
  };

  await write('read');
  const first = await start();
  await committed(1n);
  await first.close(1_000);
  for (let index = 0; index < 4; index++) await write(`deleted ${index}`);
  // The client knows the leader only then.
  await admin.fetchTopicOffsets(topic);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '5' }] });
  await start();
  await committed(5n);
});

it('an invocation of the deleted topic ends, and one at the same offset of the new topic waits', async () => {
  const { topics, topic, gateway, admin, create } = await setUp('invocations');
  await create();
  const others = [...topicsReadBy('executor'), ...topicsReadBy('retry-scheduler')].filter((name) => name !== 'invocations');
  await gateway.admin.ensureTopics(
    [...new Set(others)].map((name) => ({ topic: topics.name(name), partitions: 1, isCompacted: false, retentionMs: 3_600_000 })),
  );
  const write = async (count: number): Promise<readonly IncomingRecord[]> => {
    const record = { topic, value: Buffer.from('{}'), headers: {} };
    await eventually(async () => gateway.publisher.publish(Array.from({ length: count }, () => record)).then(() => true));
    return eventually(async () => {
      const records = await gateway.recordsFrom({ topic, partition: 0 }, 0n, count).catch(() => []);
      return records.length >= count ? records : undefined;
    });
  };
  const before = await write(2);
  await deleteTopic(admin, topic);
  await create();
  const after = await write(4);

  const folder = await mkdtemp(join(tmpdir(), 'sendoff-remade-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const clock = new ManualClock(systemClock.now());
  const store = await SqliteStatusStore.open(join(folder, 'status.db'), clock);
  onTestFinished(() => store.close());
  const queued = (name: string, { offset, timestamp: at }: IncomingRecord) => ({
    ...({ kind: 'queued', requestId: `${name} ${offset}`, functionUrn: builtUrn, project: 'p1', acceptedAt: at } as const),
    ...{ attempt: 1, lastError: '', place: { topic: 'invocations', partition: 0, offset: Number(offset), at } as const },
  });
  const events = [...before.map((one) => queued('before', one)), ...after.map((one) => queued('after', one))];
  await store.fold(events, async () => undefined);
  await clock.advance(660_000);
  const counter = { inc: () => undefined };
  const lost = new LostRecords(store, gateway, counter, { add: () => undefined });
  await new VanishedRecords(store, gateway, async () => true, clock, pino({ level: 'silent' }), lost).endVanished();
  const waiting = await store.notOver(Number.MAX_SAFE_INTEGER, 10);
  expect(waiting.map(({ requestId }) => requestId)).toEqual(after.map(({ offset }) => `after ${offset}`));
});
