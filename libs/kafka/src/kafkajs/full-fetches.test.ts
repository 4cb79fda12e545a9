/**
 * Goal: a reader that asks for full fetches gets single records at once while few come. Brokers
 * hold a fetch no longer than its reader can wait. Method: scripted brokers; the least bytes and
 * the longest wait of each fetch are read from the requests.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Topics } from '#contracts';
import { Arrivals, eventually, ScriptedBrokers } from '#testing';
import type { KafkaGateway } from '../ports.ts';
import { connectKafka } from './connect-kafka.ts';

const topic = 'a';
const other = 'b';
const full = 1_000_000;

let brokers: ScriptedBrokers;
let gateway: KafkaGateway;
beforeEach(async () => {
  brokers = await ScriptedBrokers.start({ brokers: 1, topics: { [topic]: [1], [other]: [1] } });
  gateway = await connectKafka({ brokers: brokers.addresses, clientId: 'test', topics: new Topics('t.'), replication: 1 });
});
afterEach(async () => {
  await gateway.close();
  await brokers.stop();
});

const waits = () => brokers.received('Fetch').map(({ request }) => request.waitMs);

const bytesMin = () => brokers.received('Fetch').map(({ request }) => request.bytesMin);

it('asks for full fetches only while many records come', async () => {
  const seen = new Arrivals<string>();
  const consumer = gateway.consumer({ groupId: 'g', topics: [topic], fetchBytesMin: full, fetchWaitMs: 50 });
  await consumer.start(async ({ value }) => seen.add(String(value)));
  const publish = async (count: number) =>
    gateway.publisher.publish(Array.from({ length: count }, () => ({ topic, value: Buffer.from('x'), headers: {} })));
  await publish(1);
  await seen.until(1);
  expect(new Set(bytesMin())).toEqual(new Set([1]));
  await publish(5_000);
  await eventually(() => bytesMin().at(-1) === full);
  await eventually(() => bytesMin().at(-1) === 1);
  await consumer.close(500);
});

it('asks for first records while somebody waits, however many come', async () => {
  const consumer = gateway.consumer({ groupId: 'g', topics: [topic], fetchBytesMin: full, fetchWaitMs: 50 });
  await consumer.start(async () => undefined);
  const records = Array.from({ length: 5_000 }, () => ({ topic, value: Buffer.from('x'), headers: {} }));
  await gateway.publisher.publish(records);
  await eventually(() => bytesMin().at(-1) === full);
  consumer.readAtOnce();
  const before = bytesMin().length;
  await gateway.publisher.publish(records);
  // The fetch that was on its way may still be a full one.
  await eventually(() => bytesMin().length > before + 3);
  expect(new Set(bytesMin().slice(before + 1, before + 3))).toEqual(new Set([1]));
  await consumer.close(500);
});

it('waits longer for records while none come', async () => {
  const seen = new Arrivals<string>();
  const consumer = gateway.consumer({ groupId: 'g', topics: [topic], fetchWaitMs: 50 });
  await consumer.start(async ({ value }) => seen.add(String(value)));
  await eventually(() => waits()[0] === 50);
  await eventually(() => waits().at(-1) === 300);
  await gateway.publisher.publish({ topic, value: Buffer.from('x'), headers: {} });
  await seen.until(1);
  await eventually(() => waits().at(-1) === 50);
  await consumer.close(500);
});

it('waits shortly while it is busy and partitions are paused, which may be read on at any time', async () => {
  const ends: (() => void)[] = [];
  const consumer = gateway.consumer({ groupId: 'g', topics: [topic, other], fetchWaitMs: 50, partitionRecordsMax: 10 });
  await consumer.start(async () => new Promise<void>((resolve) => ends.push(resolve)));
  const records = Array.from({ length: 5_000 }, () => ({ topic, value: Buffer.from('x'), headers: {} }));
  await gateway.publisher.publish(records);
  await eventually(() => waits().at(-1) === 20);
  // Nothing comes of the records in hand for long.
  await eventually(() => waits().at(-1) === 50);
  expect(ends).toHaveLength(10);
  for (const end of ends) end();
  await consumer.close(500);
});
