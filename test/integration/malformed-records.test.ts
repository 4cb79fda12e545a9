/**
 * Goal: a record of the wrong shape does not stop a service. It goes to `rejects` with its reason,
 * and the record behind it is handled (I6). Method: the controllers of four services, each with its
 * own shell, on a real broker. Each topic gets one damaged record and then a valid one, on one
 * partition. A raw producer writes them, because only it can write a header twice.
 */
import { randomUUID } from 'node:crypto';
import type { Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  delayed,
  encodeActivity,
  encodeDelivery,
  encodeInvocation,
  encodeSettlement,
  epochMs,
  header,
  type IncomingRecord,
  type OutgoingRecord,
  rejectHeader,
  type Service,
  type TopicName,
  Topics,
} from '#contracts';
import { connectKafka, KAFKA, type KafkaGateway, topicSpecs } from '#kafka';
import { SendoffStrategy } from '#kafka/strategy';
import { AllowedNetworks, Cancellations, Sealer, systemClock, ExpressRate, TargetStates, untraced } from '#platform';
import { aDelivery, anInvocation, aSettlement, eventually, ManualClock } from '#testing';
import { HttpRuntime } from '../../apps/executor/src/adapters/http-runtime.ts';
import { inRecords } from '../../apps/executor/testing/payloads.ts';
import { AttemptQueue } from '../../apps/executor/src/attempt-queue.ts';
import { Chances } from '../../apps/executor/src/chances.ts';
import { Attempts } from '../../apps/executor/src/attempts.ts';
import { InvocationsController } from '../../apps/executor/src/invocations.controller.ts';
import { RunnableFunctions } from '../../apps/executor/src/runnable-functions.ts';
import { RunningAttempts } from '../../apps/executor/src/running-attempts.ts';
import { ATTEMPTS } from '../../apps/executor/src/tokens.ts';
import { Deliveries } from '../../apps/notifier/src/deliveries.ts';
import { everyDestination } from '../../apps/notifier/testing/every-destination.ts';
import { SettlementsController } from '../../apps/notifier/src/settlements.controller.ts';
import { partitionLimitsOf } from '../../apps/notifier/src/partition-room.ts';
import { TargetQueues } from '../../apps/notifier/src/target-queues.ts';
import { TargetWatch } from '../../apps/notifier/src/target-watch.ts';
import { DELIVERIES } from '../../apps/notifier/src/tokens.ts';
import { DelaysController } from '../../apps/retry-scheduler/src/delays.controller.ts';
import { WAITING_ROOM } from '../../apps/retry-scheduler/src/tokens.ts';
import { WaitingRoom } from '../../apps/retry-scheduler/src/waiting-room.ts';
import { PairedRecords } from '../../apps/status-logger/src/paired-records.ts';
import { ProgressToStore } from '../../apps/status-logger/src/progress-to-store.ts';
import { Recorder } from '../../apps/status-logger/src/recorder.ts';
import { WorkTopicsController } from '../../apps/status-logger/src/work-topics.controller.ts';

const topics = new Topics(`t${randomUUID().slice(0, 8)}.`);
const cleanups: (() => Promise<unknown>)[] = [];
const rejects: IncomingRecord[] = [];
/** `<service> <request id>` of each record that a service has handled. */
const handled: string[] = [];
let gateway: KafkaGateway;
let producer: Producer;

/** Notes that a service has handled a record. */
const handles = (service: string, requestId: string | null) => void handled.push(`${service} ${requestId}`);

/** A publisher that notes the request ids of what a service writes. */
const publisherOf = (service: string) => ({
  publish: async (written: OutgoingRecord | readonly OutgoingRecord[]) => {
    for (const { key = null } of [written].flat()) handles(service, key);
  },
  close: async () => undefined,
});

async function serve(service: Service, controller: Type, providers: readonly { provide: symbol | Type; useValue: unknown }[]) {
  const module = await Test.createTestingModule({ controllers: [controller], providers: [...providers] }).compile();
  const strategy = new SendoffStrategy({ gateway, groupId: topics.groupOf(service), drainMs: 0, clock: new ManualClock() });
  const app = module.createNestMicroservice({ strategy, logger: false });
  strategy.use(app);
  cleanups.push(() => app.close());
  await app.listen();
}

async function serveExecutor() {
  const runtime = new HttpRuntime(
    systemClock,
    new Sealer('a-platform-key-of-32-characters-at-least'),
    new AllowedNetworks([]),
    1,
  );
  const attempts = new Attempts({
    publisher: publisherOf('executor'),
    // No function exists, so every attempt is settled without a run.
    functions: new RunnableFunctions({
      runtimes: { files: runtime, url: runtime },
      functionOf: () => undefined,
      pausedSince: () => undefined,
      catchUp: async () => undefined,
      attemptsMax: 10,
      shareOf: (_functionUrn, instancesMax) => instancesMax,
    }),
    queue: new AttemptQueue(10, systemClock),
    running: new RunningAttempts(new Cancellations()),
    chances: new Chances({ runningMaxOf: () => 2, deathsMax: 3, clock: systemClock }),
    clock: systemClock,
    random: () => 0,
    tracing: untraced,
    observer: { attempted: () => undefined, started: () => undefined, overflowed: () => undefined },
    topics,
    stored: inRecords,
    limits: { expressQueueMax: 100, expressBytesMax: 1_000_000 },
  });
  await serve('executor', InvocationsController, [{ provide: ATTEMPTS, useValue: attempts }]);
}

async function serveRetryScheduler() {
  const room = new WaitingRoom({
    publisher: publisherOf('retry-scheduler'),
    clock: systemClock,
    cancellations: new Cancellations(),
    topics,
    rate: new ExpressRate(1_000),
    tracing: untraced,
    observer: { left: () => undefined },
  });
  await serve('retry-scheduler', DelaysController, [
    { provide: WAITING_ROOM, useValue: room },
    { provide: KAFKA, useValue: gateway },
  ]);
}

async function serveNotifier() {
  const deliveries = new Deliveries({
    readAtOnce: () => undefined,
    destinations: everyDestination({ deliver: async () => ({ kind: 'delivered' }) }),
    directory: { refusal: async () => undefined, subscriptionTargets: () => [], warningTargets: () => [] },
    publisher: publisherOf('notifier'),
    queues: new TargetQueues(
      { triesMax: 4, waitingMax: 4, partition: partitionLimitsOf(4), failuresMax: 2, openMs: 10_000 },
      systemClock,
    ),
    watch: new TargetWatch({
      states: new TargetStates(),
      publisher: publisherOf('notifier'),
      topic: topics.name('targets'),
      limits: { failuresMin: 2, failingMaxMs: 0, goneMaxMs: 0 },
      clock: systemClock,
      logger: pino({ level: 'silent' }),
    }),
    policy: { triesMax: 8, backoff: { baseMs: 30_000, maxMs: 1_800_000 } },
    clock: systemClock,
    random: () => 0,
    tracing: untraced,
    observer: { tried: () => undefined, began: () => undefined, ended: () => undefined, settled: () => undefined },
    topics,
    tryTimeoutMs: 1_000,
    timestampForm: 'rfc3339',
  });
  await serve('notifier', SettlementsController, [{ provide: DELIVERIES, useValue: deliveries }]);
}

async function serveStatusLogger() {
  const store = {
    fold: async (events: readonly { readonly requestId: string }[]) => {
      for (const { requestId } of events) handles('status-logger', requestId);
    },
  };
  const log = { append: async () => undefined };
  const recorder = new Recorder(
    store,
    log,
    systemClock,
    { transactionEnded: () => undefined, storingChanged: () => undefined },
    new ProgressToStore(() => []),
    {
      add: () => undefined,
    },
  );
  await serve('status-logger', WorkTopicsController, [
    { provide: PairedRecords, useValue: new PairedRecords(recorder, systemClock, () => false) },
    { provide: KAFKA, useValue: gateway },
  ]);
}

beforeAll(async () => {
  const brokers = inject('kafkaBrokers').split(',');
  gateway = await connectKafka({ brokers, clientId: 'malformed', topics, replication: 1 });
  await gateway.admin.ensureTopics(topicSpecs(topics, 1));
  const follower = gateway.follower({ topic: topics.name('rejects'), from: 'earliest' });
  await follower.start((record) => void rejects.push(record));
  producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  cleanups.push(
    () => gateway.close(),
    () => follower.close(),
    () => producer.disconnect(),
  );
  await Promise.all([serveExecutor(), serveRetryScheduler(), serveNotifier(), serveStatusLogger()]);
}, 60_000);

afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Headers of a damaged record; a list writes the header several times. */
type Damage = Readonly<Record<string, string | string[]>>;

/** A valid record, written now, that asks the services to do something at once. */
function validRecord(name: TopicName, requestId: string): OutgoingRecord {
  const now = systemClock.now();
  const invocation = anInvocation({
    requestId,
    acceptedAt: now,
    expiresAt: epochMs(now + 600_000),
    policy: { destinations: { onSuccess: { type: 'DIS', streamName: 'orders' } } },
  });
  const settlement = aSettlement({ invocation });
  switch (name) {
    case 'settlements':
      return encodeSettlement(name, settlement);
    case 'notifications':
      return encodeDelivery(name, aDelivery({ event: { kind: 'settled', settlement } }));
    case 'activity': {
      const { functionUrn, project, acceptedAt, attempt } = invocation;
      const subject = { requestId, functionUrn, project, acceptedAt };
      return encodeActivity(name, { kind: 'running', ...subject, attempt, startedAt: now });
    }
    case 'delays.near':
      return delayed(encodeInvocation(name, invocation), name, 'invocations', now);
    default:
      return encodeInvocation(name, invocation);
  }
}

const send = (name: TopicName, { key, value, headers }: OutgoingRecord, damage: Damage = {}) =>
  producer.send({
    topic: topics.name(name),
    messages: [{ key: key ?? null, value, headers: { ...headers, ...damage } }],
  });

describe('a damaged record', () => {
  it.each<[service: string, topic: TopicName, damage: Damage, reason: string]>([
    ['executor', 'invocations', { [header.backoff]: '{"backoff":{}}' }, 'header backoff: baseMs must be a whole number'],
    ['executor', 'invocations.bulk', { [header.attempt]: ['1', 'second'] }, 'header attempt must be a whole number'],
    ['retry-scheduler', 'delays.near', { [header.dueAt]: '9'.repeat(40) }, 'header due-at must be a whole number'],
    ['retry-scheduler', 'delays.near', { [header.expiresAt]: 'NaN' }, 'header expires-at must be a whole number'],
    ['notifier', 'notifications', { [header.delivery]: 'null' }, 'header delivery is not a JSON object'],
    ['notifier', 'notifications', { [header.delivery]: '{"deliveryId":"x","target":[]}' }, 'header delivery: target is not'],
    ['notifier', 'settlements', { [header.destinations]: '[]' }, 'header destinations is not a JSON object'],
    ['status-logger', 'settlements', { [header.attempts]: '1e9' }, 'header attempts must be a whole number'],
    ['status-logger', 'delays.near', { [header.retriesMax]: '-1' }, 'header retries-max must be a whole number'],
  ])('for the %s on %s is rejected, and the next one is handled: %j', async (service, topic, damage, reason) => {
    const [damagedId, nextId] = [randomUUID(), randomUUID()];
    await send(topic, validRecord(topic, damagedId), damage);
    await send(topic, validRecord(topic, nextId));
    await eventually(() => handled.includes(`${service} ${nextId}`));
    const rejected = await eventually(() =>
      rejects.find(({ key, headers }) => key === damagedId && headers[rejectHeader.reason]?.includes(reason)),
    );
    expect(rejected.headers[rejectHeader.topic]).toBe(topics.name(topic));
    expect(handled).not.toContain(`${service} ${damagedId}`);
  });

  it('of the activity topic is rejected by the status-logger, and the next one is handled', async () => {
    const [damagedId, nextId] = [randomUUID(), randomUUID()];
    const value = Buffer.from(JSON.stringify({ kind: 'running', requestId: damagedId, attempt: 'first' }));
    await send('activity', { ...validRecord('activity', damagedId), value });
    await send('activity', validRecord('activity', nextId));
    await eventually(() => handled.includes(`status-logger ${nextId}`));
    const rejected = await eventually(() => rejects.find(({ key }) => key === damagedId));
    expect(rejected.headers[rejectHeader.reason]).toContain('the activity: functionUrn must be a text');
  });
});
