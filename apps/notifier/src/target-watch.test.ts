/**
 * Goal: notifiers that share targets agree on their health, also after restarts, and write little.
 * Method: watches over one in-memory topic, with a clock of the test.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import pino from 'pino';
import type { TargetName } from '#contracts';
import { type TopicFollower, topicSpecs } from '#kafka';
import { MemoryKafka } from '#kafka/memory';
import type { TryResult } from '#lifecycle';
import { TargetStates } from '#platform';
import { ManualClock } from '#testing';
import { TargetWatch } from './target-watch.ts';

const target: TargetName = { project: 'p1', deliveryId: 'Subscription:urn:smn:local:p1:news:a/b' };
const failed: TryResult = { kind: 'deferred', reason: 'the receiver answered 500' };
const delivered: TryResult = { kind: 'delivered' };

let kafka: MemoryKafka;
let clock: ManualClock;
let topic: string;

/** A notifier, as far as it watches targets. */
interface Watcher {
  readonly watch: TargetWatch;
  readonly states: TargetStates;
  readonly follower: TopicFollower;
}

async function aNotifier(): Promise<Watcher> {
  const states = new TargetStates();
  const follower = kafka.follower({ topic, from: 'earliest' });
  await follower.start((record) => states.add(record));
  const limits = { failuresMin: 2, failingMaxMs: 60_000, goneMaxMs: 0 };
  const watch = new TargetWatch({
    states,
    publisher: kafka.publisher,
    topic,
    limits,
    clock,
    logger: pino({ level: 'silent' }),
  });
  return { watch, states, follower };
}

const records = () => kafka.records(topic);
/** Lets all that is due be written, and all notifiers read it. */
const settle = async (...notifiers: readonly Watcher[]) => {
  await clock.advance(1_000);
  await new Promise(setImmediate);
  for (const { follower } of notifiers) await follower.caughtUp(1_000);
};

beforeEach(async () => {
  kafka = new MemoryKafka();
  topic = kafka.topics.name('targets');
  await kafka.admin.ensureTopics(topicSpecs(kafka.topics, 2));
  clock = new ManualClock();
});

describe('reports', () => {
  it('are not made for a target that works', async () => {
    const one = await aNotifier();
    one.watch.tried(target, delivered, undefined);
    await settle(one);
    expect(records()).toHaveLength(0);
  });

  it('of one second are one record, the last', async () => {
    const one = await aNotifier();
    for (let failure = 0; failure < 50; failure++) one.watch.tried(target, failed, failure < 2 ? undefined : 10_000);
    await settle(one);
    expect(records()).toHaveLength(1);
    expect(one.states.healthOf(target)).toMatchObject({ failures: 50, openUntil: clock.now() + 9_000 });
  });

  it('are written again if the brokers were away', async () => {
    const one = await aNotifier();
    kafka.setReachable(false);
    one.watch.tried(target, failed, undefined);
    await settle();
    kafka.setReachable(true);
    await settle(one);
    expect(records()).toHaveLength(1);
  });

  it('are written before the process ends', async () => {
    const one = await aNotifier();
    one.watch.tried(target, failed, undefined);
    await one.watch.close();
    expect(records()).toHaveLength(1);
  });
});

describe('several notifiers', () => {
  it('count failures together, from the first one', async () => {
    const [one, other] = [await aNotifier(), await aNotifier()];
    const begin = clock.now();
    one.watch.tried(target, failed, undefined);
    await settle(one, other);
    other.watch.tried(target, failed, undefined);
    await settle(one, other);
    expect(one.states.healthOf(target)).toMatchObject({ failures: 2, failingSince: begin });
  });

  it('end the row for all when one of them succeeds', async () => {
    const [one, other] = [await aNotifier(), await aNotifier()];
    one.watch.tried(target, failed, undefined);
    await settle(one, other);
    other.watch.tried(target, delivered, undefined);
    await settle(one, other);
    expect(one.watch.healthOf(target)).toBeUndefined();
    await clock.advance(60_000);
    expect([1, 2, 3].map(() => one.watch.tried(target, failed, undefined))).toEqual(Array(3).fill(undefined));
  });
});

describe('a target that has failed for the whole time', () => {
  const switchOff = async (one: Watcher) => {
    one.watch.tried(target, failed, undefined);
    await settle(one);
    await clock.advance(60_000);
    return one.watch.tried(target, failed, undefined);
  };

  it('is switched off once, and not in the project of a neighbour', async () => {
    const one = await aNotifier();
    expect(await switchOff(one)).toMatchObject({ reason: expect.stringContaining('no try has succeeded since') });
    expect(one.watch.tried(target, failed, undefined)).toBeUndefined();
    expect(one.watch.switchOffOf(target)).toBeDefined();
    expect(one.watch.switchOffOf({ ...target, project: 'p2' })).toBeUndefined();
  });

  it('is known to all notifiers, and to those that start later', async () => {
    const [one, other] = [await aNotifier(), await aNotifier()];
    const off = (await switchOff(one)) ?? expect.fail('it is not switched off');
    await kafka.publisher.publish(one.watch.switchOffRecord(target, off));
    await settle(one, other);
    const later = await aNotifier();
    for (const { watch } of [other, later]) expect(watch.switchOffOf(target)).toEqual(off);
  });

  it('is switched off although every notifier was started again meanwhile', async () => {
    const before = await aNotifier();
    before.watch.tried(target, failed, undefined);
    await before.watch.close();
    await clock.advance(60_000);
    const after = await aNotifier();
    expect(after.watch.tried(target, failed, undefined)).toBeDefined();
  });

  it('is switched on for all when it takes a notice', async () => {
    const [one, other] = [await aNotifier(), await aNotifier()];
    const off = (await switchOff(one)) ?? expect.fail('it is not switched off');
    await kafka.publisher.publish(one.watch.switchOffRecord(target, off));
    await settle(one, other);
    other.watch.tried(target, delivered, undefined);
    await settle(one, other);
    for (const { watch } of [one, other, await aNotifier()])
      expect([watch.switchOffOf(target), watch.healthOf(target)]).toEqual([undefined, undefined]);
  });
});
