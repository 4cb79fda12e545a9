/**
 * Goal: what is published gets the same care as the end of an invocation, within its time to live,
 * and shows in no invocation's record. Method: deliveries over the in-memory broker and a registry,
 * with a destination that answers what the test says.
 */
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  decodeDelivery,
  decodeRedrivenEnd,
  decodeTargetChange,
  type DeliveryTarget,
  encodeDelivery,
  encodeSettlement,
  epochMs,
  type DeliveryEvent,
  type PendingDelivery,
  type RegistryDocument,
  registryKey,
  type SubscriptionDocument,
  type Target,
  Topics,
} from '#contracts';
import { topicSpecs } from '#kafka';
import { MemoryKafka } from '#kafka/memory';
import type { TryResult } from '#lifecycle';
import { TargetStates, untraced } from '#platform';
import { type Change, Registry, RegistryWriter } from '#registry';
import {
  aFunction,
  anInvocation,
  aPolicy,
  aPublication,
  Arrivals,
  asIncoming,
  aSettlement,
  builtAt,
  inHand,
  ManualClock,
  testSigner,
  testVerifier,
} from '#testing';
import { everyDestination } from '../testing/every-destination.ts';
import { Deliveries } from './deliveries.ts';
import type { Destination } from './destination.ts';
import { deferredOnAbort } from './adapters/deferred-on-abort.ts';
import { RegistryDirectory } from './adapters/registry-directory.ts';
import { partitionLimitsOf } from './partition-room.ts';
import { TargetQueues } from './target-queues.ts';
import { TargetWatch } from './target-watch.ts';

const topicUrn = 'urn:smn:local:p1:news';
const topicTarget = { type: 'SMN', topicUrn } as const;
const subscription = (name: string, given: Partial<SubscriptionDocument> = {}): SubscriptionDocument => ({
  urn: `${topicUrn}:${name}`,
  protocol: 'http',
  endpoint: 'http://a/',
  status: 1,
  remark: '',
  secret: '',
  ...given,
});

const topics = new Topics('s.');
let kafka: MemoryKafka;
let registry: Registry;
let clock: ManualClock;
let deliveries: Deliveries;
let told: DeliveryTarget[];
/** How often the next records were asked for at once. */
let readingsAtOnce: number;
/** Messages of the transport. */
let failedWrites: Arrivals<string>;
let answer: TryResult;
let onTold: () => void;
/** The rest of a try. */
let under: (signal: AbortSignal) => Promise<TryResult>;

const published = (given: Parameters<typeof aPublication>[0] = {}): DeliveryEvent => ({
  kind: 'published',
  publication: aPublication(given),
});
const tell = (event: DeliveryEvent, target: DeliveryTarget = topicTarget): Promise<void> => {
  const now = clock.now();
  const pending = { deliveryId: `${target.type}:x`, target, try: 1, dueAt: now, firstTriedAt: now, event };
  return deliveries.onNotification(asIncoming(encodeDelivery('s.notifications', pending)), inHand());
};
const written = (topic: string) => kafka.records(topics.prefix + topic).map(decodeDelivery);
const change = (...changes: Change[]) =>
  new RegistryWriter({ registry, gateway: kafka, signer: testSigner }).mutate(() => ({ changes }));
const subscribe = async (...subscriptions: SubscriptionDocument[]) => {
  const named = { urn: topicUrn, project: 'p1', name: 'news', displayName: '', createdAt: builtAt, modifiedAt: builtAt };
  await change({ kind: 'topic', ...named, subscriptions });
};

beforeEach(async () => {
  failedWrites = new Arrivals();
  kafka = new MemoryKafka({ topics, log: (_level, message) => failedWrites.add(message) });
  await kafka.admin.ensureTopics(topicSpecs(topics, 1));
  registry = new Registry({ gateway: kafka, verifier: testVerifier });
  await registry.start();
  clock = new ManualClock(builtAt);
  told = [];
  readingsAtOnce = 0;
  onTold = () => undefined;
  under = async () => answer;
  answer = { kind: 'delivered', location: 'there' };
  const destination: Destination = {
    deliver: async (_notification, target, signal) => {
      told.push(target);
      onTold();
      return under(signal);
    },
  };
  deliveries = new Deliveries({
    readAtOnce: () => (readingsAtOnce += 1),
    destinations: everyDestination(destination),
    directory: new RegistryDirectory(registry),
    publisher: kafka.publisher,
    queues: new TargetQueues(
      { triesMax: 4, waitingMax: 4, partition: partitionLimitsOf(4), failuresMax: 2, openMs: 10_000 },
      clock,
    ),
    watch: new TargetWatch({
      states: new TargetStates(),
      publisher: kafka.publisher,
      topic: topics.name('targets'),
      limits: { failuresMin: 2, failingMaxMs: 60_000, goneMaxMs: 0 },
      clock,
      logger: pino({ level: 'silent' }),
    }),
    policy: { triesMax: 8, backoff: { baseMs: 30_000, maxMs: 1_800_000 } },
    clock,
    random: () => 0,
    tracing: untraced,
    observer: { tried: () => undefined, began: () => undefined, ended: () => undefined, settled: () => undefined },
    topics,
    tryTimeoutMs: 1_000,
    timestampForm: 'rfc3339',
  });
  await subscribe();
});
afterEach(() => registry.close());

describe('a try that is under way when this process is frozen', () => {
  it('is not timed out by the time in which nobody could read the answer', async () => {
    await subscribe(subscription('a'));
    const held = Promise.withResolvers<TryResult>();
    onTold = () => clock.freeze(30_000);
    under = async (signal) => deferredOnAbort(signal, async () => held.promise);
    const telling = tell(published());
    await new Promise(setImmediate);
    await clock.advance(500);
    held.resolve(answer);
    await telling;
    expect(written('notifications')).toMatchObject([{ try: 1, target: { type: 'Subscription' } }]);
  });
});

describe('a try that has ended', () => {
  it('leaves no timer behind', async () => {
    await tell(published());
    expect([told.length, clock.pending]).toEqual([1, 0]);
  });
});

describe('a published message', () => {
  it('becomes a delivery for each confirmed subscription once it is on its topic', async () => {
    await subscribe(subscription('a'), subscription('b', { status: 0 }), subscription('c', { protocol: 'functionstage' }));
    await tell(published());
    expect(told).toEqual([topicTarget]);
    const next = written('notifications');
    expect(next.map(({ target }) => target)).toEqual(
      ['a', 'c'].map((name) => ({ type: 'Subscription', topicUrn, subscriptionUrn: `${topicUrn}:${name}` })),
    );
    expect(next.map(({ event, try: no, dueAt }) => [event, no, dueAt])).toEqual(Array(2).fill([published(), 1, builtAt]));
  });

  it('is for the protocols its publisher named alone', async () => {
    await subscribe(
      subscription('a'),
      subscription('b', { protocol: 'https' }),
      subscription('c', { protocol: 'functionstage' }),
    );
    await tell(published({ attributes: [{ name: 'smn_protocol', type: 'PROTOCOL', value: ['https'] }] }));
    expect(written('notifications').map(({ target }) => target)).toMatchObject([{ subscriptionUrn: `${topicUrn}:b` }]);
  });

  it('shows in no record of an invocation', async () => {
    await subscribe(subscription('a'));
    await tell(published());
    answer = { kind: 'refused', reason: 'gone' };
    await tell(published());
    expect(kafka.records('s.activity')).toEqual([]);
  });

  it('is tried again with the waits of every delivery', async () => {
    answer = { kind: 'deferred', reason: 'busy' };
    await tell(published());
    expect(written('delays.near')).toMatchObject([{ try: 2, dueAt: builtAt + 15_000, reason: 'busy' }]);
  });

  it('waits on the undelivered topic, with the reason, once it is given up', async () => {
    answer = { kind: 'refused', reason: 'gone' };
    await tell(published());
    expect(written('undelivered')).toMatchObject([{ reason: 'gone', event: published() }]);
  });

  it('names the record of its last try once it is given up, and is delivered when a tool writes it back', async () => {
    answer = { kind: 'refused', reason: 'gone' };
    await tell(published());
    const letter = kafka.records('s.undelivered')[0] ?? expect.fail('nothing is undelivered');
    expect(letter.headers).toMatchObject({
      'kafka_dlt-original-topic': 's.notifications',
      'kafka_dlt-original-consumer-group': 's.notifier',
      'kafka_dlt-original-offset': '\0'.repeat(8),
      'kafka_dlt-exception-fqcn': 'dev.sendoff.DELIVERY_ABANDONED',
      'kafka_dlt-exception-message': 'gone',
      ce_type: 'dev.sendoff.delivery.abandoned',
      ce_source: '/topics/s.notifications',
    });
    answer = { kind: 'delivered', location: 'there' };
    await deliveries.onNotification({ ...letter, topic: 's.notifications' }, inHand());
    expect([told, kafka.records('s.undelivered').length]).toEqual([[topicTarget, topicTarget], 1]);
  });

  it('is not tried again when its time to live will be over', async () => {
    answer = { kind: 'deferred', reason: 'busy' };
    await tell(published({ expiresAt: epochMs(builtAt + 15_000) }));
    expect(written('delays.near')).toEqual([]);
    expect(written('undelivered')).toMatchObject([{ reason: 'busy (the time to live ends before the next try)' }]);
  });

  it('is not tried at all when its time to live is over', async () => {
    await tell(published({ expiresAt: builtAt }));
    expect(told).toEqual([]);
    expect(written('undelivered')).toMatchObject([{ reason: 'the time to live ended before a try could be made' }]);
  });

  it('is given up at the end of its time to live while the breaker of its target is open', async () => {
    answer = { kind: 'deferred', reason: 'busy' };
    await tell(published());
    await tell(published());
    await tell(published({ expiresAt: epochMs(builtAt + 10_000) }));
    expect(told.length).toBe(2);
    expect(written('undelivered')).toMatchObject([{ try: 1, reason: expect.stringContaining('circuit breaker is open') }]);
  });

  it('of a topic that was deleted is undelivered', async () => {
    await tell(published({ topicUrn: `${topicUrn}2` }), { type: 'SMN', topicUrn: `${topicUrn}2` });
    expect(written('undelivered')).toMatchObject([{ reason: `topic ${topicUrn}2 does not exist any more` }]);
  });
});

describe('the end of an invocation', () => {
  const settled = (target: Target) => {
    const invocation = anInvocation({ policy: { destinations: { onSuccess: target } } });
    return deliveries.onSettlement(asIncoming(encodeSettlement('s.settlements', aSettlement({ invocation }))), inHand());
  };

  it('is told to the subscriptions of its topic, and how it went shows in its record', async () => {
    await subscribe(subscription('a'));
    await settled(topicTarget);
    expect(written('notifications')).toMatchObject([
      { target: { subscriptionUrn: `${topicUrn}:a` }, event: { kind: 'settled' } },
    ]);
    expect(kafka.records('s.activity').map(({ value }) => JSON.parse(String(value)) as unknown)).toMatchObject([
      { kind: 'delivery-ended', state: 'delivered', location: 'there', followedBy: [`Subscription:${topicUrn}:a`] },
    ]);
  });

  it('names all deliveries that follow, those to many subscriptions in several records', async () => {
    const names = Array.from({ length: 1_100 }, (_, number) => `s${number}`);
    await subscribe(...names.map((name) => subscription(name)));
    await settled(topicTarget);
    const lists = kafka
      .records('s.activity')
      .map(({ value }) => (JSON.parse(String(value)) as { followedBy: string[] }).followedBy);
    expect(lists.map(({ length }) => length)).toEqual([500, 500, 100]);
    expect(lists.flat()).toEqual(written('notifications').map(({ deliveryId }) => deliveryId));
  });

  const place = (type: 'OBS' | 'DIS', name: string) =>
    ({ kind: 'place', type, project: 'p1', name, createdAt: builtAt }) as const;
  const other = aFunction({ urn: 'urn:fss:local:p1:function:default:other', name: 'other' });
  const targets: readonly [what: string, target: Target, document: RegistryDocument][] = [
    ['bucket results', { type: 'OBS', bucket: 'results', prefix: '', expiresDays: 0 }, place('OBS', 'results')],
    ['stream results', { type: 'DIS', streamName: 'results' }, place('DIS', 'results')],
    [
      `topic ${topicUrn}2`,
      { type: 'SMN', topicUrn: `${topicUrn}2` },
      {
        ...{ kind: 'topic', urn: `${topicUrn}2`, project: 'p1', name: 'news2', displayName: '', subscriptions: [] },
        ...{ createdAt: builtAt, modifiedAt: builtAt },
      },
    ],
    [`function ${other.urn}:latest`, { type: 'FunctionGraph', functionUrn: `${other.urn}:latest` }, other],
  ];

  it.each(targets)('is told to %s that is there', async (_what, target, document) => {
    await change(document);
    await settled(target);
    expect([told, written('undelivered')]).toEqual([[target], []]);
  });

  it.each(targets)('is undelivered where %s was removed, and its record says why', async (what, target, document) => {
    await change(document);
    await change({ delete: registryKey(document) });
    await settled(target);
    const reason = `${what} does not exist any more`;
    expect([told, written('delays.near')]).toEqual([[], []]);
    expect(written('undelivered')).toMatchObject([{ reason }]);
    expect(kafka.records('s.activity').map(({ value }) => JSON.parse(String(value)) as unknown)).toMatchObject([
      { kind: 'delivery-ended', state: 'undelivered', reason },
    ]);
  });

  it('lets the next ends be read at once, but only if a target is to be told', async () => {
    const settlement = aSettlement({ invocation: anInvocation() });
    await deliveries.onSettlement(asIncoming(encodeSettlement('s.settlements', settlement)), inHand());
    expect(readingsAtOnce).toBe(0);
    await settled(topicTarget);
    expect(readingsAtOnce).toBe(1);
    await tell(published());
    expect(readingsAtOnce).toBe(2);
  });

  const twice = async (...given: readonly Parameters<typeof aSettlement>[0][]) => {
    await change(place('DIS', 'results'));
    const destinations = { onSuccess: results, onFailure: results };
    for (const more of given) {
      const settlement = aSettlement({ invocation: anInvocation({ policy: { destinations } }), ...more });
      await deliveries.onSettlement(asIncoming(encodeSettlement('s.settlements', settlement)), inHand());
    }
    return told.length;
  };
  const results = { type: 'DIS', streamName: 'results' } as const;

  it('is told once if its record was written twice, or two executors came to the same end', async () => {
    expect(await twice({}, {}, { endedAt: epochMs(builtAt + 99) })).toBe(1);
    expect(kafka.records('s.activity')).toHaveLength(1);
  });

  it('is told once if both records are in hand at once', async () => {
    await change(place('DIS', 'results'));
    await Promise.all([settled(results), settled(results)]);
    expect(told).toHaveLength(1);
  });

  it('is told twice if it ended in two ways, or after a minute', async () => {
    expect(await twice({}, { condition: 'InvocationTimeout' })).toBe(2);
    await clock.advance(60_000);
    expect(await twice({})).toBe(3);
  });

  it('is told again if the first try could not be made', async () => {
    await change(place('DIS', 'results'));
    const lost = new AbortController();
    lost.abort();
    const invocation = anInvocation({ policy: { destinations: { onSuccess: results } } });
    const record = asIncoming(encodeSettlement('s.settlements', aSettlement({ invocation })));
    await expect(deliveries.onSettlement(record, inHand(lost.signal))).rejects.toMatchObject({ code: 'PARTITION_LOST' });
    await deliveries.onSettlement(record, inHand());
    expect(told).toHaveLength(1);
  });

  it('is told to no place and no topic of another project', async () => {
    await change({ ...place('DIS', 'results'), project: 'p2' });
    await settled({ type: 'DIS', streamName: 'results' });
    await subscribe(subscription('a'));
    const invocation = anInvocation({ requestId: 'r2', project: 'p2', policy: { destinations: { onSuccess: topicTarget } } });
    await deliveries.onSettlement(asIncoming(encodeSettlement('s.settlements', aSettlement({ invocation }))), inHand());
    expect([told, written('undelivered').length, written('notifications')]).toEqual([[], 2, []]);
  });
});

describe('a notification whose end cannot be written', () => {
  it('is sent once, and its end is written when the brokers are back', async () => {
    const consumer = kafka.consumer({ groupId: 'notifier', topics: ['s.notifications'] });
    onTestFinished(() => consumer.close(0));
    await consumer.start(async (record, _lost, delivery) => deliveries.onNotification(record, delivery));
    onTold = () => kafka.setReachable(false);
    const now = clock.now();
    const pending = { deliveryId: 'SMN:x', target: topicTarget, try: 1, dueAt: now, firstTriedAt: now, event: published() };
    answer = { kind: 'refused', reason: 'gone' };
    await kafka.publisher.publish(encodeDelivery('s.notifications', pending));
    await failedWrites.until(2);
    kafka.setReachable(true);
    await kafka.waitFor('s.undelivered', 1);
    expect(told).toHaveLength(1);
  });
});

describe('a redriven notice', () => {
  const redrive = { redriveId: 'r1', letter: '0/7' };
  const send = (given: Partial<PendingDelivery> = {}) => {
    const now = clock.now();
    const first = { deliveryId: 'SMN:x', target: topicTarget, try: 1, dueAt: now, firstTriedAt: now, event: published() };
    return deliveries.onNotification(asIncoming(encodeDelivery('s.notifications', { ...first, redrive, ...given })), inHand());
  };
  const ends = () => kafka.records('s.redriven').map(decodeRedrivenEnd);

  it('reports to its redrive that it was delivered, also if no invocation has a record of it', async () => {
    await send();
    expect(ends()).toEqual([{ ...redrive, state: 'delivered', at: builtAt }]);
    await send({ redrive: { ...redrive, letter: '0/8' }, event: { kind: 'settled', settlement: aSettlement() } });
    expect([ends().length, kafka.records('s.activity').length]).toEqual([2, 1]);
  });

  it('reports that it was given up again with its last try only, and its dead letter is free of the redrive', async () => {
    answer = { kind: 'deferred', reason: 'busy' };
    await send();
    const [next] = written('delays.near');
    expect([next, ends()]).toMatchObject([{ try: 2, redrive }, []]);
    await send({ try: 8, reason: 'busy' });
    expect(ends()).toEqual([{ ...redrive, state: 'undelivered', at: builtAt }]);
    expect(written('undelivered')[0]).not.toHaveProperty('redrive');
  });

  it('is told once if its redrive wrote it twice', async () => {
    await Promise.all([send(), send()]);
    await clock.advance(10_000);
    await send();
    expect([told.length, ends().length]).toEqual([1, 1]);
    await send({ redrive: { ...redrive, letter: '0/8' } });
    await send({ redrive: { ...redrive, redriveId: 'r2' } });
    expect(told).toHaveLength(3);
  });

  it('is told if its first try had been put off', async () => {
    answer = { kind: 'deferred', reason: 'busy' };
    for (let failures = 0; failures < 2; failures += 1) await tell(published());
    await send({ deliveryId: 'SMN:x' });
    const delayedOnes = written('delays.near').filter((one) => one.redrive !== undefined);
    expect(delayedOnes).toMatchObject([{ reason: expect.stringContaining('circuit breaker is open') }]);
    await clock.advance(10_000);
    answer = { kind: 'delivered' };
    for (const one of delayedOnes) await send(one);
    expect(ends()).toMatchObject([{ state: 'delivered' }]);
  });
});

describe('the test of a target', () => {
  const results = { type: 'DIS', streamName: 'results' } as const;
  const test = async (given: Parameters<typeof aPublication>[0] = {}) => {
    const now = clock.now();
    const event = published(given);
    const pending = {
      deliveryId: 'DIS:results',
      target: results,
      try: 1,
      dueAt: now,
      firstTriedAt: now,
      isTest: true,
      event,
    } as const;
    await deliveries.onNotification(asIncoming(encodeDelivery('s.notifications', pending)), inHand());
    return ends().at(-1);
  };
  const ends = () =>
    kafka
      .records('s.targets')
      .map(decodeTargetChange)
      .flatMap((one) => (one.kind === 'test' ? [one.test] : []));
  const notify = async () => {
    const before = told.length;
    const now = clock.now();
    const pending = { deliveryId: 'DIS:results', target: results, try: 1, dueAt: now, firstTriedAt: now, event: published() };
    await deliveries.onNotification(asIncoming(encodeDelivery('s.notifications', pending)), inHand());
    return told.length - before;
  };
  beforeEach(() => change({ kind: 'place', type: 'DIS', project: 'p1', name: 'results', createdAt: builtAt }));

  it('is one try, whose end is on the topic of targets', async () => {
    const id = aPublication().messageId;
    expect(await test()).toEqual({ id, at: builtAt, outcome: 'delivered', tookMs: 0, location: 'there' });
    answer = { kind: 'deferred', reason: 'busy' };
    expect(await test()).toMatchObject({ outcome: 'deferred', reason: 'busy' });
    expect([told, written('delays.near'), written('undelivered')]).toEqual([[results, results], [], []]);
  });

  it('says that a target does not exist, and is not made when its caller has gone', async () => {
    await change({ delete: registryKey({ kind: 'place', type: 'DIS', project: 'p1', name: 'results', createdAt: builtAt }) });
    expect(await test()).toMatchObject({ outcome: 'refused', reason: 'stream results does not exist any more' });
    await test({ expiresAt: builtAt });
    expect([told, ends().length]).toEqual([[], 1]);
  });

  it('does not count as a failure', async () => {
    answer = { kind: 'deferred', reason: 'busy' };
    for (let failures = 0; failures < 3; failures += 1) await test();
    expect(await notify()).toBe(1);
  });

  it('passes an open circuit breaker, and closes it if the target takes the notice', async () => {
    answer = { kind: 'deferred', reason: 'busy' };
    for (let failures = 0; failures < 2; failures += 1) await notify();
    expect([await notify(), (await test())?.outcome, await notify()]).toEqual([0, 'deferred', 0]);
    answer = { kind: 'delivered' };
    expect([(await test())?.outcome, await notify()]).toEqual(['delivered', 1]);
  });

  it('switches on a target that takes the notice', async () => {
    answer = { kind: 'deferred', reason: 'busy' };
    for (let failures = 0; failures < 2; failures += 1) await notify();
    await clock.advance(60_000);
    await notify();
    await clock.advance(60_000);
    answer = { kind: 'delivered' };
    expect(await notify()).toBe(0);
    await test();
    expect(await notify()).toBe(1);
  });
});

describe('a target that is switched off', () => {
  const streams = ['results', 'alarms', 'secrets'].map(
    (name) => ({ kind: 'place', type: 'DIS', project: 'p1', name, createdAt: builtAt }) as const,
  );
  const stream = (streamName: string) => ({ type: 'DIS', streamName }) as const;
  const requestIds = ['r1', 'r2', 'r3', 'r4'];
  const settleOne = async () => {
    const requestId = requestIds[told.length + written('undelivered').length] ?? 'r9';
    const invocation = anInvocation({ requestId, policy: { destinations: { onSuccess: stream('results') } } });
    await deliveries.onSettlement(asIncoming(encodeSettlement('s.settlements', aSettlement({ invocation }))), inHand());
  };
  const policyOf = (name: string, onFailure: DeliveryTarget<'DIS'>) =>
    aPolicy({
      functionUrn: `${aFunction({ name }).urn.replace('hello', name)}:latest`,
      destinations: { onSuccess: stream('results'), onFailure },
    });

  beforeEach(async () => {
    const agency = {
      kind: 'agency',
      project: 'p1',
      name: 'all',
      grants: [
        { type: 'DIS', resource: 'results' },
        { type: 'DIS', resource: 'alarms' },
      ],
    } as const;
    const named = (name: string) => aFunction({ name, urn: `urn:fss:local:p1:function:default:${name}`, agency: 'all' });
    await change(...streams, agency, named('hello'), named('other'), named('third'), named('fourth'));
    await change(policyOf('hello', stream('alarms')), policyOf('other', stream('alarms')));
    await change(policyOf('third', stream('results')), policyOf('fourth', stream('secrets')));
    answer = { kind: 'deferred', reason: 'busy' };
    await settleOne();
    await clock.advance(60_000);
    await settleOne();
  });

  it('gets no try any more: its notices end as undelivered at once, and say why', async () => {
    await settleOne();
    expect(told).toHaveLength(2);
    expect(written('undelivered')).toMatchObject([
      {
        try: 1,
        reason: expect.stringMatching(/^no try was made: the target is switched off, because no try has succeeded since/),
      },
    ]);
    expect(kafka.records('s.activity').map(({ value }) => JSON.parse(String(value)) as unknown)).toMatchObject([
      { kind: 'delivery-ended', state: 'undelivered', reason: expect.stringContaining('switched off') },
    ]);
  });

  it('is told once to each failure target of its owners that is another one, and that they may use', async () => {
    await settleOne();
    const warnings = written('notifications').filter(({ event }) => event.kind === 'published');
    expect(warnings.map(({ target }) => target)).toEqual([stream('alarms')]);
    const { event } = warnings[0] ?? expect.fail('there is no warning');
    const text = event.kind === 'published' ? event.publication.texts.default : '';
    expect(JSON.parse(text)).toMatchObject({
      warning: 'target-switched-off',
      target: 'DIS:results',
      reason: expect.stringContaining('busy'),
    });
  });

  it('is on record for processes that start later', async () => {
    expect(kafka.records('s.targets').at(-1)).toMatchObject({ key: 'switch-off/p1/DIS:results' });
  });
});
