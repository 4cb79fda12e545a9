/**
 * Goal: no topic that exists already loses records in silence, and no producer decides how long its
 * record is kept.
 * Method: topics with other settings are made as an administrator, or the brokers themselves, would
 * make them. Then a service checks its topics as at its start.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs, { type Admin } from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { startBroker } from '#broker';
import { Topics, topicsUsedBy } from '#contracts';
import { connectKafka, type KafkaGateway, topicSpecs } from '#kafka';
import { eventually } from '#testing';

type Line = readonly [level: string, message: string];

const dayMs = 86_400_000;
let admin: Admin;
let topics: Topics;
let gateway: KafkaGateway;
let lines: Line[];

const connect = async (brokers: string, replication = 1): Promise<KafkaGateway> =>
  connectKafka({
    brokers: [brokers],
    clientId: 'topics',
    topics,
    replication,
    log: (level, message) => lines.push([level, message]),
  });

beforeAll(async () => {
  admin = new kafkajs.Kafka({ brokers: [inject('kafkaBrokers')], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
});
beforeEach(async () => {
  topics = new Topics(`existing-${randomUUID().slice(0, 8)}.`);
  lines = [];
  gateway = await connect(inject('kafkaBrokers'));
});
afterEach(() => gateway.close());
afterAll(() => admin.disconnect());

/** Makes and checks topics, as a service does when it starts. */
const start = async (): Promise<void> => {
  const specs = topicSpecs(topics, 2, topicsUsedBy('ingress'));
  await gateway.admin.ensureTopics(specs);
  await gateway.admin.checkTopics(specs);
};

const make = async (topic: string, numPartitions: number, config: Readonly<Record<string, string>>): Promise<void> => {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions, configEntries }] });
  await eventually(async () => (await gateway.admin.ends(topic)).length === numPartitions);
};

const configOf = async (topic: string): Promise<Readonly<Record<string, string>>> => {
  const { resources } = await admin.describeConfigs({ resources: [{ type: 2, name: topic }], includeSynonyms: false });
  return Object.fromEntries(resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]) ?? []);
};

/** Waits until the broker shows these settings: a change takes a moment to reach it. */
const shows = async (topic: string, expected: Readonly<Record<string, string>>): Promise<void> =>
  eventually(async () => {
    expect(await configOf(topic)).toMatchObject(expected);
    return true;
  }).then(() => undefined);

describe('a topic that exists with other settings', () => {
  it('is corrected: a registry that the brokers made keeps its documents, and its other settings', async () => {
    const registry = topics.name('registry');
    await make(registry, 1, { 'segment.bytes': '2097152' });
    await start();
    await shows(registry, {
      'cleanup.policy': 'compact',
      'retention.ms': '-1',
      'min.compaction.lag.ms': String(7 * dayMs),
      'message.timestamp.type': 'LogAppendTime',
      'segment.bytes': '2097152',
    });
    const [level, message] = lines.find(([, text]) => text.includes(registry)) ?? expect.fail();
    expect(level).toBe('warn');
    expect(message).toContain(`topic ${registry} has cleanup.policy=delete, and needs compact`);
  });

  it('is corrected: work topics keep records for their time, and records of every size', async () => {
    const [intake, settlements] = [topics.name('intake'), topics.name('settlements')];
    await make(intake, 2, { 'retention.ms': '60000', 'cleanup.policy': 'compact' });
    await make(settlements, 2, { 'max.message.bytes': '100000', 'retention.ms': String(30 * dayMs) });
    await start();
    await shows(intake, {
      'cleanup.policy': 'delete',
      'retention.ms': String(3 * dayMs),
      'message.timestamp.type': 'LogAppendTime',
    });
    await shows(settlements, { 'max.message.bytes': '1000061', 'retention.ms': String(30 * dayMs) });
  });

  it('is corrected: a registry with a bound for compaction, which the lag of compaction must not pass', async () => {
    const registry = topics.name('registry');
    await make(registry, 1, { 'max.compaction.lag.ms': String(dayMs) });
    await start();
    await shows(registry, { 'min.compaction.lag.ms': String(7 * dayMs), 'max.compaction.lag.ms': String(7 * dayMs) });
  });

  it('is left alone where its settings suit, and nothing is logged', async () => {
    await start();
    lines.length = 0;
    await start();
    expect(lines.filter(([level]) => level !== 'debug')).toEqual([]);
  });

  it('only warns of a limit in bytes, which may protect a disk, and of fewer partitions', async () => {
    const intake = topics.name('intake');
    await make(intake, 1, { 'retention.bytes': '1073741824' });
    await start();
    const command = `kafka-configs.sh --bootstrap-server ${inject('kafkaBrokers')} --alter --entity-type topics --entity-name ${intake}`;
    expect(lines).toContainEqual([
      'warn',
      `topic ${intake} has retention.bytes=1073741824, and needs -1. Run: ${command} --add-config retention.bytes=-1`,
    ]);
    expect(lines.map(([, text]) => text)).toContainEqual(
      expect.stringContaining(`topic ${intake} has 1 partitions, and needs 2. To add some, run: kafka-topics.sh`),
    );
    expect(await configOf(intake)).toMatchObject({ 'retention.bytes': '1073741824' });
  });
});

describe('a topic that the brokers refuse to create', () => {
  it('is named with their reason, and the start is refused', async () => {
    const intake = topics.name('intake');
    await make(intake.replaceAll('.', '_'), 1, {});
    await expect(start()).rejects.toMatchObject({
      code: 'TOPIC_UNSUITABLE',
      message: expect.stringMatching(new RegExp(`topic ${intake}: Topic '${intake}' collides with existing topic`)),
    });
  });

  it('is named with the setting, if there are fewer brokers than replicas: others may still start', async () => {
    await gateway.close();
    gateway = await connect(inject('kafkaBrokers'), 3);
    await expect(start()).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
      message: expect.stringMatching(/topic existing-\S+: .* replication factor .*\. KAFKA_REPLICATION is 3/),
    });
  });
});

describe('a topic that exists with more partitions', () => {
  it('is refused where its records must be in one order: nothing is changed, and the error says what to do', async () => {
    const registry = topics.name('registry');
    await make(registry, 3, {});
    await expect(start()).rejects.toMatchObject({
      code: 'TOPIC_UNSUITABLE',
      message: expect.stringMatching(
        new RegExp(
          `topic ${registry} has 3 partitions, and needs 1\\. Kafka cannot remove partitions\\..*kafka-topics.sh .*--delete`,
        ),
      ),
    });
    expect(await configOf(registry)).toMatchObject({ 'cleanup.policy': 'delete' });
  });

  it('is used where it may grow', async () => {
    await make(topics.name('intake'), 5, {});
    await make(topics.name('rejects'), 3, {});
    await start();
    expect(await gateway.admin.ends(topics.name('intake'))).toHaveLength(5);
  });
});

describe('a record that its producer dates back by a week', () => {
  it('stays in the intake, although the broker sweeps', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'sendoff-sweeps-'));
    const sweeping = { 'log.retention.check.interval.ms': '500', 'log.initial.task.delay.ms': '500' };
    const broker = await startBroker({ dataDir, isShortLived: true, properties: sweeping });
    const client = new kafkajs.Kafka({ brokers: [broker.bootstrapServers], logLevel: kafkajs.logLevel.NOTHING });
    const [producer, ofBroker] = [client.producer(), client.admin()];
    const there = await connect(broker.bootstrapServers);
    try {
      const intake = topics.name('intake');
      const swept = { topic: 'swept', partitions: 1, isCompacted: false, retentionMs: 3 * dayMs };
      const specs = [...topicSpecs(topics, 1, ['intake']), swept];
      await there.admin.ensureTopics(specs);
      await Promise.all([producer.connect(), ofBroker.connect()]);
      const timestamp = String(Date.now() - 7 * dayMs);
      await producer.send({ topic: intake, messages: [{ value: '{}', timestamp }] });
      // The other topic shows when a sweep has passed over both. It is written last, and keeps the
      // time of the producer.
      await producer.send({ topic: swept.topic, messages: [{ value: '{}', timestamp }] });
      const startOf = async (topic: string) => (await there.admin.ends(topic))[0]?.start;
      await eventually(async () => (await startOf(swept.topic)) === 1n, { deadlineMs: 30_000, pauseMs: 100 });
      expect(await startOf(intake)).toBe(0n);
    } finally {
      await Promise.allSettled([there.close(), producer.disconnect(), ofBroker.disconnect()]);
      await broker.stop();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 10 });
    }
  });
});
