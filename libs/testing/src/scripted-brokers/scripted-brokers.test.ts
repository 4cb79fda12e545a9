/**
 * Goal: scripted brokers behave as real ones until a test says otherwise. Method: the real client.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Topics } from '#contracts';
import { connectKafka, type KafkaGateway } from '#kafka';
import { Arrivals, eventually, ScriptedBrokers } from '#testing';

let brokers: ScriptedBrokers;
let gateway: KafkaGateway;

beforeEach(async () => {
  brokers = await ScriptedBrokers.start({ brokers: 2, topics: { a: [1, 2] } });
  gateway = await connectKafka({
    brokers: brokers.addresses,
    clientId: 'test',
    topics: new Topics('t.'),
    replication: 1,
    publishTimeoutMs: 300,
  });
});
afterEach(async () => {
  await gateway.close();
  await brokers.stop();
});

const aRecord = (value: string, partition: number) => ({ topic: 'a', partition, value: Buffer.from(value), headers: {} });

describe('ScriptedBrokers', () => {
  it('take records, hand them to a group and keep its commits', async () => {
    const arrivals = new Arrivals<string>();
    const consumer = gateway.consumer({ groupId: 'g', topics: ['a'] });
    await consumer.start(async ({ value }) => arrivals.add(String(value)));
    await gateway.publisher.publish([aRecord('x', 0), aRecord('y', 1)]);
    expect((await arrivals.until(2)).toSorted()).toEqual(['x', 'y']);
    await eventually(() => [0, 1].every((partition) => brokers.committed('g', 'a', partition) === 1n));
    await consumer.close(1_000);
  });

  it('create topics that metadata shows then', async () => {
    await gateway.admin.ensureTopics([{ topic: 'b', partitions: 3, isCompacted: false, retentionMs: 1_000 }]);
    expect(await gateway.admin.ends('b')).toHaveLength(3);
  });

  it('take a record and throw its answer away', async () => {
    brokers.script('Produce', async (_received, usual) => {
      await usual();
      return 'silence';
    });
    await expect(gateway.publisher.publish(aRecord('x', 0))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    expect(brokers.log('a', 0).holds('x')).toBe(true);
  });

  it('answer nothing while they are frozen, and everything after the thaw', async () => {
    await gateway.publisher.publish(aRecord('before', 1));
    brokers.freeze(2);
    await expect(gateway.publisher.publish(aRecord('meanwhile', 1))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    expect(brokers.log('a', 1).end).toBe(1n);
    brokers.thaw(2);
    await eventually(() => brokers.log('a', 1).holds('meanwhile'));
  });
});
