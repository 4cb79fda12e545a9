/**
 * Goal: the ledger names an invocation that is really lost, and none before. The failure
 * destination of an invocation whose record was deleted hears of its end. Method: an ingress and a
 * status-logger run without an executor. The test commits the executors' group beyond the record of
 * an accepted invocation, as a faulty tool of an operator would, and deletes the record.
 */
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { topicsReadBy } from '#contracts';
import { eventually } from '#testing';
import { SeveralServices } from '../several/several-services.ts';
import { Client, destination } from './client.ts';
import { KafkaSide } from './kafka-side.ts';

interface Ledger {
  readonly accepted: number;
  readonly in_flight: number;
  readonly unaccounted: {
    readonly proven_at?: string;
    readonly invocations: readonly { readonly request_id: string }[];
  };
}

const brokers = inject('kafkaBrokers');
let services: SeveralServices;
let client: Client;
const kafka = new KafkaSide(brokers);
const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin();

beforeAll(async () => {
  services = await SeveralServices.open({
    KAFKA_BROKERS: brokers,
    KAFKA_PARTITIONS: '2',
    LEDGER_CHECK_INTERVAL_MS: '200',
  });
  const statusLogger = await services.start('status-logger');
  const ingress = await services.start('ingress', { STATUS_LOGGER_URL: statusLogger.url });
  client = new Client(ingress.url, 'p1', 'several-token');
  await admin.connect();
}, 90_000);
afterAll(async () => {
  await admin.disconnect();
  await kafka.close();
  await services?.close();
});

/** The ledger of the function, compared with the topics after this call. */
async function provenLedger(): Promise<Ledger> {
  const since = Date.now();
  return eventually(async () => {
    const ledger = await client.must<Ledger>('GET', '/sendoff/functions/lost/ledger');
    return Date.parse(ledger.unaccounted.proven_at ?? '') >= since ? ledger : undefined;
  });
}

/** Commits the group of the executors to the end of everything that it reads. */
async function skipEverything(): Promise<void> {
  for (const name of topicsReadBy('executor')) {
    const topic = `${services.topicPrefix}${name}`;
    const ends = await admin.fetchTopicOffsets(topic);
    // kafkajs joins the group for each topic, which takes a while.
    const partitions = ends.flatMap(({ partition, high }) => (high === '0' ? [] : [{ partition, offset: high }]));
    if (partitions.length > 0) await admin.setOffsets({ groupId: `${services.topicPrefix}executor`, topic, partitions });
  }
}

it('an invocation whose record is skipped is named by the ledger, and one that waits is not', { timeout: 90_000 }, async () => {
  await client.createFunction('lost', 'exports.handler = async () => 1;');
  const lost = await client.invoke('lost');
  const before = await provenLedger();
  expect([before.accepted, before.in_flight, before.unaccounted.invocations]).toEqual([1, 1, []]);
  await skipEverything();
  await client.invoke('lost');
  const after = await provenLedger();
  expect([after.accepted, after.in_flight]).toEqual([2, 2]);
  expect(after.unaccounted.invocations.map(({ request_id: id }) => id)).toEqual([lost]);
});

/** Deletes the records of the lanes, as an operator might who wants room on a disk. */
async function deleteLanes(): Promise<void> {
  for (const name of ['invocations', 'invocations.bulk']) {
    const topic = `${services.topicPrefix}${name}`;
    const ends = await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: ends.map(({ partition, high }) => ({ partition, offset: high })) });
  }
}

it('the failure destination hears of an invocation whose record was deleted', { timeout: 150_000 }, async () => {
  await services.start('notifier');
  await client.grantEverything();
  await client.must('PUT', '/sendoff/streams/losses', {});
  const next = await kafka.read(`${services.topicPrefix}stream.losses`);
  await client.createFunction('deleted', 'exports.handler = async () => 1;');
  await client.setPolicy('deleted', { destination_config: { on_failure: destination('DIS', { stream_name: 'losses' }) } });
  const requestId = await client.invoke('deleted');
  await skipEverything();
  await deleteLanes();
  // The status-logger looks once in a minute.
  const { value } = await next(({ key }) => key === requestId, 120_000);
  expect(JSON.parse(value)).toMatchObject({
    request_context: { request_id: requestId, condition: 'EventAgeExceeded', approximate_invoke_count: 0 },
    request_payload: '',
    response_context: { function_error: expect.stringContaining('lost the record of the invocation') },
  });
  const record = await client.ended('deleted', requestId);
  expect(record).toMatchObject({ status: 'DISCARD', error_code: 4501 });
});
