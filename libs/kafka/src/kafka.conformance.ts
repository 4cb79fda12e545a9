/**
 * The promises of a {@link KafkaGateway}, checked the same way for the brokers and for their
 * in-memory twin. Each test makes topics of its own; nothing sleeps, everything waits for an event
 * with a deadline.
 */
import { randomUUID } from 'node:crypto';
import { Registry as Metrics } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type IncomingRecord, type OutgoingRecord, PlatformError, rejectHeader } from '#contracts';
import type { ConsumerOptions, GatewayHooks, KafkaGateway, RecordConsumer, RecordHandler, TopicFollower } from './ports.ts';

/** A cluster under test. */
export interface ClusterUnderTest {
  readonly prefix: string;
  /** A connection of its own, as another process would have. */
  connect(hooks?: GatewayHooks): Promise<KafkaGateway>;
}

const deadlineMs = 15_000;

/** Collects what arrives and lets a test wait for it. */
export class Arrivals<Item> {
  readonly items: Item[] = [];
  private readonly waiting = new Set<() => void>();

  add(item: Item): void {
    this.items.push(item);
    for (const check of this.waiting) check();
  }

  /** @throws Error when they have not come after the deadline. */
  until(isEnough: number | ((items: readonly Item[]) => boolean)): Promise<readonly Item[]> {
    const isThere = typeof isEnough === 'number' ? (items: readonly Item[]) => items.length >= isEnough : isEnough;
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!isThere(this.items)) return;
        clearTimeout(timer);
        this.waiting.delete(check);
        resolve(this.items);
      };
      const timer = setTimeout(() => {
        this.waiting.delete(check);
        reject(new Error(`Not within ${deadlineMs} ms; ${this.items.length} came`));
      }, deadlineMs);
      this.waiting.add(check);
      check();
    });
  }
}

const text = ({ value }: { readonly value: Buffer | null }): string => String(value);

/** Runs the suite. */
export function kafkaConformance(title: string, open: () => Promise<ClusterUnderTest>): void {
  describe(title, () => {
    let cluster: ClusterUnderTest;
    let gateway: KafkaGateway;
    const cleanups: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      cluster = await open();
      gateway = await cluster.connect();
      await gateway.admin.ensureTopics([spec(`${cluster.prefix}rejects`, 1)]);
    });
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    });
    afterAll(() => gateway?.close());

    const spec = (topic: string, partitions: number) => ({ topic, partitions, isCompacted: false, retentionMs: 3_600_000 });

    async function aTopic(partitions = 1): Promise<string> {
      const topic = `${cluster.prefix}conformance.${randomUUID()}`;
      await gateway.admin.ensureTopics([spec(topic, partitions)]);
      return topic;
    }

    function aRecord(topic: string, value: string, more: Partial<OutgoingRecord> = {}): OutgoingRecord {
      return { topic, value: Buffer.from(value), headers: {}, ...more };
    }

    async function consume(
      options: Omit<ConsumerOptions, 'groupId'> & { readonly groupId?: string },
      handler: RecordHandler,
      from = gateway,
    ): Promise<RecordConsumer> {
      const consumer = from.consumer({ groupId: randomUUID(), ...options });
      cleanups.push(() => consumer.close(0));
      await consumer.start(handler);
      return consumer;
    }

    function follow(topic: string, from: 'earliest' | 'latest' = 'earliest'): TopicFollower {
      const follower = gateway.follower({ topic, from });
      cleanups.push(() => follower.close());
      return follower;
    }

    async function recordsOf(topic: string): Promise<readonly IncomingRecord[]> {
      const records: IncomingRecord[] = [];
      const follower = follow(topic);
      await follower.start((record) => records.push(record));
      await follower.close();
      return records;
    }

    describe('a publisher', () => {
      it('writes records that come back as they were', async () => {
        const topic = await aTopic();
        await gateway.publisher.publish([
          { topic, key: 'schlüssel', value: Buffer.from([0, 255, 7]), headers: { name: 'wärt', empty: '' } },
          { topic, key: 'gone', value: null, headers: {} },
          { topic, value: Buffer.alloc(0), headers: {} },
        ]);
        expect((await recordsOf(topic)).map(({ key, value, headers, offset }) => ({ key, value, headers, offset }))).toEqual([
          { key: 'schlüssel', value: Buffer.from([0, 255, 7]), headers: { name: 'wärt', empty: '' }, offset: 0n },
          { key: 'gone', value: null, headers: {}, offset: 1n },
          { key: null, value: Buffer.alloc(0), headers: {}, offset: 2n },
        ]);
      });

      it('sends equal keys to the partition every Kafka client would choose', async () => {
        const topic = await aTopic(5);
        await gateway.publisher.publish(['a', 'b', 'c', 'a'].map((key) => aRecord(topic, key, { key })));
        const partitionOf = Object.fromEntries((await recordsOf(topic)).map(({ key, partition }) => [key, partition]));
        // murmur2 as in org.apache.kafka.common.utils.Utils, over 5 partitions.
        expect(partitionOf).toEqual({ a: 4, b: 1, c: 4 });
      });

      it('obeys a record that names its partition', async () => {
        const topic = await aTopic(3);
        await gateway.publisher.publish([aRecord(topic, 'x', { partition: 2, key: 'a' })]);
        expect((await recordsOf(topic)).map(({ partition }) => partition)).toEqual([2]);
      });

      it('reaches every partition with records that have no key', async () => {
        const topic = await aTopic(3);
        for (let count = 0; count < 12; count += 1) await gateway.publisher.publish(aRecord(topic, 'x'));
        expect(new Set((await recordsOf(topic)).map(({ partition }) => partition)).size).toBe(3);
      });

      it('refuses a record that is too large, and none beside it', async () => {
        const topic = await aTopic();
        const [large, small] = await Promise.allSettled([
          gateway.publisher.publish(aRecord(topic, 'x'.repeat(1_100_000))),
          gateway.publisher.publish(aRecord(topic, 'small')),
        ]);
        expect(large).toMatchObject({ status: 'rejected', reason: { code: 'RECORD_TOO_LARGE', retryable: false } });
        expect(small.status).toBe('fulfilled');
        expect((await recordsOf(topic)).map(text)).toEqual(['small']);
      });

      it('says so when a topic is not there, and goes on with the others', async () => {
        const topic = await aTopic();
        const [absent, present] = await Promise.allSettled([
          gateway.publisher.publish(aRecord(`${cluster.prefix}${randomUUID()}`, 'x')),
          gateway.publisher.publish(aRecord(topic, 'x')),
        ]);
        expect(absent).toMatchObject({ status: 'rejected', reason: { code: 'BROKER_UNAVAILABLE' } });
        expect(present.status).toBe('fulfilled');
      });

      it('takes nothing after it was closed', async () => {
        const topic = await aTopic();
        const other = await cluster.connect();
        await other.publisher.publish(aRecord(topic, 'x'));
        await other.close();
        await expect(other.publisher.publish(aRecord(topic, 'x'))).rejects.toMatchObject({ code: 'PUBLISHER_CLOSED' });
      });
    });

    describe('a consumer', () => {
      it('hands out every record of every partition, in order within each', async () => {
        const topic = await aTopic(3);
        await gateway.publisher.publish(
          Array.from({ length: 300 }, (_, index) => aRecord(topic, String(index), { partition: index % 3 })),
        );
        const seen = new Arrivals<IncomingRecord>();
        await consume({ topics: [topic] }, async (record) => seen.add(record));
        await seen.until(300);
        for (const partition of [0, 1, 2])
          expect(seen.items.filter((record) => record.partition === partition).map(({ offset }) => Number(offset))).toEqual(
            Array.from({ length: 100 }, (_, index) => index),
          );
      });

      it('handles again after a restart exactly what was not finished', async () => {
        const topic = await aTopic();
        const groupId = randomUUID();
        await gateway.publisher.publish(Array.from({ length: 6 }, (_, index) => aRecord(topic, String(index))));
        const seen = new Arrivals<string>();
        const finished = new Arrivals<string>();
        const first = await consume({ topics: [topic], groupId }, async (record) => {
          seen.add(text(record));
          if (text(record) === '1' || text(record) === '4') await new Promise(() => undefined);
          finished.add(text(record));
        });
        await seen.until(6);
        await finished.until(4);
        await first.close(0);
        const again = new Arrivals<string>();
        await consume({ topics: [topic], groupId }, async (record) => again.add(text(record)));
        await gateway.publisher.publish(aRecord(topic, 'new'));
        await again.until((items) => items.includes('new'));
        expect(again.items).toEqual(['1', '4', 'new']);
      });

      it('lets handlers finish while it closes, and commits what they finished', async () => {
        const topic = await aTopic();
        const groupId = randomUUID();
        await gateway.publisher.publish(aRecord(topic, 'slow'));
        const started = new Arrivals<IncomingRecord>();
        let finish = (): void => undefined;
        const gate = new Promise<void>((resolve) => {
          finish = resolve;
        });
        const consumer = await consume({ topics: [topic], groupId }, (record) => {
          started.add(record);
          return gate;
        });
        await started.until(1);
        expect(consumer.inFlight).toBe(1);
        const closing = consumer.close(10_000);
        finish();
        await closing;
        const again = new Arrivals<string>();
        await consume({ topics: [topic], groupId }, async (record) => again.add(text(record)));
        await gateway.publisher.publish(aRecord(topic, 'new'));
        expect(await again.until(1)).toEqual(['new']);
      });

      it('aborts what has not finished when it has waited long enough', async () => {
        const topic = await aTopic();
        await gateway.publisher.publish(aRecord(topic, 'endless'));
        const signals = new Arrivals<AbortSignal>();
        const consumer = await consume({ topics: [topic] }, (_record, signal) => {
          signals.add(signal);
          return new Promise(() => undefined);
        });
        await signals.until(1);
        await consumer.close(1);
        expect(signals.items.map(({ aborted }) => aborted)).toEqual([true]);
      });

      it('hands a record nobody can read to the rejects, says why and from where, and moves on', async () => {
        const topic = await aTopic();
        const groupId = randomUUID();
        await gateway.publisher.publish([aRecord(topic, 'bad', { key: 'k', headers: { own: 'kept' } }), aRecord(topic, 'good')]);
        const rejects = new Arrivals<IncomingRecord>();
        await consume({ topics: [`${cluster.prefix}rejects`] }, async (record) => rejects.add(record));
        const handled = new Arrivals<string>();
        const consumer = await consume({ topics: [topic], groupId }, async (record) => {
          if (text(record) === 'bad') throw new PlatformError('CONTRACT_VIOLATED', { details: { reason: 'no such thing' } });
          handled.add(text(record));
        });
        await handled.until(1);
        const mine = (items: readonly IncomingRecord[]) => items.filter(({ headers }) => headers[rejectHeader.topic] === topic);
        await rejects.until((items) => mine(items).length > 0);
        expect(mine(rejects.items)).toMatchObject([
          {
            key: 'k',
            value: Buffer.from('bad'),
            headers: {
              own: 'kept',
              [rejectHeader.reason]: 'CONTRACT_VIOLATED: no such thing',
              [rejectHeader.topic]: topic,
              [rejectHeader.partition]: '0',
              [rejectHeader.offset]: '0',
            },
          },
        ]);
        await consumer.close(5_000);
        const again = new Arrivals<string>();
        await consume({ topics: [topic], groupId }, async (record) => again.add(text(record)));
        await gateway.publisher.publish(aRecord(topic, 'new'));
        expect(await again.until(1)).toEqual(['new']);
      });

      it.each([
        ['a retryable error', new PlatformError('STORE_UNAVAILABLE')],
        ['an unexpected error', new Error('a bug')],
      ])('handles a record again after %s, and hands out nothing more meanwhile', async (_kind, error) => {
        const topic = await aTopic();
        const tries = new Arrivals<string>();
        await gateway.publisher.publish(aRecord(topic, 'first'));
        await consume({ topics: [topic], partitionRecordsMax: 1 }, async (record) => {
          tries.add(text(record));
          if (tries.items.length === 1) await gateway.publisher.publish(aRecord(topic, 'second'));
          if (tries.items.length < 3) throw error;
        });
        expect(await tries.until(4)).toEqual(['first', 'first', 'first', 'second']);
      });

      it('gives up a record after the allowed number of unexpected errors, and commits nothing past it', async () => {
        const topic = await aTopic();
        const fatal = new Arrivals<PlatformError>();
        const doomed = await cluster.connect({ recordTriesMax: 2, onFatal: (error) => fatal.add(error) });
        cleanups.push(() => doomed.close());
        await gateway.publisher.publish(['good', 'bad', 'good'].map((value) => aRecord(topic, value)));
        const groupId = randomUUID();
        const broken = await consume(
          { topics: [topic], groupId },
          async (record) => {
            if (text(record) === 'bad') throw new TypeError('a bug');
          },
          doomed,
        );
        const [error] = await fatal.until(1);
        expect(error).toMatchObject({ code: 'RECORD_UNHANDLED', details: { topic, partition: 0, offset: '1', tries: 2 } });
        await broken.close(1_000);
        const again = new Arrivals<string>();
        await consume({ topics: [topic], groupId }, async (record) => again.add(text(record)));
        expect(await again.until(1)).toEqual(['bad']);
      });

      it('hands out no more records than its mark, and gets through all of them', async () => {
        const topic = await aTopic();
        await gateway.publisher.publish(Array.from({ length: 40 }, (_, index) => aRecord(topic, String(index))));
        const done = new Arrivals<number>();
        let most = 0;
        const consumer = await consume({ topics: [topic], partitionRecordsMax: 4 }, async () => {
          most = Math.max(most, consumer?.inFlight ?? 0);
          await new Promise((resolve) => setImmediate(resolve));
          done.add(1);
        });
        await done.until(40);
        expect(most).toBeLessThanOrEqual(4);
      });

      it('hands out no more bytes than its mark and one record', async () => {
        const topic = await aTopic();
        await gateway.publisher.publish(Array.from({ length: 20 }, () => aRecord(topic, 'x'.repeat(10_000))));
        const done = new Arrivals<number>();
        let inFlight = 0;
        let most = 0;
        await consume({ topics: [topic], partitionBytesMax: () => 30_000 }, async () => {
          inFlight += 1;
          most = Math.max(most, inFlight);
          await new Promise((resolve) => setImmediate(resolve));
          inFlight -= 1;
          done.add(1);
        });
        await done.until(20);
        expect(most).toBeLessThanOrEqual(4);
      });

      it('starts at the end when it is told to, and misses nothing after its start', async () => {
        const topic = await aTopic();
        await gateway.publisher.publish(aRecord(topic, 'old'));
        const seen = new Arrivals<string>();
        await consume({ topics: [topic], from: 'latest' }, async (record) => seen.add(text(record)));
        await gateway.publisher.publish(aRecord(topic, 'new'));
        expect(await seen.until(1)).toEqual(['new']);
      });

      it('shares partitions with other members, and takes over those of one that leaves', async () => {
        const topic = await aTopic(2);
        const groupId = randomUUID();
        const second = await cluster.connect();
        cleanups.push(() => second.close());
        const a = new Arrivals<IncomingRecord>();
        const b = new Arrivals<IncomingRecord>();
        const publish = () => gateway.publisher.publish([0, 1].map((partition) => aRecord(topic, 'x', { partition })));
        await consume({ topics: [topic], groupId }, async (record) => a.add(record));
        const leaving = await consume({ topics: [topic], groupId }, async (record) => b.add(record), second);
        await publish();
        await b.until(1);
        await a.until(1);
        await leaving.close(1_000);
        await publish();
        await a.until((items) => new Set(items.map(({ partition }) => partition)).size === 2);
        const places = [...a.items, ...b.items].map(({ partition, offset }) => `${partition}/${offset}`);
        expect(new Set(places)).toEqual(new Set(['0/0', '1/0', '0/1', '1/1']));
      });

      it('aborts the records of a partition it loses', async () => {
        const topic = await aTopic(2);
        const groupId = randomUUID();
        const second = await cluster.connect();
        cleanups.push(() => second.close());
        await gateway.publisher.publish([0, 1].map((partition) => aRecord(topic, 'x', { partition })));
        const aborted = new Arrivals<number>();
        const started = new Arrivals<number>();
        await consume({ topics: [topic], groupId }, ({ partition }, signal) => {
          started.add(partition);
          signal.addEventListener('abort', () => aborted.add(partition));
          return new Promise(() => undefined);
        });
        await started.until(2);
        const taken = new Arrivals<number>();
        await consume({ topics: [topic], groupId }, async ({ partition }) => taken.add(partition), second);
        await aborted.until(1);
        await taken.until(1);
        expect(taken.items).toEqual(aborted.items);
      });
    });

    describe('a follower', () => {
      it('has handed out everything that was there when its start resolves', async () => {
        const topic = await aTopic(3);
        await gateway.publisher.publish(
          Array.from({ length: 1_000 }, (_, index) => aRecord(topic, String(index), { key: String(index) })),
        );
        expect(new Set((await recordsOf(topic)).map(text)).size).toBe(1_000);
      });

      it('goes on with what comes', async () => {
        const topic = await aTopic();
        const seen = new Arrivals<string>();
        await follow(topic).start((record) => seen.add(text(record)));
        await gateway.publisher.publish(aRecord(topic, 'a'));
        await seen.until(1);
        await gateway.publisher.publish(aRecord(topic, 'b'));
        expect(await seen.until(2)).toEqual(['a', 'b']);
      });

      it('has caught up with what was acknowledged before', async () => {
        const topic = await aTopic();
        const follower = follow(topic);
        const seen: string[] = [];
        await follower.start((record) => seen.push(text(record)));
        for (const value of ['a', 'b', 'c']) {
          await gateway.publisher.publish(aRecord(topic, value));
          await follower.caughtUp(deadlineMs);
          expect(seen.at(-1)).toBe(value);
        }
      });

      it('starts at the end when it is told to', async () => {
        const topic = await aTopic();
        await gateway.publisher.publish(aRecord(topic, 'old'));
        const follower = follow(topic, 'latest');
        const seen: string[] = [];
        await follower.start((record) => seen.push(text(record)));
        await gateway.publisher.publish(aRecord(topic, 'new'));
        await follower.caughtUp(deadlineMs);
        expect(seen).toEqual(['new']);
      });

      it('goes on after a record that its reader could not take', async () => {
        const topic = await aTopic();
        const seen = new Arrivals<string>();
        await follow(topic).start((record) => {
          if (text(record) === 'bad') throw new Error('a bug');
          seen.add(text(record));
        });
        await gateway.publisher.publish([aRecord(topic, 'bad'), aRecord(topic, 'good')]);
        expect(await seen.until(1)).toEqual(['good']);
      });

      it('shares with nobody', async () => {
        const topic = await aTopic();
        const [a, b] = [new Arrivals<string>(), new Arrivals<string>()];
        await follow(topic).start((record) => a.add(text(record)));
        await follow(topic).start((record) => b.add(text(record)));
        await gateway.publisher.publish(aRecord(topic, 'x'));
        expect([await a.until(1), await b.until(1)]).toEqual([['x'], ['x']]);
      });
    });

    describe('the metrics', () => {
      /**
       * A gateway with metrics of its own.
       * @returns a reader of one value, undefined while there is none.
       */
      async function measured() {
        const metrics = new Metrics();
        const process = await cluster.connect({ metrics });
        cleanups.push(() => process.close());
        const valueOf = async (name: string, topic?: string): Promise<number | undefined> => {
          const metric = (await metrics.getMetricsAsJSON()).find((one) => one.name === name);
          return metric?.values.find(({ labels }) => topic === undefined || labels['topic'] === topic)?.value as
            | number
            | undefined;
        };
        return { process, valueOf };
      }

      it('count the records that were written to the rejects', async () => {
        const topic = await aTopic();
        const { process, valueOf } = await measured();
        await gateway.publisher.publish(aRecord(topic, 'bad'));
        const refused = new PlatformError('CONTRACT_VIOLATED');
        await consume({ topics: [topic] }, () => Promise.reject(refused), process);
        await expect.poll(() => valueOf('sendoff_rejects_total', topic), { timeout: deadlineMs }).toBe(1);
      });

      it('count the calls of a handler with a record on which it failed before', async () => {
        const topic = await aTopic();
        const { process, valueOf } = await measured();
        const tries = new Arrivals<number>();
        await gateway.publisher.publish(aRecord(topic, 'x'));
        await consume(
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
        const topic = await aTopic();
        const { process, valueOf } = await measured();
        let finish = (): void => undefined;
        const finished = new Promise<void>((resolve) => (finish = resolve));
        const seen = new Arrivals<number>();
        await gateway.publisher.publish(['a', 'b', 'c'].map((value) => aRecord(topic, value)));
        await consume(
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
        await gateway.publisher.publish(aRecord(topic, 'd'));
        expect([await valueOf('sendoff_consumer_lag_records', topic), await valueOf('sendoff_partitions_paused')]).toEqual([
          4, 1,
        ]);
        finish();
        await seen.until(4);
        await expect.poll(() => valueOf('sendoff_consumer_lag_records', topic)).toBe(0);
        expect(await valueOf('sendoff_partitions_paused')).toBe(0);
      });

      it('do not count partitions of a consumer that is closed', async () => {
        const topic = await aTopic();
        const { process, valueOf } = await measured();
        await gateway.publisher.publish(aRecord(topic, 'x'));
        const consumer = await consume({ topics: [topic] }, () => new Promise(() => undefined), process);
        await expect.poll(() => valueOf('sendoff_consumer_lag_records', topic)).toBe(1);
        await consumer.close(0);
        expect(await valueOf('sendoff_consumer_lag_records', topic)).toBeUndefined();
      });

      it('show what the publisher has not finished', async () => {
        const topic = await aTopic();
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

    describe('the admin', () => {
      it('makes topics that are missing and leaves the others as they are', async () => {
        const topic = await aTopic(2);
        const other = `${topic}.other`;
        await gateway.admin.ensureTopics([spec(topic, 4), spec(other, 1)]);
        await gateway.admin.ensureTopics([spec(topic, 4), spec(other, 1)]);
        expect(await gateway.admin.ends(topic)).toHaveLength(2);
        expect(await gateway.admin.list()).toEqual(expect.arrayContaining([topic, other]));
      });

      it('tells the end of each partition', async () => {
        const topic = await aTopic(2);
        await gateway.publisher.publish([aRecord(topic, 'x', { partition: 1 }), aRecord(topic, 'x', { partition: 1 })]);
        const ends = [...(await gateway.admin.ends(topic))].sort((a, b) => a.partition - b.partition);
        expect(ends).toEqual([
          { partition: 0, start: 0n, end: 0n },
          { partition: 1, start: 0n, end: 2n },
        ]);
      });
    });

    it('is connected', () => expect(gateway.isConnected()).toBe(true));
  });
}
