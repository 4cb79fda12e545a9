import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type IncomingRecord, PlatformError, rejectHeader } from '#contracts';
import { Arrivals, eventually } from '#testing';
import { kafkaChecks } from '../kafka-checks.ts';
import type { RecordConsumer, RecordDelivery } from '../ports.ts';
import { aRecord, newerBetween, text, type ClusterTools } from './cluster-tools.conformance.ts';

/** The promises of a consumer. */
export function consumerConformance(tools: ClusterTools): void {
  describe('a consumer', () => {
    it('hands out every record of every partition, in order within each', async () => {
      const topic = await tools.aTopic(3);
      await tools.gateway.publisher.publish(
        Array.from({ length: 300 }, (_, index) => aRecord(topic, String(index), { partition: index % 3 })),
      );
      const seen = new Arrivals<IncomingRecord>();
      await tools.consume({ topics: [topic] }, async (record) => seen.add(record));
      await seen.until(300);
      for (const partition of [0, 1, 2])
        expect(seen.items.filter((record) => record.partition === partition).map(({ offset }) => Number(offset))).toEqual(
          Array.from({ length: 100 }, (_, index) => index),
        );
    });

    it('handles again after a restart the records that were not finished, and no others', async () => {
      const topic = await tools.aTopic();
      const groupId = randomUUID();
      await tools.gateway.publisher.publish(Array.from({ length: 6 }, (_, index) => aRecord(topic, String(index))));
      const seen = new Arrivals<string>();
      const finished = new Arrivals<string>();
      const first = await tools.consume({ topics: [topic], groupId }, async (record) => {
        seen.add(text(record));
        if (text(record) === '1' || text(record) === '4') await new Promise(() => undefined);
        finished.add(text(record));
      });
      await seen.until(6);
      await finished.until(4);
      await first.close(0);
      const again = new Arrivals<string>();
      await tools.consume({ topics: [topic], groupId }, async (record) => again.add(text(record)));
      await tools.gateway.publisher.publish(aRecord(topic, 'new'));
      await again.until((items) => items.includes('new'));
      expect(again.items).toEqual(['1', '4', 'new']);
    });

    it('reads again from where its store is, if that is behind the commits, and never skips for it', async () => {
      const topic = await tools.aTopic(2);
      const groupId = randomUUID();
      const records = [0, 1, 2, 3, 4, 5].map((index) => aRecord(topic, String(index), { partition: index % 2 }));
      await tools.gateway.publisher.publish(records);
      const seen = new Arrivals<string>();
      const first = await tools.consume({ topics: [topic], groupId }, async (record) => seen.add(text(record)));
      await seen.until(6);
      await first.close(1_000);
      const again = new Arrivals<string>();
      const storedTo = async () => [
        { topic, partition: 0, finishedTo: 1n },
        { topic, partition: 1, finishedTo: 9n },
        { topic: 'another', partition: 0, finishedTo: 0n },
      ];
      await tools.consume({ topics: [topic], groupId, storedTo }, async (record) => again.add(text(record)));
      await tools.gateway.publisher.publish([0, 1].map((partition) => aRecord(topic, `new ${partition}`, { partition })));
      await again.until(4);
      expect(again.items.toSorted()).toEqual(['2', '4', 'new 0', 'new 1']);
    });

    it('tells of no interruption after a clean close, or when a partition moves to another member', async () => {
      const topic = await tools.aTopic(2);
      const groupId = randomUUID();
      const options = { topics: [topic], groupId, tellsInterruptions: true };
      const records = [0, 1, 2, 3].map((index) => aRecord(topic, String(index), { partition: index % 2 }));
      await tools.gateway.publisher.publish(records);
      const seen = new Arrivals<string>();
      const first = await tools.consume(options, async (record) => {
        seen.add(text(record));
        await new Promise(() => undefined);
      });
      await seen.until(4);
      await first.close(0);
      const deliveries = new Arrivals<RecordDelivery>();
      for (const _member of [1, 2])
        await tools.consume(options, async (_record, _signal, delivery) => {
          deliveries.add(delivery);
          await delivery.commit();
          await new Promise(() => undefined);
        });
      // The first member saw all four. The second sees at least those of the partition that it got.
      await deliveries.until(6);
      expect(deliveries.items.map(({ interruption }) => interruption)).toEqual(deliveries.items.map(() => undefined));
    });

    it('lets handlers finish while it closes, and commits their records', async () => {
      const topic = await tools.aTopic();
      const groupId = randomUUID();
      await tools.gateway.publisher.publish(aRecord(topic, 'slow'));
      const started = new Arrivals<IncomingRecord>();
      let finish = (): void => undefined;
      const gate = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const consumer = await tools.consume({ topics: [topic], groupId }, (record) => {
        started.add(record);
        return gate;
      });
      await started.until(1);
      expect(consumer.inFlight).toBe(1);
      const closing = consumer.close(10_000);
      finish();
      await closing;
      const again = new Arrivals<string>();
      await tools.consume({ topics: [topic], groupId }, async (record) => again.add(text(record)));
      await tools.gateway.publisher.publish(aRecord(topic, 'new'));
      expect(await again.until(1)).toEqual(['new']);
    });

    it('aborts handlers that have not finished when the drain time ends', async () => {
      const topic = await tools.aTopic();
      await tools.gateway.publisher.publish(aRecord(topic, 'endless'));
      const signals = new Arrivals<AbortSignal>();
      const consumer = await tools.consume({ topics: [topic] }, (_record, signal) => {
        signals.add(signal);
        return new Promise(() => undefined);
      });
      await signals.until(1);
      await consumer.close(1);
      expect(signals.items.map(({ aborted }) => aborted)).toEqual([true]);
    });

    it('writes an unreadable record to the rejects with reason and origin, and moves on', async () => {
      const topic = await tools.aTopic();
      const groupId = randomUUID();
      await tools.gateway.publisher.publish([
        aRecord(topic, 'bad', { key: 'k', headers: { own: 'kept' } }),
        aRecord(topic, 'good'),
      ]);
      const rejects = new Arrivals<IncomingRecord>();
      await tools.consume({ topics: [tools.topics.name('rejects')] }, async (record) => rejects.add(record));
      const handled = new Arrivals<string>();
      const consumer = await tools.consume({ topics: [topic], groupId }, async (record) => {
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
      await tools.consume({ topics: [topic], groupId }, async (record) => again.add(text(record)));
      await tools.gateway.publisher.publish(aRecord(topic, 'new'));
      expect(await again.until(1)).toEqual(['new']);
    });

    it.each([
      ['a retryable error', new PlatformError('STORE_UNAVAILABLE')],
      ['an unexpected error', new Error('a bug')],
    ])('handles a record again after %s, and hands out nothing more meanwhile', async (_kind, error) => {
      const topic = await tools.aTopic();
      const tries = new Arrivals<string>();
      await tools.gateway.publisher.publish(aRecord(topic, 'first'));
      await tools.consume({ topics: [topic], partitionRecordsMax: 1 }, async (record) => {
        tries.add(text(record));
        if (tries.items.length === 1) await tools.gateway.publisher.publish(aRecord(topic, 'second'));
        if (tries.items.length < 3) throw error;
      });
      expect(await tries.until(4)).toEqual(['first', 'first', 'first', 'second']);
    });

    it('repeats a failed write, and not the handler', async () => {
      const topic = await tools.aTopic();
      const acted = new Arrivals<string>();
      const writes = new Arrivals<number>();
      await tools.gateway.publisher.publish(['first', 'second'].map((value) => aRecord(topic, value)));
      await tools.consume({ topics: [topic], partitionRecordsMax: 1 }, async (record, _signal, delivery) => {
        await delivery.readyToAct();
        acted.add(text(record));
        await delivery.writeUntilDone(async () => {
          writes.add(1);
          if (writes.items.length < 4) throw new PlatformError('BROKER_UNAVAILABLE');
        });
      });
      expect(await acted.until(2)).toEqual(['first', 'second']);
      expect(writes.items.length).toBeGreaterThanOrEqual(4);
    });

    it('lets a failed write pass while it closes, and commits its record', async () => {
      const topic = await tools.aTopic();
      const groupId = randomUUID();
      await tools.gateway.publisher.publish(aRecord(topic, 'kept'));
      const writes = new Arrivals<number>();
      let isClosing = false;
      const consumer = await tools.consume({ topics: [topic], groupId }, async (_record, _signal, delivery) =>
        delivery.writeUntilDone(async () => {
          writes.add(1);
          if (!isClosing) throw new PlatformError('BROKER_UNAVAILABLE');
        }),
      );
      await writes.until(1);
      isClosing = true;
      await consumer.close(10_000);
      const again = new Arrivals<string>();
      await tools.consume({ topics: [topic], groupId }, async (record) => again.add(text(record)));
      await tools.gateway.publisher.publish(aRecord(topic, 'new'));
      expect(await again.until(1)).toEqual(['new']);
    });

    it('lets nothing begin and nothing be written for a partition it lost', async () => {
      const topic = await tools.aTopic();
      await tools.gateway.publisher.publish(aRecord(topic, 'x'));
      const started = new Arrivals<number>();
      const refused = new Arrivals<unknown>();
      let act = (): void => undefined;
      const turn = new Promise<void>((resolve) => (act = resolve));
      const consumer = await tools.consume({ topics: [topic] }, async (_record, _signal, delivery) => {
        started.add(1);
        await turn;
        await delivery.readyToAct().catch((error: unknown) => refused.add(error));
        await delivery.writeUntilDone(async () => undefined).catch((error: unknown) => refused.add(error));
      });
      await started.until(1);
      await consumer.close(1);
      act();
      await refused.until(2);
      expect(refused.items).toMatchObject([{ code: 'PARTITION_LOST' }, { code: 'PARTITION_LOST' }]);
    });

    it('gives up a record after the allowed number of unexpected errors, and commits nothing past it', async () => {
      const topic = await tools.aTopic();
      const fatal = new Arrivals<PlatformError>();
      const doomed = await tools.connect({ recordTriesMax: 2, onFatal: (error) => fatal.add(error) });
      await tools.gateway.publisher.publish(['good', 'bad', 'good'].map((value) => aRecord(topic, value)));
      const groupId = randomUUID();
      const broken = await tools.consume(
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
      await tools.consume({ topics: [topic], groupId }, async (record) => again.add(text(record)));
      expect(await again.until(1)).toEqual(['bad']);
    });

    it('waits at a record of a newer release, and commits nothing past it', async () => {
      const topic = await tools.aDeclaredTopic('settlements');
      const groupId = randomUUID();
      await tools.gateway.publisher.publish(newerBetween(topic));
      const rejects = new Arrivals<IncomingRecord>();
      await tools.consume({ topics: [tools.topics.name('rejects')] }, async (record) => rejects.add(record));
      const handled = new Arrivals<string>();
      const own = await tools.connect();
      const consumer = await tools.consume({ topics: [topic], groupId }, async (record) => handled.add(text(record)), own);
      await eventually(() => own.keptRecords().length > 0);
      expect(own.keptRecords()).toEqual([{ topic, partition: 0, offset: 1n }]);
      const progress = (of: RecordConsumer) => of.progress().find(({ partition }) => partition === 0);
      expect([consumer.inFlight, progress(consumer)]).toMatchObject([0, { finishedTo: 1n, isPaused: true, keptAt: 1n }]);
      expect([handled.items, own.isOutdated, kafkaChecks(own)['release']?.()]).toEqual([['old'], false, false]);
      await consumer.close(1_000);
      expect(kafkaChecks(own)['release']?.()).toBe(true);
      // Another release takes the partition where this one stopped.
      const next = await tools.consume({ topics: [topic], groupId }, async () => undefined, own);
      await eventually(() => own.keptRecords().length > 0);
      expect(progress(next)).toMatchObject({ finishedTo: 1n });
      expect(rejects.items.filter(({ headers }) => headers[rejectHeader.topic] === topic)).toEqual([]);
    });

    it('hands out no more records at once than its limit, and finishes all of them', async () => {
      const topic = await tools.aTopic();
      await tools.gateway.publisher.publish(Array.from({ length: 40 }, (_, index) => aRecord(topic, String(index))));
      const done = new Arrivals<number>();
      let most = 0;
      const consumer = await tools.consume({ topics: [topic], partitionRecordsMax: 4 }, async () => {
        most = Math.max(most, consumer?.inFlight ?? 0);
        await new Promise((resolve) => setImmediate(resolve));
        done.add(1);
      });
      await done.until(40);
      expect(most).toBeLessThanOrEqual(4);
    });

    it('exceeds its limit of bytes by one record at most', async () => {
      const topic = await tools.aTopic();
      await tools.gateway.publisher.publish(Array.from({ length: 20 }, () => aRecord(topic, 'x'.repeat(10_000))));
      const done = new Arrivals<number>();
      let inFlight = 0;
      let most = 0;
      await tools.consume({ topics: [topic], partitionBytesMax: () => 30_000 }, async () => {
        inFlight += 1;
        most = Math.max(most, inFlight);
        await new Promise((resolve) => setImmediate(resolve));
        inFlight -= 1;
        done.add(1);
      });
      await done.until(20);
      expect(most).toBeLessThanOrEqual(4);
    });

    it('starts at the end with from: latest, and misses no record after its start', async () => {
      const topic = await tools.aTopic();
      await tools.gateway.publisher.publish(aRecord(topic, 'old'));
      const seen = new Arrivals<string>();
      await tools.consume({ topics: [topic], from: 'latest' }, async (record) => seen.add(text(record)));
      await tools.gateway.publisher.publish(aRecord(topic, 'new'));
      expect(await seen.until(1)).toEqual(['new']);
    });

    it('shares partitions with other members, and takes over those of one that leaves', async () => {
      const topic = await tools.aTopic(2);
      const groupId = randomUUID();
      const second = await tools.connect();
      const a = new Arrivals<IncomingRecord>();
      const b = new Arrivals<IncomingRecord>();
      const publish = () => tools.gateway.publisher.publish([0, 1].map((partition) => aRecord(topic, 'x', { partition })));
      await tools.consume({ topics: [topic], groupId }, async (record) => a.add(record));
      const leaving = await tools.consume({ topics: [topic], groupId }, async (record) => b.add(record), second);
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
      const topic = await tools.aTopic(2);
      const groupId = randomUUID();
      const second = await tools.connect();
      await tools.gateway.publisher.publish([0, 1].map((partition) => aRecord(topic, 'x', { partition })));
      const aborted = new Arrivals<number>();
      const started = new Arrivals<number>();
      await tools.consume({ topics: [topic], groupId }, ({ partition }, signal) => {
        started.add(partition);
        signal.addEventListener('abort', () => aborted.add(partition));
        return new Promise(() => undefined);
      });
      await started.until(2);
      const taken = new Arrivals<number>();
      await tools.consume({ topics: [topic], groupId }, async ({ partition }) => taken.add(partition), second);
      await aborted.until(1);
      await taken.until(1);
      expect(taken.items).toEqual(aborted.items);
    });
  });
}
