/**
 * Goal: a partition that is added to a topic is read by every kind of reader from its first record
 * on. Method: a real broker; each reader is there before the partition is.
 */
import { randomUUID } from 'node:crypto';
import { Controller } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import kafkajs from 'kafkajs';
import { expect, inject, it, onTestFinished } from 'vitest';
import { type IncomingRecord, Topics } from '#contracts';
import { connectKafka } from '#kafka';
import { OnRecord, SendoffStrategy } from '#kafka/strategy';
import { Arrivals, eventually, ManualClock } from '#testing';

/** Gives a topic of one partition a second one. */
async function addPartition(topic: string, brokers: string[]): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  onTestFinished(() => admin.disconnect());
  await admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] });
}

/** Values that the service of a test has read. */
let read: string[] = [];

@Controller()
class ReadingController {
  @OnRecord('cancellations')
  async onRecord({ value }: IncomingRecord): Promise<void> {
    read.push(String(value));
  }
}

it('whoever catches up waits for a record in a partition that was added just before', async () => {
  read = [];
  const topics = new Topics(`t${randomUUID().slice(0, 8)}.`);
  const topic = topics.name('cancellations');
  const brokers = inject('kafkaBrokers').split(',');
  const connect = () => connectKafka({ brokers, clientId: 'growth', topics, replication: 1 });
  const gateway = await connect();
  onTestFinished(() => gateway.close());
  await gateway.admin.ensureTopics([{ topic, partitions: 1, isCompacted: false, retentionMs: 3_600_000 }]);
  const strategy: SendoffStrategy = new SendoffStrategy({
    gateway,
    groupId: `${topics.prefix}growth`,
    drainMs: 0,
    clock: new ManualClock(),
    progressElsewhere: async () => strategy.progress(),
  });
  const module = await Test.createTestingModule({ controllers: [ReadingController] }).compile();
  const app = module.createNestMicroservice({ strategy, logger: false });
  onTestFinished(() => app.close());
  strategy.use(app);
  await app.listen();
  expect(await strategy.caughtUp(5_000)).toBe(true);

  await addPartition(topic, brokers);
  // A publisher that starts now knows both partitions.
  const writer = await connect();
  onTestFinished(() => writer.close());
  await eventually(() =>
    writer.publisher.publish({ topic, partition: 1, value: Buffer.from('new'), headers: {} }).then(() => true),
  );
  expect([await strategy.caughtUp(10_000), read]).toEqual([true, ['new']]);
}, 30_000);

it('a consumer, a follower and the ends of a topic see a partition that is added', async () => {
  const topics = new Topics(`t${randomUUID().slice(0, 8)}.`);
  const topic = topics.name('cancellations');
  const brokers = inject('kafkaBrokers').split(',');
  const connect = () => connectKafka({ brokers, clientId: 'growth', topics, replication: 1, metadataAgeMaxMs: 500 });
  const gateway = await connect();
  onTestFinished(() => gateway.close());
  await gateway.admin.ensureTopics([{ topic, partitions: 1, isCompacted: false, retentionMs: 3_600_000 }]);
  const consumed = new Arrivals<string>();
  const followed = new Arrivals<string>();
  // Two members: the leader of the group deals the new partition out, perhaps to the other one.
  for (const _member of [1, 2]) {
    const consumer = gateway.consumer({ groupId: `${topics.prefix}growth`, topics: [topic] });
    onTestFinished(() => consumer.close(0));
    await consumer.start(async ({ value }) => consumed.add(String(value)));
  }
  const follower = gateway.follower({ topic, from: 'earliest' });
  onTestFinished(() => follower.close());
  await follower.start(({ value }) => followed.add(String(value)));

  await addPartition(topic, brokers);
  // A publisher that starts now knows both partitions.
  const writer = await connect();
  onTestFinished(() => writer.close());
  await eventually(() =>
    writer.publisher.publish({ topic, partition: 1, value: Buffer.from('new'), headers: {} }).then(() => true),
  );

  expect(await consumed.until(1)).toEqual(['new']);
  expect(await followed.until(1)).toEqual(['new']);
  await eventually(async () => (await gateway.admin.ends(topic)).some(({ partition, end }) => partition === 1 && end === 1n));
});
