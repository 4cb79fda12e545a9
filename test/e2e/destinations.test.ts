/**
 * Goal: however an invocation ends, the destination in its policy gets the documented message.
 * Method: one installation with a function that succeeds and one that fails, and each kind of
 * destination on each side. The test reads the notification where a user would: in a folder, a
 * Kafka topic, a webhook, or the record of another function.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { destination } from './client.ts';
import { Installation } from './installation.ts';
import { KafkaSide } from './kafka-side.ts';

const succeeding = 'exports.handler = async (event) => ({ doubled: event.n * 2 });';
const failing = 'exports.handler = async () => { throw new Error("no luck"); };';

interface Message {
  timestamp: string;
  request_context: { request_id: string; function_urn: string; condition: string; approximate_invoke_count: number };
  request_payload: string;
  response_context: { status_code: number; function_error: string };
  response_payload: string;
}

let installation: Installation;
let kafka: KafkaSide;

/** The message as documented, for either side. */
function expectMessage(text: string, requestId: string, urn: string, side: 'success' | 'failure'): void {
  const message = JSON.parse(text) as Message;
  expect(Object.keys(message)).toEqual([
    'timestamp',
    'request_context',
    'request_payload',
    'response_context',
    'response_payload',
  ]);
  expect(message.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}[+-]\d\d:\d\d$/);
  expect(message.request_context).toEqual({
    request_id: requestId,
    function_urn: urn,
    condition: side === 'success' ? '' : 'UnhandledInvocationError',
    approximate_invoke_count: 1,
  });
  expect(message.request_payload).toBe('{"n":21}');
  expect(message.response_context.status_code).toBe(side === 'success' ? 200 : 500);
  if (side === 'success') expect(message.response_payload).toBe('{"doubled":42}');
  else expect(JSON.parse(message.response_payload)).toMatchObject({ errorMessage: 'no luck', errorType: 'Error' });
}

beforeAll(async () => {
  installation = await Installation.start({ brokers: inject('kafkaBrokers') });
  kafka = new KafkaSide(installation.brokers);
  await installation.client.grantEverything();
  await installation.client.must('PUT', '/sendoff/buckets/results', {});
  await installation.client.must('PUT', '/sendoff/streams/outcomes', {});
});
afterAll(async () => {
  await kafka?.close();
  await installation?.stop();
});

describe.each([
  ['success', succeeding, 'on_success'],
  ['failure', failing, 'on_failure'],
] as const)('on %s', (side, source, key) => {
  const name = (kind: string) => `${kind}-${side}`;
  const make = async (kind: string, target: { destination: string; param: string }): Promise<string> => {
    const urn = await installation.client.createFunction(name(kind), source);
    await installation.client.setPolicy(name(kind), { max_async_retry_attempts: 0, destination_config: { [key]: target } });
    return urn;
  };

  it('an object store gets one JSON object below bucket and prefix', async () => {
    const urn = await make('store', destination('OBS', { bucket: 'results', prefix: `/${side}`, expires: 5 }));
    const requestId = await installation.client.invoke(name('store'), { n: 21 });
    const record = await installation.client.delivered(name('store'), requestId);
    expect(record.deliveries).toMatchObject([{ state: 'delivered', tries: 1 }]);
    const path = record.deliveries[0]?.location?.replace(/^file:\/\//, '') ?? '';
    expect(path).toMatch(new RegExp(`/results/${side}/\\d{4}/\\d\\d/\\d\\d/${requestId}\\.json$`));
    expectMessage(await readFile(path, 'utf8'), requestId, urn, side);
  });

  it('a stream gets one record, keyed by request id', async () => {
    const urn = await make('stream', destination('DIS', { stream_name: 'outcomes' }));
    const next = await kafka.read(`${installation.topicPrefix}stream.outcomes`);
    const requestId = await installation.client.invoke(name('stream'), { n: 21 });
    const seen = await next(({ key: recordKey }) => recordKey === requestId);
    expectMessage(seen.value, requestId, urn, side);
    expect(seen.headers).toMatchObject({ ce_specversion: '1.0', ce_source: urn });
  });

  it('a topic gets one record and pushes it, signed, to its subscribers', async () => {
    const received: { headers: IncomingHttpHeaders; body: string }[] = [];
    const subscriber = await listen((headers, body) => received.push({ headers, body }));
    const topic = await installation.client.must<{ topic_urn: string }>('POST', '/notifications/topics', {
      name: `news-${side}`,
      display_name: '',
    });
    const subscription = await installation.client.must<{ secret: string }>(
      'POST',
      `/notifications/topics/${topic.topic_urn}/subscriptions`,
      {
        protocol: 'http',
        endpoint: subscriber.url,
      },
    );
    const urn = await make('topic', destination('SMN', { topic_urn: topic.topic_urn }));
    const next = await kafka.read(`${installation.topicPrefix}topic.news-${side}`);
    const requestId = await installation.client.invoke(name('topic'), { n: 21 });
    await next(({ value }) => value.includes(requestId));
    const { headers, body } = await eventually(() => received[0]);
    subscriber.server.close();
    const pushed = JSON.parse(body) as { type: string; message: string; topic_urn: string };
    expect([headers['x-smn-message-type'], pushed.type, pushed.topic_urn]).toEqual([
      'Notification',
      'Notification',
      topic.topic_urn,
    ]);
    expectMessage(pushed.message, requestId, urn, side);
    expect(new Webhook(subscription.secret).verify(body, headers as Record<string, string>)).toEqual(pushed);
  });

  it('another function runs with the message as its event', async () => {
    const next = await kafka.read(`${installation.topicPrefix}stream.outcomes`);
    await installation.client.createFunction(name('follower'), 'exports.handler = async (event) => event.request_context;');
    await installation.client.setPolicy(name('follower'), {
      destination_config: { on_success: destination('DIS', { stream_name: 'outcomes' }) },
    });
    const follower = `urn:fss:local:p1:function:default:${name('follower')}:latest`;
    await make('chained', destination('FunctionGraph', { func_urn: follower }));
    const requestId = await installation.client.invoke(name('chained'), { n: 21 });
    const seen = await next(({ value }) => (JSON.parse(value) as Message).response_payload.includes(requestId));
    expect((JSON.parse(seen.value) as Message).request_context.function_urn).toBe(follower);
    expect((JSON.parse(seen.value) as Message).request_context.request_id).not.toBe(requestId);
  });
});

describe('a destination that cannot be reached', () => {
  it('is tried again, and the delivery shows as pending with its reason', async () => {
    const client = installation.client;
    let isUp = false;
    const received: string[] = [];
    const subscriber = await listen(
      (_headers, body) => received.push(body),
      () => (isUp ? 200 : 503),
    );
    const topic = await client.must<{ topic_urn: string }>('POST', '/notifications/topics', { name: 'shaky', display_name: '' });
    await client.must('POST', `/notifications/topics/${topic.topic_urn}/subscriptions`, {
      protocol: 'http',
      endpoint: subscriber.url,
    });
    await client.createFunction('shaky', succeeding);
    await client.setPolicy('shaky', { destination_config: { on_success: destination('SMN', { topic_urn: topic.topic_urn }) } });
    const requestId = await client.invoke('shaky', { n: 1 });
    const pending = await eventually(async () => {
      const record = await client.record('shaky', requestId);
      return record?.deliveries.find(({ state, tries }) => state === 'pending' && tries >= 1);
    });
    expect(pending.reason).toContain('503');
    isUp = true;
    const record = await client.delivered('shaky', requestId);
    expect(record.deliveries.every(({ state }) => state === 'delivered')).toBe(true);
    expect(received.length).toBeGreaterThan(1);
    subscriber.server.close();
  });
});

describe('a stream whose topic was removed', () => {
  it('has it made again', async () => {
    const client = installation.client;
    await client.must('PUT', '/sendoff/streams/swept', {});
    await client.createFunction('swept', succeeding);
    await client.setPolicy('swept', { destination_config: { on_success: destination('DIS', { stream_name: 'swept' }) } });
    await client.delivered('swept', await client.invoke('swept', { n: 1 }));
    const topic = `${installation.topicPrefix}stream.swept`;
    await kafka.removeTopic(topic);
    const requestId = await client.invoke('swept', { n: 2 });
    expect((await client.delivered('swept', requestId)).deliveries).toMatchObject([{ state: 'delivered' }]);
    const next = await kafka.read(topic);
    expect((await next(() => true)).key).toBe(requestId);
  });
});

describe('a destination that refuses', () => {
  it('is given up at once: the delivery shows why, and the notification waits on the undelivered topic', async () => {
    const client = installation.client;
    const subscriber = await listen(
      () => undefined,
      () => 410,
    );
    const topic = await client.must<{ topic_urn: string }>('POST', '/notifications/topics', {
      name: 'refusing',
      display_name: '',
    });
    await client.must('POST', `/notifications/topics/${topic.topic_urn}/subscriptions`, {
      protocol: 'http',
      endpoint: subscriber.url,
    });
    await client.createFunction('refused', succeeding);
    await client.setPolicy('refused', { destination_config: { on_success: destination('SMN', { topic_urn: topic.topic_urn }) } });
    const next = await kafka.read(`${installation.topicPrefix}undelivered`);
    const requestId = await client.invoke('refused', { n: 1 });
    const given = await next(({ key }) => key === requestId);
    expect(JSON.parse(given.headers['delivery'] ?? '')).toMatchObject({
      target: { type: 'Subscription' },
      reason: 'the receiver answered 410',
    });
    const refusal = await eventually(async () =>
      (await client.record('refused', requestId))?.deliveries.find(({ state }) => state === 'undelivered'),
    );
    expect(refusal).toMatchObject({ tries: 1, reason: 'the receiver answered 410' });
    subscriber.server.close();
  });

  it('includes a place whose grant was taken away after the policy was set', async () => {
    const client = installation.client;
    await client.must('PUT', '/sendoff/agencies/fleeting', { grants: [{ type: 'DIS', resource: 'outcomes' }] });
    await client.createFunction('ungranted', succeeding, { xrole: 'fleeting' });
    await client.setPolicy('ungranted', { destination_config: { on_success: destination('DIS', { stream_name: 'outcomes' }) } });
    await client.must('PUT', '/sendoff/agencies/fleeting', { grants: [] });
    const record = await client.delivered('ungranted', await client.invoke('ungranted', { n: 1 }));
    expect(record.deliveries).toMatchObject([
      { state: 'undelivered', reason: expect.stringContaining('does not grant DIS outcomes any more') },
    ]);
  });

  it.each([
    ['bucket', 'OBS', { bucket: 'fleeting' }],
    ['stream', 'DIS', { stream_name: 'fleeting' }],
  ])('includes a %s that was removed after the policy was set', async (what, type, param) => {
    const client = installation.client;
    const name = `into-gone-${what}`;
    await client.must('PUT', `/sendoff/${what}s/fleeting`, {});
    await client.createFunction(name, succeeding);
    await client.setPolicy(name, { destination_config: { on_success: destination(type, param) } });
    await client.must('DELETE', `/sendoff/${what}s/fleeting`);
    const record = await client.delivered(name, await client.invoke(name, { n: 1 }));
    expect(record.deliveries).toMatchObject([{ state: 'undelivered', reason: `${what} fleeting does not exist any more` }]);
  });
});

/** A subscriber: an HTTP server that remembers what it got. */
async function listen(
  onBody: (headers: IncomingHttpHeaders, body: string) => void,
  status = () => 200,
): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      onBody(request.headers, Buffer.concat(chunks).toString());
      response.writeHead(status()).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

describe('an event and a result that are too large for a record', () => {
  it('travel as references, and both can be read by their function', async () => {
    const { client } = installation;
    const name = 'large';
    await client.createFunction(name, 'exports.handler = async (event) => ({ ...event, seen: event.text.length });');
    const target = destination('DIS', { stream_name: 'outcomes' });
    await client.setPolicy(name, { destination_config: { on_success: target } });
    const consume = await kafka.read(`${installation.topicPrefix}stream.outcomes`);
    const event = { text: 'x'.repeat(1_000_000) };

    const path = `/sendoff/functions/${name}/payloads`;
    const { payload_ref: reference } = await client.must<{ payload_ref: string }>('POST', path, event);
    const accepted = await fetch(`${installation.url}/v2/p1/fgs/functions/${name}/invocations-async`, {
      method: 'POST',
      headers: { 'x-auth-token': 'e2e-token', 'x-sendoff-payload-ref': reference },
    });
    const { request_id: requestId } = (await accepted.json()) as { request_id: string };

    const { value } = await consume(({ key }) => key === requestId);
    const message = JSON.parse(value) as Record<string, string>;
    expect(message).toMatchObject({ request_payload: '', request_payload_ref: reference, response_payload: '' });
    const result = await client.must('GET', `${path}/${message['response_payload_ref']}`);
    expect(result).toEqual({ ...event, seen: 1_000_000 });
    expect(await client.must('GET', `${path}/${reference}`)).toEqual(event);
    expect(await client.ended(name, requestId)).toMatchObject({
      status: 'SUCCESS',
      payload_ref: reference,
      response_payload_ref: message['response_payload_ref'],
    });
  });
});
