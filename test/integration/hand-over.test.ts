/**
 * Goal: partitions move between members without a record handled twice, and without a pause of the
 * others. Method: a real broker; a record of partition 3 acts for as long as the test wants.
 */
import { randomUUID } from 'node:crypto';
import { expect, inject, it, onTestFinished } from 'vitest';
import { type IncomingRecord, Topics } from '#contracts';
import { connectKafka, type ConsumerOptions, type RecordConsumer } from '#kafka';
import { Arrivals } from '#testing';

const partitions = [0, 1, 2, 3];

/** A topic with four partitions, and members of a group that read it. */
async function aGroup(options: Partial<ConsumerOptions> = {}) {
  const topics = new Topics('p.');
  const brokers = inject('kafkaBrokers').split(',');
  const gateway = await connectKafka({ brokers, clientId: 'hand-over', topics, replication: 1 });
  onTestFinished(() => gateway.close());
  const topic = `hand-over-${randomUUID()}`;
  await gateway.admin.ensureTopics([{ topic, partitions: 4, isCompacted: false, retentionMs: 60_000 }]);
  const release = Promise.withResolvers<void>();
  onTestFinished(() => release.resolve());
  const begun = new Arrivals<string>();
  const handled = new Arrivals<{ readonly by: string; readonly partition: number; readonly value: string }>();
  const join = async (by: string): Promise<RecordConsumer> => {
    const consumer = gateway.consumer({ groupId: `g-${topic}`, topics: [topic], handOverMs: 30_000, ...options });
    onTestFinished(() => consumer.close(0));
    await consumer.start(async ({ partition, value }: IncomingRecord, _signal, delivery) => {
      await delivery.readyToAct();
      begun.add(String(value));
      if (String(value) === 'long') await release.promise;
      await delivery.writeUntilDone(async () => undefined);
      handled.add({ by, partition, value: String(value) });
    });
    return consumer;
  };
  const publish = async (value: string, to: readonly number[] = partitions) =>
    gateway.publisher.publish(to.map((partition) => ({ topic, partition, value: Buffer.from(value), headers: {} })));
  const placesOf = (value: string) =>
    Object.fromEntries(handled.items.filter((one) => one.value === value).map(({ by, partition }) => [partition, by]));
  return { join, publish, begun, handled, release, placesOf };
}

it('a partition moves when its last record has acted, and the others go on meanwhile', async () => {
  const { join, publish, begun, handled, release, placesOf } = await aGroup();
  await join('a');
  await publish('long', [3]);
  await begun.until(1);
  await join('b');

  // Partition 2 has moved, 3 has not.
  for (let round = 0; placesOf(`round ${round}`)[2] !== 'b'; ) {
    round += 1;
    await publish(`round ${round}`, [0, 1, 2]);
    await handled.until((items) => items.filter(({ value }) => value === `round ${round}`).length === 3);
  }
  await publish('after', [3]);
  expect(begun.items).not.toContain('after');

  release.resolve();
  await handled.until((items) => items.some(({ value }) => value === 'after'));
  expect(placesOf('long')).toEqual({ 3: 'a' });
  expect(placesOf('after')).toEqual({ 3: 'b' });
  const names = handled.items.map(({ partition, value }) => `${partition} ${value}`);
  expect(new Set(names).size).toBe(names.length);
});

it('a member that closes hands its free partitions over while a record still acts', async () => {
  const { join, publish, begun, handled, release, placesOf } = await aGroup({ leavesWaiting: true });
  const leaving = await join('a');
  await publish('long', [3]);
  await begun.until(1);
  await join('b');
  const closed = leaving.close(30_000);
  for (let round = 0; placesOf(`round ${round}`)[0] !== 'b' || placesOf(`round ${round}`)[1] !== 'b'; ) {
    round += 1;
    await publish(`round ${round}`, [0, 1]);
    await handled.until((items) => items.filter(({ value }) => value === `round ${round}`).length === 2);
  }
  expect(placesOf('long')).toEqual({});

  release.resolve();
  await closed;
  await publish('after');
  await handled.until((items) => items.filter(({ value }) => value === 'after').length === 4);
  expect(placesOf('long')).toEqual({ 3: 'a' });
  expect(placesOf('after')).toEqual({ 0: 'b', 1: 'b', 2: 'b', 3: 'b' });
});
