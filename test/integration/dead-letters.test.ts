/**
 * Goal: a tool that knows Spring's dead-letter headers can write a dead letter back to its origin.
 * A tool that knows CloudEvents can read it. Method: records on a real broker. A plain Kafka client
 * that sees bytes reads them and writes them back.
 */
import { randomUUID } from 'node:crypto';
import { type IHeaders, Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import { expect, inject, it, onTestFinished } from 'vitest';
import { PlatformError, Topics } from '#contracts';
import { connectKafka } from '#kafka';
import { Arrivals } from '#testing';
import { ClusterTools, text } from '../../libs/kafka/src/conformance/cluster-tools.conformance.ts';

const brokers = inject('kafkaBrokers').split(',');
const tools = new ClusterTools(async () => {
  const topics = new Topics(`t${randomUUID().slice(0, 8)}.`);
  return { topics, connect: (hooks) => connectKafka({ brokers, clientId: 'letters', topics, replication: 1, ...hooks }) };
});
const client = new Kafka({ brokers, clientId: 'a-tool', logLevel: logLevel.NOTHING });

/** The records of a topic as another program sees them. */
async function read(topic: string): Promise<Arrivals<KafkaMessage>> {
  const consumer = client.consumer({ groupId: randomUUID() });
  onTestFinished(() => consumer.disconnect());
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const seen = new Arrivals<KafkaMessage>();
  await consumer.run({ eachMessage: async ({ message }) => seen.add(message) });
  return seen;
}

async function write(
  topic: string,
  partition: number,
  message: { value: Buffer | string; headers: IHeaders; key?: Buffer | null },
) {
  const producer = client.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ ...message, partition }] });
  await producer.disconnect();
}

const bytes = (message: KafkaMessage | undefined, name: string): Buffer => {
  const value = message?.headers?.[name];
  return Buffer.isBuffer(value) ? value : expect.fail(`header ${name} is not there once`);
};

it('names its origin as Spring does, is a CloudEvent, and can be written back', async () => {
  const topic = await tools.aTopic(2);
  const groupId = randomUUID();
  const handled = new Arrivals<string>();
  let isMended = false;
  await tools.consume({ topics: [topic], groupId }, async (record) => {
    if (!isMended) throw new PlatformError('CONTRACT_VIOLATED', { details: { reason: 'the value is ü' } });
    handled.add(`${record.partition} ${record.key} ${text(record)} ${record.headers['own']}`);
  });
  const rejects = await read(tools.topics.name('rejects'));
  await write(topic, 1, {
    key: Buffer.from('k'),
    value: '{"a":1}',
    headers: { own: 'kept', 'content-type': 'application/json' },
  });
  await rejects.until(1);
  const letter = rejects.items[0];
  const spring = (name: string) => bytes(letter, `kafka_dlt-${name}`);
  expect(spring('original-topic').toString()).toBe(topic);
  expect([...spring('original-partition')]).toEqual([0, 0, 0, 1]);
  expect([...spring('original-offset')]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  expect(spring('original-timestamp').length).toBe(8);
  expect(Math.abs(Number(spring('original-timestamp').readBigInt64BE()) - Date.now())).toBeLessThan(120_000);
  expect(spring('original-timestamp-type').toString()).toBe('LogAppendTime');
  expect(spring('original-consumer-group').toString()).toBe(groupId);
  expect(spring('exception-fqcn').toString()).toBe('dev.sendoff.CONTRACT_VIOLATED');
  expect(spring('exception-message').toString()).toBe('CONTRACT_VIOLATED: the value is ü');
  expect(
    Object.fromEntries(['specversion', 'id', 'source', 'type'].map((name) => [name, String(bytes(letter, `ce_${name}`))])),
  ).toEqual({
    specversion: '1.0',
    id: `${topic}/1/0`,
    source: `/topics/${topic}`,
    type: 'dev.sendoff.record.rejected',
  });
  expect(String(bytes(letter, 'ce_time'))).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(String(bytes(letter, 'content-type'))).toBe('application/json');

  isMended = true;
  const { key, value, headers = {} } = letter ?? expect.fail('no dead letter');
  const back = { key, value: value ?? Buffer.alloc(0), headers };
  await write(spring('original-topic').toString(), spring('original-partition').readInt32BE(), back);
  expect(await handled.until(1)).toEqual(['1 k {"a":1} kept']);
}, 60_000);

it('keeps the attributes of an event, and has the place of the last failure only', async () => {
  const topic = await tools.aTopic();
  await tools.consume({ topics: [topic] }, async () => Promise.reject(new PlatformError('CONTRACT_VIOLATED')));
  const rejects = await read(tools.topics.name('rejects'));
  const event = { ce_specversion: '1.0', ce_id: 'mine', ce_source: '/shop', ce_type: 'order' };
  await write(topic, 0, { value: 'x', headers: event });
  const mine = (seen: readonly KafkaMessage[]) =>
    seen.filter(({ headers }) => String(headers?.['kafka_dlt-original-topic']) === topic);
  await rejects.until((seen) => mine(seen).length === 1);
  const first = mine(rejects.items)[0] ?? expect.fail('no dead letter');
  await write(topic, 0, { value: 'x', headers: first.headers ?? {} });
  await rejects.until((seen) => mine(seen).length === 2);
  const again = mine(rejects.items)[1];
  for (const [name, value] of Object.entries(event)) expect(String(bytes(again, name))).toBe(value);
  expect([...bytes(again, 'kafka_dlt-original-offset')]).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
}, 60_000);
