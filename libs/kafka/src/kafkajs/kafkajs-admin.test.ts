/**
 * Goal: a question of the admin waits for no answer that it does not need, and fails for no topic
 * that it is not about. Method: scripted brokers under a real gateway.
 */
import { expect, it, onTestFinished } from 'vitest';
import { Topics } from '#contracts';
import { Arrivals, eventually, ScriptedBrokers } from '#testing';
import { connectKafka } from './connect-kafka.ts';

const groupId = 'g';
const notAllowed = 29;
const aRecord = (topic: string) => ({ topic, partition: 0, value: Buffer.from(topic), headers: {} });

async function start(topics: Readonly<Record<string, readonly number[]>>) {
  const brokers = await ScriptedBrokers.start({ brokers: 2, topics });
  const gateway = await connectKafka({ brokers: brokers.addresses, clientId: 'test', topics: new Topics('t.'), replication: 1 });
  onTestFinished(async () => {
    await gateway.close();
    await brokers.stop();
  });
  return { brokers, gateway };
}

it('tells the commits of a group while no broker tells metadata', async () => {
  const { brokers, gateway } = await start({ a: [1], b: [1], other: [1] });
  const read = new Arrivals<string>();
  const consumer = gateway.consumer({ groupId, topics: ['a', 'other'] });
  await consumer.start(async ({ value }) => read.add(String(value)));
  await gateway.publisher.publish([aRecord('a'), aRecord('other')]);
  await read.until(2);
  await consumer.close(1_000);
  await eventually(() => ['a', 'other'].every((topic) => brokers.committed(groupId, topic, 0) === 1n));
  brokers.script('Metadata', async () => 'close');
  expect(await gateway.admin.committed(groupId, ['a', 'b'])).toEqual([{ topic: 'a', partition: 0, finishedTo: 1n }]);
  expect(await gateway.admin.committed('nobody', ['a', 'b'])).toEqual([]);
  expect(await gateway.admin.committed(groupId, [])).toEqual([]);
});

it('tells of a topic although another one that it told of before is hidden from the account now', async () => {
  const { brokers, gateway } = await start({ a: [1], hidden: [1] });
  const [readable, hidden] = [
    { topic: 'a', partition: 0 },
    { topic: 'hidden', partition: 0 },
  ];
  await gateway.publisher.publish([aRecord('a'), aRecord('hidden')]);
  for (const { topic, partition } of [readable, hidden]) {
    expect(await gateway.admin.ends(topic)).toEqual([{ partition, start: 0n, end: 1n }]);
    expect(await gateway.recordsFrom({ topic, partition }, 0n, 10)).toHaveLength(1);
  }
  brokers.script('Metadata', async (_received, usual) => {
    const whole = await usual();
    const topics = whole.topics.map((one) => (one.topic === 'hidden' ? { ...one, errorCode: notAllowed, partitions: [] } : one));
    return { ...whole, topics };
  });
  brokers.lead('a', 0, 2);
  const denied = { code: 'BROKER_ACCESS_DENIED' };
  for (let times = 1; times <= 2; times += 1) {
    expect(await gateway.admin.ends('a')).toHaveLength(1);
    await expect(gateway.admin.ends('hidden')).rejects.toMatchObject(denied);
  }
  expect(await gateway.recordsFrom(readable, 0n, 10)).toHaveLength(1);
});
