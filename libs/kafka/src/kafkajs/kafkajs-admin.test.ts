/**
 * Goal: a question of the admin waits for no answer that it does not need. Method: scripted brokers
 * under a real gateway.
 */
import { expect, it, onTestFinished } from 'vitest';
import { Topics } from '#contracts';
import { Arrivals, eventually, ScriptedBrokers } from '#testing';
import { connectKafka } from './connect-kafka.ts';

const groupId = 'g';

it('tells the commits of a group while no broker tells metadata', async () => {
  const brokers = await ScriptedBrokers.start({ brokers: 1, topics: { a: [1], b: [1], other: [1] } });
  const gateway = await connectKafka({ brokers: brokers.addresses, clientId: 'test', topics: new Topics('t.'), replication: 1 });
  onTestFinished(async () => {
    await gateway.close();
    await brokers.stop();
  });
  const read = new Arrivals<string>();
  const consumer = gateway.consumer({ groupId, topics: ['a', 'other'] });
  await consumer.start(async ({ value }) => read.add(String(value)));
  const aRecord = (topic: string) => ({ topic, partition: 0, value: Buffer.from(topic), headers: {} });
  await gateway.publisher.publish([aRecord('a'), aRecord('other')]);
  await read.until(2);
  await consumer.close(1_000);
  await eventually(() => ['a', 'other'].every((topic) => brokers.committed(groupId, topic, 0) === 1n));
  brokers.script('Metadata', async () => 'close');
  expect(await gateway.admin.committed(groupId, ['a', 'b'])).toEqual([{ topic: 'a', partition: 0, finishedTo: 1n }]);
  expect(await gateway.admin.committed('nobody', ['a', 'b'])).toEqual([]);
  expect(await gateway.admin.committed(groupId, [])).toEqual([]);
});
