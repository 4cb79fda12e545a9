/**
 * Goal: what was meant for a function never reaches another one that was made under its name.
 * Method: one installation, both doors. Each function tells its name to a stream; so the stream
 * shows which code has run. Records and failure notifications show what callers are told.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { type Client, destination } from './client.ts';
import { Installation } from './installation.ts';
import { KafkaSide, type SeenRecord } from './kafka-side.ts';

let installation: Installation;
let kafka: KafkaSide;
let client: Client;
let told: (fits: (record: SeenRecord) => boolean) => Promise<SeenRecord>;
let undelivered: (fits: (record: SeenRecord) => boolean) => Promise<SeenRecord>;

beforeAll(async () => {
  installation = await Installation.start({ brokers: inject('kafkaBrokers') });
  client = installation.client;
  kafka = new KafkaSide(installation.brokers);
  await client.grantEverything();
  await client.must('PUT', '/sendoff/streams/told', {});
  told = await kafka.read(`${installation.topicPrefix}stream.told`);
  undelivered = await kafka.read(`${installation.topicPrefix}undelivered`);
});
afterAll(async () => {
  await kafka?.close();
  await installation?.stop();
});

const toStream = destination('DIS', { stream_name: 'told' });

/** Makes a function that returns a text. The stream is told of every end. */
async function make(name: string, text: string): Promise<void> {
  await client.createFunction(name, `exports.handler = async () => '${text}';`);
  await client.setPolicy(name, { destination_config: { on_success: toStream, on_failure: toStream } });
}

async function remake(name: string): Promise<void> {
  await client.must('DELETE', `/fgs/functions/${name}`);
  await make(name, 'new');
}

const throughHttp = async (name: string, key: string, headers: Record<string, string> = {}) => {
  const path = `/fgs/functions/${name}/invocations-async`;
  const { status, body } = await client.call<{ request_id: string }>('POST', path, {}, { 'idempotency-key': key, ...headers });
  expect(status).toBe(202);
  return body.request_id;
};
const throughKafka = async (name: string, headers: Record<string, string> = {}) => {
  const requestId = randomUUID();
  const meant = { 'sendoff-function': name, 'sendoff-project': client.project, 'sendoff-request-id': requestId };
  await kafka.produce(`${installation.topicPrefix}intake`, '{}', { ...meant, ...headers });
  return requestId;
};

/** The end of an invocation, as the stream was told of it. */
async function endOf(requestId: string): Promise<{ condition: string; response: string; attempts: number }> {
  const { value } = await told(({ key }) => key === requestId);
  const { request_context: context, response_payload: response } = JSON.parse(value) as {
    request_context: { condition: string; approximate_invoke_count: number };
    response_payload: string;
  };
  return { condition: context.condition, response, attempts: context.approximate_invoke_count };
}

it('an event that waits does not run on a function made anew; its key and its door are free for new events', async () => {
  await make('remade', 'old');
  const old = await Promise.all([
    throughHttp('remade', 'order-1', { 'x-sendoff-delay-seconds': '5' }),
    throughKafka('remade', { 'sendoff-delay-seconds': '5' }),
  ]);
  // The record of the Kafka door is shown once it is accepted.
  for (const requestId of old) await eventually(async () => (await client.record('remade', requestId))?.status === 'WAIT');
  await remake('remade');
  const anew = await Promise.all([throughHttp('remade', 'order-1'), throughKafka('remade')]);
  expect(old).not.toContain(anew[0]);
  for (const requestId of anew) expect(await endOf(requestId)).toEqual({ condition: '', response: '"new"', attempts: 1 });
  for (const requestId of old) {
    expect(await endOf(requestId)).toMatchObject({ condition: 'SystemError', attempts: 0 });
    expect(await client.ended('remade', requestId)).toMatchObject({
      status: 'FAIL',
      error_code: 4500,
      error_message: 'the function does not exist any more',
      approximate_invoke_count: 0,
    });
  }
});

it('a message is not delivered to a function made anew under the name of a subscriber, until it subscribes', async () => {
  await make('subscriber', 'old');
  const { topic_urn: topic } = await client.must<{ topic_urn: string }>('POST', '/notifications/topics', { name: 'news' });
  const subscribe = async () =>
    client.must('POST', `/notifications/topics/${topic}/subscriptions`, { protocol: 'functionstage', endpoint: 'subscriber' });
  const publish = async (message: string) => client.must('POST', `/notifications/topics/${topic}/publish`, { message });
  await subscribe();
  await remake('subscriber');
  await publish('for the old one');
  const { headers } = await undelivered(({ value }) => value.includes('for the old one'));
  expect(JSON.stringify(headers)).toContain('function subscriber was made anew since it was named: name it again');
  expect(await client.records('subscriber')).toEqual([]);
  await subscribe();
  await publish('for the new one');
  await told(({ value }) => value.includes('for the new one'));
});

it('a function as a destination is the one that has the name when the event is accepted', async () => {
  await make('target', 'old');
  await client.createFunction('source', 'exports.handler = async () => 1;');
  const functionUrn = `urn:fss:local:${client.project}:function:default:target:latest`;
  await client.setPolicy('source', {
    destination_config: { on_success: destination('FunctionGraph', { func_urn: functionUrn }) },
  });
  const delayed = async (seconds: string) =>
    client.call<{ request_id: string }>(
      'POST',
      '/fgs/functions/source/invocations-async',
      {},
      { 'x-sendoff-delay-seconds': seconds },
    );
  const before = await delayed('4');
  await remake('target');
  const after = await delayed('0');
  expect((await client.delivered('source', after.body.request_id)).deliveries).toMatchObject([{ state: 'delivered' }]);
  expect((await client.delivered('source', before.body.request_id)).deliveries).toMatchObject([
    { state: 'undelivered', reason: `function ${functionUrn} does not exist any more` },
  ]);
  expect((await client.records('target')).length).toBe(1);
});
