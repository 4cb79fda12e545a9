/**
 * Goal: while a broker is down no write hangs, no record is lost, and no service needs a restart.
 * Method: a broker of its own is stopped and started again under a publisher, a consumer and a
 * follower.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Topics } from '#contracts';
import { type BrokerOptions, type RunningBroker, startBroker } from '#broker';
import { connectKafka, type KafkaGateway } from '#kafka';
import { Arrivals, eventually } from '#testing';

const publishTimeoutMs = 2_000;
const topic = 'outage.work';
const fatal: string[] = [];
let dataDir: string;
let options: BrokerOptions;
let broker: RunningBroker;
let gateway: KafkaGateway;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sendoff-outage-'));
  options = { dataDir, isShortLived: true };
  broker = await startBroker(options);
  options = { ...options, port: Number(broker.bootstrapServers.split(':')[1]) };
  gateway = await connectKafka({
    brokers: [broker.bootstrapServers],
    clientId: 'outage',
    topics: new Topics('outage.'),
    replication: 1,
    publishTimeoutMs,
    onFatal: (error) => fatal.push(error.message),
  });
  await gateway.admin.ensureTopics([{ topic, partitions: 2, isCompacted: false, retentionMs: 3_600_000 }]);
});
afterAll(async () => {
  await gateway?.close();
  await broker?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const publish = (value: string) => gateway.publisher.publish({ topic, key: value, value: Buffer.from(value), headers: {} });

/** Publishes until it passes, as every caller of the platform does. */
async function publishUntilAcknowledged(value: string): Promise<void> {
  for (const deadlineAt = performance.now() + 30_000; ; ) {
    try {
      return await publish(value);
    } catch (error) {
      if (performance.now() > deadlineAt) throw error;
    }
  }
}

describe('a restart of the broker', () => {
  it('fails writes in time, and consumers and followers go on at their positions', { timeout: 120_000 }, async () => {
    const handled = new Arrivals<string>();
    const followed = new Arrivals<string>();
    const consumer = gateway.consumer({ groupId: randomUUID(), topics: [topic] });
    const follower = gateway.follower({ topic, from: 'earliest' });
    await consumer.start(async ({ value }) => handled.add(String(value)));
    await follower.start(({ value }) => followed.add(String(value)));
    for (let index = 0; index < 50; index += 1) await publish(`before-${index}`);
    await handled.until(50);

    await broker.stop();
    const startedAt = performance.now();
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => publish(`lost-${index}`)));
    expect(performance.now() - startedAt).toBeLessThan(publishTimeoutMs + 1_000);
    expect(new Set(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'acknowledged')))).toEqual(
      new Set(['BROKER_UNAVAILABLE']),
    );
    expect(gateway.isConnected()).toBe(false);
    await expect(follower.caughtUp(500)).rejects.toMatchObject({ code: 'REGISTRY_BEHIND' });

    broker = await startBroker(options);
    for (let index = 0; index < 50; index += 1) await publishUntilAcknowledged(`after-${index}`);
    expect(gateway.isConnected()).toBe(true);
    const all = (items: readonly string[]) => items.filter((value) => value.startsWith('after-')).length >= 50;
    await handled.until(all);
    await followed.until(all);
    await follower.caughtUp(5_000);
    expect(new Set(followed.items).size).toBe(followed.items.length);
    expect(fatal).toEqual([]);
    await consumer.close(1_000);
    await follower.close();
  });
});

describe('a deleted topic', () => {
  it('fails its own writes only, and is read from its start when it is created again', { timeout: 60_000 }, async () => {
    const [mortal, other] = ['outage.mortal', 'outage.other'];
    const specs = [mortal, other].map((name) => ({ topic: name, partitions: 1, isCompacted: false, retentionMs: 3_600_000 }));
    const write = (name: string, value: string) =>
      gateway.publisher.publish({ topic: name, value: Buffer.from(value), headers: {} });
    await gateway.admin.ensureTopics(specs);
    const handled = new Arrivals<string>();
    const followed = new Arrivals<string>();
    const consumer = gateway.consumer({ groupId: randomUUID(), topics: [mortal] });
    const follower = gateway.follower({ topic: mortal, from: 'earliest' });
    await consumer.start(async ({ value }) => handled.add(String(value)));
    await follower.start(({ value }) => followed.add(String(value)));
    await write(other, 'known');
    for (let index = 0; index < 20; index += 1) await write(mortal, `old-${index}`);
    await Promise.all([handled.until(20), followed.until(20)]);

    const admin = new kafkajs.Kafka({ brokers: [broker.bootstrapServers], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [mortal] });
    await admin.disconnect();
    // The controller answers before the broker has deleted the topic. Until then the broker accepts
    // writes to it.
    const [gone, kept] = await eventually(async () => {
      const both = await Promise.allSettled([write(mortal, 'gone'), write(other, 'kept')]);
      return both[0].status === 'rejected' ? both : undefined;
    });
    expect(gone).toMatchObject({ status: 'rejected', reason: { code: 'BROKER_UNAVAILABLE' } });
    expect(kept.status).toBe('fulfilled');

    await gateway.admin.ensureTopics(specs);
    await write(mortal, 'new');
    await handled.until((items) => items.includes('new'));
    await followed.until((items) => items.includes('new'));
    expect(fatal).toEqual([]);
    await consumer.close(0);
    await follower.close();
  });
});

describe('a handler that takes many session timeouts', () => {
  it('keeps its partition and is not run twice, although nothing is fetched meanwhile', { timeout: 60_000 }, async () => {
    const sessionTimeoutMs = 1_500;
    const slow = 'outage.slow';
    await gateway.admin.ensureTopics([{ topic: slow, partitions: 1, isCompacted: false, retentionMs: 3_600_000 }]);
    const consumer = gateway.consumer({ groupId: randomUUID(), topics: [slow], partitionRecordsMax: 1, sessionTimeoutMs });
    const started = new Arrivals<AbortSignal>();
    let finish = (): void => undefined;
    await consumer.start((_record, signal) => {
      started.add(signal);
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    for (const value of ['a', 'b']) await gateway.publisher.publish({ topic: slow, value: Buffer.from(value), headers: {} });
    await started.until(1);
    // Time itself is what is tested here: a member that is silent this long loses its partitions.
    await delay(5 * sessionTimeoutMs);
    expect(started.items.map(({ aborted }) => aborted)).toEqual([false]);
    finish();
    await started.until(2);
    await consumer.close(0);
  });
});
