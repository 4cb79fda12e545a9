import { Registry as Metrics } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { PlatformError } from '#contracts';
import { Arrivals } from '#testing';
import { aRecord, deadlineMs, type ClusterTools } from './cluster-tools.conformance.ts';

/** The promises of the metrics. */
export function metricsConformance(tools: ClusterTools): void {
  describe('the metrics', () => {
    /**
     * A gateway with metrics of its own.
     * @returns a reader of one value, undefined while there is none.
     */
    async function measured() {
      const metrics = new Metrics();
      const process = await tools.connect({ metrics });
      const valueOf = async (name: string, topic?: string): Promise<number | undefined> => {
        const metric = (await metrics.getMetricsAsJSON()).find((one) => one.name === name);
        return metric?.values.find(({ labels }) => topic === undefined || labels['topic'] === topic)?.value as number | undefined;
      };
      return { process, valueOf };
    }

    it('count the records that were written to the rejects', async () => {
      const topic = await tools.aTopic();
      const { process, valueOf } = await measured();
      await tools.gateway.publisher.publish(aRecord(topic, 'bad'));
      const refused = new PlatformError('CONTRACT_VIOLATED');
      await tools.consume({ topics: [topic] }, () => Promise.reject(refused), process);
      await expect.poll(() => valueOf('sendoff_rejects_total', topic), { timeout: deadlineMs }).toBe(1);
    });

    it('count the calls of a handler with a record on which it failed before', async () => {
      const topic = await tools.aTopic();
      const { process, valueOf } = await measured();
      const tries = new Arrivals<number>();
      await tools.gateway.publisher.publish(aRecord(topic, 'x'));
      await tools.consume(
        { topics: [topic] },
        async () => {
          tries.add(1);
          if (tries.items.length < 3) throw new PlatformError('STORE_UNAVAILABLE');
        },
        process,
      );
      await tries.until(3);
      expect(await valueOf('sendoff_records_again_total', topic)).toBe(2);
    });

    it('show how far a consumer is behind, and which partitions it does not fetch', async () => {
      const topic = await tools.aTopic();
      const { process, valueOf } = await measured();
      let finish = (): void => undefined;
      const finished = new Promise<void>((resolve) => (finish = resolve));
      const seen = new Arrivals<number>();
      await tools.gateway.publisher.publish(['a', 'b', 'c'].map((value) => aRecord(topic, value)));
      await tools.consume(
        { topics: [topic], partitionRecordsMax: 1 },
        async () => {
          seen.add(1);
          await finished;
        },
        process,
      );
      await seen.until(1);
      // More records come to a partition that is not fetched: the lag is the truth of the broker,
      // not of the last fetch.
      await tools.gateway.publisher.publish(aRecord(topic, 'd'));
      expect([await valueOf('sendoff_consumer_lag_records', topic), await valueOf('sendoff_partitions_paused')]).toEqual([4, 1]);
      finish();
      await seen.until(4);
      await expect.poll(() => valueOf('sendoff_consumer_lag_records', topic)).toBe(0);
      expect(await valueOf('sendoff_partitions_paused')).toBe(0);
    });

    it('show the age of the oldest record in progress, and what no handler has got yet', async () => {
      const topic = await tools.aTopic();
      const { process, valueOf } = await measured();
      const age = async () => valueOf('sendoff_oldest_record_age_seconds', topic);
      let finish = (): void => undefined;
      const finished = new Promise<void>((resolve) => (finish = resolve));
      await tools.gateway.publisher.publish(['a', 'b', 'c'].map((value) => aRecord(topic, value)));
      await tools.consume({ topics: [topic], partitionRecordsMax: 1 }, async () => finished, process);
      await expect.poll(age, { timeout: deadlineMs }).toBeGreaterThan(0.05);
      expect((await process.unread(topic)).reduce((sum, { records }) => sum + records, 0)).toBe(2);
      finish();
      await expect.poll(age, { timeout: deadlineMs }).toBe(0);
      expect((await process.unread(topic)).reduce((sum, { records }) => sum + records, 0)).toBe(0);
    });

    it('do not count partitions of a consumer that is closed', async () => {
      const topic = await tools.aTopic();
      const { process, valueOf } = await measured();
      await tools.gateway.publisher.publish(aRecord(topic, 'x'));
      const consumer = await tools.consume({ topics: [topic] }, () => new Promise(() => undefined), process);
      await expect.poll(() => valueOf('sendoff_consumer_lag_records', topic)).toBe(1);
      await consumer.close(0);
      expect(await valueOf('sendoff_consumer_lag_records', topic)).toBeUndefined();
    });

    it('show what the publisher has not finished', async () => {
      const topic = await tools.aTopic();
      const { process, valueOf } = await measured();
      const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
      await process.publisher.publish(aRecord(topic, 'first'));
      await nextTurn();
      const published = process.publisher.publish([aRecord(topic, 'a'), aRecord(topic, 'b')]);
      const records = valueOf('sendoff_publisher_records');
      const bytes = valueOf('sendoff_publisher_bytes');
      expect([await records, (await bytes) ?? 0]).toEqual([2, 66]);
      await published;
      await nextTurn();
      const after = ['sendoff_publisher_records', 'sendoff_publisher_bytes', 'sendoff_publisher_requests'];
      expect(await Promise.all(after.map((name) => valueOf(name)))).toEqual([0, 0, 0]);
    });
  });
}
