/**
 * Goal: while a closing consumer still works on records, its commits say that it owns them. If its
 * process dies in that time, the next owner learns of it.
 * Method: one record is finished and one is held during the close. The commits are read with plain
 * kafkajs.
 */
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { expect, inject, it } from 'vitest';
import { Topics } from '#contracts';
import { connectKafka } from '#kafka';
import { eventually } from '#testing';

it('a consumer that drains keeps its mark until its last record is finished', async () => {
  const brokers = inject('kafkaBrokers').split(',');
  const gateway = await connectKafka({ brokers, clientId: 'marks', topics: new Topics('p.'), replication: 1 });
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topic = `marks-${randomUUID()}`;
  const groupId = `group-${topic}`;
  await gateway.admin.ensureTopics([{ topic, partitions: 1, isCompacted: false, retentionMs: 60_000 }]);
  await gateway.publisher.publish(['first', 'second'].map((value) => ({ topic, value: Buffer.from(value), headers: {} })));
  const committed = async () => (await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions[0];
  const marked = /^o1:[0-9a-f]{12};/;

  const consumer = gateway.consumer({ groupId, topics: [topic], tellsInterruptions: true });
  let finishSecond: () => void = () => undefined;
  const second = new Promise<void>((resolve) => (finishSecond = resolve));
  let begun: () => void = () => undefined;
  const bothBegun = new Promise<void>((resolve) => (begun = resolve));
  await consumer.start(async ({ value }) => {
    if (String(value) === 'first') return;
    begun();
    await second;
  });
  await bothBegun;
  const closed = consumer.close(20_000);
  const whileDraining = await eventually(async () => {
    const commit = await committed();
    return commit?.offset === '1' && commit;
  });
  expect(String(whileDraining.metadata)).toMatch(marked);
  finishSecond();
  await closed;
  const afterwards = await committed();
  expect(afterwards?.offset).toBe('2');
  expect(String(afterwards?.metadata)).not.toMatch(marked);
  await admin.disconnect();
  await gateway.close();
});
