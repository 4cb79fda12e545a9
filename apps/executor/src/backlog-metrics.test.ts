/**
 * Goal: the metrics that an autoscaler reads count what more executors would start, and nothing
 * else. Method: the queue of an executor, over records in the in-memory broker.
 */
import { Registry as Metrics } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PlatformError } from '#contracts';
import { MemoryKafka } from '#kafka/memory';
import { Arrivals, ManualClock } from '#testing';
import { AttemptQueue } from './attempt-queue.ts';
import { gaugeBacklog } from './backlog-metrics.ts';

const noLimit = Number.POSITIVE_INFINITY;

async function setUp(places: number) {
  const kafka = new MemoryKafka();
  const clock = new ManualClock();
  const queue = new AttemptQueue(places, clock);
  const metrics = new Metrics();
  let unread: typeof kafka.unread = (topic) => kafka.unread(topic);
  gaugeBacklog(metrics, {
    queue,
    clock,
    topics: kafka.topics,
    waitingForProcesses: () => [],
    unread: async (topic) => unread(topic),
  });
  const values = async () => {
    const all = await metrics.getMetricsAsJSON();
    const value = (name: string) => all.find((one) => one.name === name)?.values[0]?.value;
    return {
      runnable: value('sendoff_runnable_invocations'),
      limited: value('sendoff_limited_invocations'),
      oldest: value('sendoff_runnable_oldest_age_seconds'),
    };
  };
  const wait = (key: string, ownMax: number, source: string) => {
    const signal = new AbortController().signal;
    const ticket = { key, runningMax: () => Math.min(places, ownMax), ownMax: () => ownMax, dueAt: clock.elapsedMs(), source };
    void queue.run({ ...ticket, bytes: 1, isAwaited: false, signal }, () => new Promise(() => undefined));
  };
  const breakBrokers = () => (unread = () => Promise.reject(new PlatformError('BROKER_UNAVAILABLE')));
  return { kafka, clock, values, wait, breakBrokers };
}

/** Writes records, of which a consumer of the executor takes one and does not end it. */
async function withUnread(kafka: MemoryKafka, records: number): Promise<void> {
  const topic = kafka.topics.name('invocations.bulk');
  await kafka.publisher.publish(
    Array.from({ length: records }, () => ({ topic, key: 'f', value: Buffer.from('{}'), headers: {} })),
  );
  const taken = new Arrivals<number>();
  const consumer = kafka.consumer({ groupId: 'executor', topics: [topic], partitionRecordsMax: 1 });
  onTestFinished(async () => consumer.close(0));
  await consumer.start(async () => {
    taken.add(1);
    await new Promise(() => undefined);
  });
  await taken.until(1);
}

describe('the backlog', () => {
  it('is what other executors could start, and since when', async () => {
    const { clock, wait, values } = await setUp(1);
    for (let n = 0; n < 3; n++) wait('busy', noLimit, 'p/0');
    await clock.advance(2_000);
    expect(await values()).toEqual({ runnable: 2, limited: 0, oldest: 2 });
  });

  it('leaves out what waits for the limit of its function', async () => {
    const { clock, wait, values } = await setUp(100);
    for (let n = 0; n < 3; n++) wait('busy', 1, 'p/0');
    await clock.advance(2_000);
    expect(await values()).toEqual({ runnable: 0, limited: 2, oldest: 0 });
  });

  it('includes the records of the partitions of this executor that are not read yet', async () => {
    const { kafka, values } = await setUp(1);
    await withUnread(kafka, 5);
    expect(await values()).toEqual({ runnable: 4, limited: 0, oldest: 0 });
  });

  it('is what this process holds while the brokers do not answer', async () => {
    const { kafka, wait, values, breakBrokers } = await setUp(1);
    await withUnread(kafka, 5);
    for (let n = 0; n < 2; n++) wait('busy', noLimit, 'p/0');
    breakBrokers();
    expect(await values()).toMatchObject({ runnable: 1, limited: 0 });
  });
});
