/**
 * Goal: a partition that is added to a topic is read by every kind of reader from its first record
 * on. Method: a real broker; each reader is there before the partition is.
 */
import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { expect, inject, it, onTestFinished } from 'vitest';
import { Topics } from '#contracts';
import { connectKafka } from '#kafka';
import { Arrivals, eventually } from '#testing';

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

  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  onTestFinished(() => admin.disconnect());
  await admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] });
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
