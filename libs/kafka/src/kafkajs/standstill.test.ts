/**
 * Goal: a reader that stands still is not ready, begins anew, and ends its process at last; a busy
 * one is left alone. Method: scripted brokers that answer fetches without records, for ever.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PlatformError, Topics } from '#contracts';
import { Arrivals, eventually, ScriptedBrokers } from '#testing';
import type { KafkaGateway } from '../ports.ts';
import { connectKafka } from './connect-kafka.ts';

const topic = 'a';
const standstill = { unreadyAfterMs: 500, rejoinAfterMs: 1_000, endAfterMs: 3_500 };

let brokers: ScriptedBrokers;
let gateway: KafkaGateway;
let seen: Arrivals<string>;
let fatal: Arrivals<PlatformError>;
let lines: string[];

beforeEach(async () => {
  brokers = await ScriptedBrokers.start({ brokers: 2, topics: { [topic]: [2, 2] } });
  seen = new Arrivals<string>();
  fatal = new Arrivals<PlatformError>();
  lines = [];
  gateway = await connectKafka({
    brokers: brokers.addresses,
    clientId: 'test',
    topics: new Topics('t.'),
    replication: 1,
    standstill,
    onFatal: (error) => fatal.add(error),
    log: (level, message) => void (level === 'debug' || lines.push(message)),
  });
});
afterEach(async () => {
  await gateway.close();
  await brokers.stop();
});

const publish = (value: string) => gateway.publisher.publish({ topic, partition: 0, value: Buffer.from(value), headers: {} });

/** The broker says that there are records, and sends none. */
function withholdRecords(): void {
  brokers.script('Fetch', async (_received, usual) => {
    const answer = await usual();
    const topics = answer.topics.map((one) => ({
      ...one,
      partitions: one.partitions.map((data) => ({ ...data, records: Buffer.alloc(0) })),
    }));
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { ...answer, topics };
  });
}

const readers = [
  [
    'a consumer',
    async () => {
      const consumer = gateway.consumer({ groupId: 'g', topics: [topic] });
      await consumer.start(async ({ value }) => seen.add(String(value)));
      return { close: async () => consumer.close(500) };
    },
  ],
  [
    'a follower',
    async () => {
      const follower = gateway.follower({ topic, from: 'earliest' });
      await follower.start(({ value }) => seen.add(String(value)));
      return follower;
    },
  ],
] as const;

describe.each(readers)('%s that stands still', (_name, read) => {
  it('is not ready, begins anew and then reads, without a record twice', async () => {
    const reader = await read();
    await publish('first');
    await seen.until(1);
    withholdRecords();
    for (const value of ['second', 'third', 'last']) await publish(value);
    await eventually(() => !gateway.isConnected());
    await eventually(() => lines.includes('A reader that stands still begins anew'));
    brokers.unscript('Fetch');
    await seen.until(4);
    await eventually(() => gateway.isConnected());
    expect(seen.items).toEqual(['first', 'second', 'third', 'last']);
    expect(fatal.items).toEqual([]);
    await reader.close();
  });

  it('ends its process if beginning anew does not help', async () => {
    const reader = await read();
    withholdRecords();
    // A fetch that was on its way may still get the first of them.
    for (const value of ['seen', 'lost from sight', 'lost from sight']) await publish(value);
    const [error] = await fatal.until(1);
    expect(error).toMatchObject({ code: 'READING_STALLED', details: { partitions: [`${topic}/0`] } });
    expect(lines).toContain('A reader that stands still begins anew');
    await reader.close();
  });
});

describe('a consumer whose handlers are busy', () => {
  it('does not stand still, although its partition is not read', async () => {
    const consumer = gateway.consumer({ groupId: 'g', topics: [topic], partitionRecordsMax: 1 });
    let finish = (): void => undefined;
    await consumer.start(async ({ value }) => {
      seen.add(String(value));
      if (seen.items.length === 1)
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
    });
    await publish('slow');
    await seen.until(1);
    await publish('waiting');
    const beganAt = performance.now();
    await eventually(() => performance.now() - beganAt > standstill.unreadyAfterMs * 3 && gateway.isConnected());
    expect(lines).toEqual([]);
    finish();
    await seen.until(2);
    await consumer.close(500);
  });
});
