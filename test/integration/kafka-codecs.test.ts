/**
 * Goal: records are read whichever codec of Kafka compressed them. A batch that unpacks to too much
 * goes to the rejects, and its partition moves on. Method: Kafka's own console producer and a raw
 * producer write to a real broker; a consumer of a group and a follower read.
 */
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, CompressionTypes } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type IncomingRecord, rejectHeader, Topics } from '#contracts';
import { connectKafka } from '#kafka';
import { Arrivals } from '#testing';
import { ClusterTools, text } from '../../libs/kafka/src/conformance/cluster-tools.conformance.ts';
import { codecs, consoleProducer } from '../kafka-tools.ts';

const brokers = inject('kafkaBrokers');
const java = await consoleProducer(brokers);
const batchBytesMax = 500_000;

const tools = new ClusterTools(async () => {
  const topics = new Topics(`t${randomUUID().slice(0, 8)}.`);
  return {
    topics,
    connect: (hooks) =>
      connectKafka({ brokers: brokers.split(','), clientId: 'codecs', topics, replication: 1, batchBytesMax, ...hooks }),
  };
});

if ('missing' in java) it.skip(`Kafka's console producer does not run here: ${java.missing}`);
else
  describe("records of Kafka's console producer", () => {
    it.each(codecs)(
      'are read with codec %s, by a consumer and by a follower',
      async (codec) => {
        const topic = await tools.aTopic();
        const lines = ['first', ...Array.from({ length: 200 }, (_, index) => `${index} ${'abc'.repeat(index)}`), randomUUID()];
        await java.produce(topic, codec, lines);
        const seen = new Arrivals<IncomingRecord>();
        await tools.consume({ topics: [topic] }, async (record) => seen.add(record));
        await seen.until(lines.length);
        expect(seen.items.map(text)).toEqual(lines);
        expect((await tools.recordsOf(topic)).map(text)).toEqual(lines);
      },
      60_000,
    );

    it.each(codecs.filter((codec) => codec !== 'none'))(
      'go to the rejects if codec %s unpacks them to too much, and the next record is read',
      async (codec) => {
        const topic = await tools.aTopic();
        await java.produce(topic, codec, ['x'.repeat(600_000)]);
        await java.produce(topic, codec, ['next']);
        const seen = new Arrivals<string>();
        await tools.consume({ topics: [topic] }, async (record) => seen.add(text(record)));
        await seen.until(1);
        expect(seen.items).toEqual(['next']);
        expect((await tools.recordsOf(topic)).map(text)).toEqual(['next']);
        const rejects = await tools.recordsOf(tools.topics.name('rejects'));
        const [headers, ...others] = rejects
          .filter((reject) => reject.headers[rejectHeader.topic] === topic)
          .map((reject) => reject.headers);
        expect(others).toEqual([]);
        expect([headers?.[rejectHeader.partition], headers?.[rejectHeader.offset]]).toEqual(['0', '0']);
        expect(headers?.[rejectHeader.reason]).toContain(
          `the batch cannot be unpacked with ${codec}: it unpacks to more than ${batchBytesMax} bytes (offset 0)`,
        );
      },
      60_000,
    );
  });

describe('a small batch that unpacks to very much', () => {
  const client = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const producer = client.producer({ allowAutoTopicCreation: false });
  beforeAll(() => producer.connect());
  afterAll(() => producer.disconnect());

  it('is rejected without taking the memory', async () => {
    const topic = await tools.aTopic();
    // 300 MB, which gzip packs into 0.3 MB.
    const value = Buffer.alloc(300_000_000);
    await producer.send({ topic, compression: CompressionTypes.GZIP, messages: [{ value }] });
    await producer.send({ topic, messages: [{ value: 'next' }] });
    const before = process.memoryUsage.rss();
    const seen = new Arrivals<string>();
    await tools.consume({ topics: [topic] }, async (record) => seen.add(text(record)));
    await seen.until(1);
    expect(seen.items).toEqual(['next']);
    expect(process.memoryUsage.rss() - before).toBeLessThan(150_000_000);
  }, 60_000);
});
