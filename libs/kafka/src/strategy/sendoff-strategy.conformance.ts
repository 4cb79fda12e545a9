/** The promises of the transport to Nest controllers, over either broker. */
import { randomUUID } from 'node:crypto';
import { Controller, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatVersionHeader, type IncomingRecord, PlatformError, type TopicName, type Topics } from '#contracts';
import { Arrivals, ManualClock } from '#testing';
import { type ClusterUnderTest, newerVersion } from '../conformance/cluster-tools.conformance.ts';
import type { KafkaGateway } from '../ports.ts';
import { type KafkaRecordContext, OnRecord } from './on-record.ts';
import { SendoffStrategy } from './sendoff-strategy.ts';

type Handle = (record: IncomingRecord, context: KafkaRecordContext) => unknown;

/** Set by each test before its app starts. */
let handle: Handle = () => undefined;

@Controller()
class HandlingController {
  @OnRecord('delays.near', 'delays.30s')
  async onDelay(record: IncomingRecord, context: KafkaRecordContext): Promise<void> {
    await handle(record, context);
  }

  @OnRecord('invocations')
  async onInvocation(record: IncomingRecord, context: KafkaRecordContext): Promise<void> {
    await handle(record, context);
  }
}

@Controller()
class AbsentController {
  @OnRecord('absent' as TopicName)
  async onRecord(record: IncomingRecord, context: KafkaRecordContext): Promise<void> {
    await handle(record, context);
  }
}

@Controller()
class SecondController {
  @OnRecord('invocations')
  async onRecord(record: IncomingRecord, context: KafkaRecordContext): Promise<void> {
    await handle(record, context);
  }
}

/** Runs the suite. */
export function strategyConformance(title: string, open: () => Promise<ClusterUnderTest>): void {
  describe(title, () => {
    let gateway: KafkaGateway;
    let topics: Topics;
    let groupId: string;
    let clock: ManualClock;
    const cleanups: (() => Promise<unknown>)[] = [];

    beforeEach(async () => {
      const cluster = await open();
      topics = cluster.topics;
      groupId = randomUUID();
      clock = new ManualClock();
      gateway = await cluster.connect();
      cleanups.push(() => gateway.close());
      await gateway.admin.ensureTopics(
        ['invocations', 'delays.near', 'delays.30s', 'rejects'].map((name) => ({
          topic: topics.prefix + name,
          partitions: 1,
          isCompacted: false,
          retentionMs: 3_600_000,
        })),
      );
    });
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    });

    async function serviceWith(controllers: readonly Type[]) {
      const module = await Test.createTestingModule({ controllers: [...controllers] }).compile();
      const strategy = new SendoffStrategy({ gateway, groupId, drainMs: 200, clock });
      const app = module.createNestMicroservice({ strategy, logger: false });
      cleanups.push(() => app.close());
      return { app, strategy };
    }

    async function serve(handler: Handle) {
      handle = handler;
      const { app, strategy } = await serviceWith([HandlingController]);
      strategy.use(app);
      await app.listen();
      return { app, strategy };
    }

    const publish = (name: string, value: string) =>
      gateway.publisher.publish({ topic: topics.prefix + name, value: Buffer.from(value), headers: {} });

    /** Returns the records that the next member of the group gets, up to the record `end`. */
    async function leftovers(name: string): Promise<string[]> {
      const seen = new Arrivals<string>();
      const consumer = gateway.consumer({ groupId, topics: [topics.prefix + name] });
      cleanups.push(() => consumer.close(0));
      await consumer.start(async (record) => seen.add(String(record.value)));
      await publish(name, 'end');
      await seen.until((items) => items.includes('end'));
      return [...seen.items];
    }

    it('gives a handler the records of all its patterns', async () => {
      const seen = new Arrivals<string>();
      await serve(({ topic, value }, context) => {
        expect(context.signal.aborted).toBe(false);
        seen.add(`${topics.withName(topic)} ${String(value)}`);
      });
      for (const name of ['delays.near', 'delays.30s', 'invocations']) await publish(name, 'x');
      expect([...(await seen.until(3))].sort()).toEqual(['delays.30s x', 'delays.near x', 'invocations x']);
    });

    it('leaves its group while the clock is refused, and reads on from its commits', async () => {
      const seen = new Arrivals<string>();
      await serve(({ value }) => seen.add(String(value)));
      await publish('invocations', 'first');
      await seen.until(1);
      clock.refuse(true);
      // The other member gets the partition, because this one has left.
      expect(await leftovers('invocations')).toEqual(['end']);
      for (const cleanup of cleanups.splice(-1)) await cleanup();
      await publish('invocations', 'meanwhile');
      clock.refuse(false);
      expect(await seen.until(2)).toEqual(['first', 'meanwhile']);
    });

    it('leaves its group for good once a follower of its process waits at a record of a newer release', async () => {
      const seen = new Arrivals<string>();
      await serve(({ value }) => seen.add(String(value)));
      await publish('invocations', 'first');
      await seen.until(1);
      const topic = topics.name('cancellations');
      await gateway.admin.ensureTopics([{ topic, partitions: 1, isCompacted: false, retentionMs: 3_600_000 }]);
      const follower = gateway.follower({ topic, from: 'earliest' });
      cleanups.push(() => follower.close());
      await follower.start(() => undefined);
      await gateway.publisher.publish({ topic, value: null, headers: { [formatVersionHeader]: newerVersion } });
      // The other member gets the partition, because this one has left.
      expect(await leftovers('invocations')).toEqual(['end']);
      expect(seen.items).toEqual(['first']);
    });

    it('joins no group if the clock is refused from the start', async () => {
      clock.refuse(true);
      const seen = new Arrivals<string>();
      await serve(({ value }) => seen.add(String(value)));
      await publish('invocations', 'first');
      expect(await leftovers('invocations')).toEqual(['first', 'end']);
    });

    it('commits a record whose handler resolved, and waits for it while it closes', async () => {
      const started = new Arrivals<string>();
      const { app } = await serve(async ({ value }) => {
        started.add(String(value));
        await new Promise((resolve) => setImmediate(resolve));
      });
      await publish('invocations', 'done');
      await started.until(1);
      await app.close();
      expect(await leftovers('invocations')).toEqual(['end']);
    });

    it.each([
      ['throws', () => Promise.reject(new PlatformError('STORE_UNAVAILABLE'))],
      [
        'throws a string synchronously',
        () => {
          throw 'a word';
        },
      ],
    ])('does not commit a record whose handler %s', async (_how, fail) => {
      const tries = new Arrivals<number>();
      const { app } = await serve(() => {
        tries.add(1);
        return fail();
      });
      await publish('invocations', 'kept');
      await tries.until(2);
      await app.close();
      expect(await leftovers('invocations')).toEqual(['kept', 'end']);
    });

    it('writes a record of the wrong shape to the rejects, with the reason of its handler', async () => {
      const rejects = new Arrivals<IncomingRecord>();
      const follower = gateway.follower({ topic: topics.name('rejects'), from: 'earliest' });
      cleanups.push(() => follower.close());
      await follower.start((record) => rejects.add(record));
      await serve(() => {
        throw new PlatformError('CONTRACT_VIOLATED', { details: { reason: 'header x is missing' } });
      });
      await publish('invocations', 'bad');
      await rejects.until(1);
      expect(rejects.items[0]?.headers).toMatchObject({
        'reject-reason': 'CONTRACT_VIOLATED: header x is missing',
        'reject-topic': topics.name('invocations'),
      });
    });

    it('fails to listen when a topic does not exist', async () => {
      const { app, strategy } = await serviceWith([AbsentController]);
      strategy.use(app);
      await expect(app.listen()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    });

    it('fails to listen before it has controllers: it would read nothing', async () => {
      const { app } = await serviceWith([HandlingController]);
      await expect(app.listen()).rejects.toThrow('use() must come before listen()');
    });

    it('refuses two methods for the records of one topic', async () => {
      const { app, strategy } = await serviceWith([HandlingController, SecondController]);
      expect(() => strategy.use(app)).toThrow('two methods handle the records of invocations');
    });
  });
}
