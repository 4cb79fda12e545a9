import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { aRecord, text, type ClusterTools } from './cluster-tools.conformance.ts';

/** The promises of a publisher. */
export function publisherConformance(tools: ClusterTools): void {
  describe('a publisher', () => {
    it('writes records that are read back unchanged', async () => {
      const topic = await tools.aTopic();
      await tools.gateway.publisher.publish([
        { topic, key: 'schlüssel', value: Buffer.from([0, 255, 7]), headers: { name: 'wärt', empty: '' } },
        { topic, key: 'gone', value: null, headers: {} },
        { topic, value: Buffer.alloc(0), headers: {} },
      ]);
      expect((await tools.recordsOf(topic)).map(({ key, value, headers, offset }) => ({ key, value, headers, offset }))).toEqual([
        { key: 'schlüssel', value: Buffer.from([0, 255, 7]), headers: { name: 'wärt', empty: '' }, offset: 0n },
        { key: 'gone', value: null, headers: {}, offset: 1n },
        { key: null, value: Buffer.alloc(0), headers: {}, offset: 2n },
      ]);
    });

    it('sends equal keys to the partition every Kafka client would choose', async () => {
      const topic = await tools.aTopic(5);
      await tools.gateway.publisher.publish(['a', 'b', 'c', 'a'].map((key) => aRecord(topic, key, { key })));
      const partitionOf = Object.fromEntries((await tools.recordsOf(topic)).map(({ key, partition }) => [key, partition]));
      // murmur2 as in org.apache.kafka.common.utils.Utils, over 5 partitions.
      expect(partitionOf).toEqual({ a: 4, b: 1, c: 4 });
    });

    it('writes a record to the partition it names', async () => {
      const topic = await tools.aTopic(3);
      await tools.gateway.publisher.publish([aRecord(topic, 'x', { partition: 2, key: 'a' })]);
      expect((await tools.recordsOf(topic)).map(({ partition }) => partition)).toEqual([2]);
    });

    it('spreads records without a key over all partitions', async () => {
      const topic = await tools.aTopic(3);
      for (let count = 0; count < 12; count += 1) await tools.gateway.publisher.publish(aRecord(topic, 'x'));
      expect(new Set((await tools.recordsOf(topic)).map(({ partition }) => partition)).size).toBe(3);
    });

    it('refuses a record that is too large, and writes the others', async () => {
      const topic = await tools.aTopic();
      const [large, small] = await Promise.allSettled([
        tools.gateway.publisher.publish(aRecord(topic, 'x'.repeat(1_100_000))),
        tools.gateway.publisher.publish(aRecord(topic, 'small')),
      ]);
      expect(large).toMatchObject({ status: 'rejected', reason: { code: 'RECORD_TOO_LARGE', retryable: false } });
      expect(small.status).toBe('fulfilled');
      expect((await tools.recordsOf(topic)).map(text)).toEqual(['small']);
    });

    it('fails for a topic that does not exist, and writes to the others', async () => {
      const topic = await tools.aTopic();
      const [absent, present] = await Promise.allSettled([
        tools.gateway.publisher.publish(aRecord(`${tools.topics.prefix}${randomUUID()}`, 'x')),
        tools.gateway.publisher.publish(aRecord(topic, 'x')),
      ]);
      expect(absent).toMatchObject({ status: 'rejected', reason: { code: 'BROKER_UNAVAILABLE' } });
      expect(present.status).toBe('fulfilled');
    });

    it('refuses records after it was closed', async () => {
      const topic = await tools.aTopic();
      const other = await tools.connect();
      await other.publisher.publish(aRecord(topic, 'x'));
      await other.close();
      await expect(other.publisher.publish(aRecord(topic, 'x'))).rejects.toMatchObject({ code: 'PUBLISHER_CLOSED' });
    });
  });
}
