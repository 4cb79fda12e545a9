/**
 * Goal: topics grow while records wait in them, and nothing is lost or stands still. Method: an
 * operator adds partitions to a delay topic and to `notifications`, once before and once after more
 * is written. The webhook is down meanwhile.
 */
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { Subscriber } from '../subscriber.ts';
import { destination } from './client.ts';
import { Installation } from './installation.ts';

interface Ledger {
  readonly settled: number;
  readonly in_flight: number;
  readonly notices: { readonly pending: number; readonly delivered: number; readonly undelivered: number };
  readonly unaccounted: { readonly count: number };
}

const brokers = inject('kafkaBrokers');
const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin();
/** Waits in this topic first, then near its due time. */
const delayTopic = 'delays.30s';
const delaySeconds = 33;
const half = 40;
let installation: Installation;
let webhook: Subscriber;

beforeAll(async () => {
  webhook = await Subscriber.listen();
  installation = await Installation.start({ brokers, env: { NOTIFIER_BREAKER_OPEN_MS: '500' } });
  await installation.client.grantEverything();
  await admin.connect();
}, 90_000);
afterAll(async () => {
  await admin.disconnect();
  await installation?.stop();
  webhook?.close();
});

async function grow(name: string, count: number): Promise<void> {
  await admin.createPartitions({ topicPartitions: [{ topic: installation.topicPrefix + name, count }] });
}

async function invokeAll(): Promise<readonly string[]> {
  const { client } = installation;
  const headers = { 'x-sendoff-delay-seconds': String(delaySeconds) };
  const answers = await Promise.all(
    Array.from({ length: half }, async () =>
      client.call<{ request_id: string }>('POST', '/fgs/functions/grows/invocations-async', {}, headers),
    ),
  );
  expect(answers.every(({ status }) => status === 202)).toBe(true);
  return answers.map(({ body }) => body.request_id);
}

/** How many records a partition with this number, or a higher one, has got. */
async function recordsFrom(name: string, first: number): Promise<number> {
  const ends = await admin.fetchTopicOffsets(installation.topicPrefix + name);
  return ends.filter(({ partition }) => partition >= first).reduce((sum, { high }) => sum + Number(high), 0);
}

it('delayed invocations and notices outlive that their topics get more partitions', { timeout: 240_000 }, async () => {
  const { client } = installation;
  await client.createFunction('grows', 'exports.handler = async () => 1;');
  const { topic_urn: urn } = await client.must<{ topic_urn: string }>('POST', '/notifications/topics', { name: 'grown' });
  await client.must('POST', `/notifications/topics/${urn}/subscriptions`, { protocol: 'http', endpoint: webhook.url });
  await client.setPolicy('grows', { destination_config: { on_success: destination('SMN', { topic_urn: urn }) } });
  webhook.answer = 503;

  const before = await invokeAll();
  for (const name of [delayTopic, 'notifications']) await grow(name, 5);
  // The services look at the metadata of their topics every few seconds. Records reach the new
  // partitions from then on.
  const after: string[] = [];
  await eventually(
    async () => {
      after.push(...(await invokeAll()));
      return (await recordsFrom(delayTopic, 2)) > 0;
    },
    { deadlineMs: 60_000, pauseMs: 2_000 },
  );

  // The first try of each notice fails.
  await eventually(() => webhook.received.length >= before.length, { deadlineMs: 120_000, pauseMs: 100 });
  for (const name of [delayTopic, 'notifications']) await grow(name, 7);
  webhook.answer = 200;
  const all = [...before, ...after];
  const ledger = await eventually(
    async () => {
      const now = await client.must<Ledger>('GET', '/sendoff/functions/grows/ledger');
      return now.settled === all.length && now.notices.pending === 0 && now.notices.delivered > 0 ? now : undefined;
    },
    { deadlineMs: 120_000, pauseMs: 500 },
  );
  expect(ledger).toMatchObject({ in_flight: 0, unaccounted: { count: 0 }, notices: { undelivered: 0 } });
  const told = new Set(
    webhook.received.map(({ body }) => (JSON.parse(body['message'] ?? '{}') as Message).request_context.request_id),
  );
  expect(all.filter((id) => !told.has(id))).toEqual([]);
  expect(await recordsFrom('notifications', 2), 'new partitions of `notifications` were used').toBeGreaterThan(0);
});

interface Message {
  readonly request_context: { readonly request_id: string };
}
