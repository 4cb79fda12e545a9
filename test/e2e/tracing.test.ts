/**
 * Goal: a caller finds everything that happened to its invocation in one trace, as short spans that
 * link to each other. A receiver that is away costs spans and nothing else. Method: one
 * installation; a receiver of OTLP, a function and a webhook that are HTTP servers of the test.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { OtlpReceiver, type ReceivedSpan } from '../otlp-receiver.ts';
import { Subscriber } from '../subscriber.ts';
import { destination } from './client.ts';
import { Installation } from './installation.ts';
import { KafkaSide } from './kafka-side.ts';

let installation: Installation;
let receiver: OtlpReceiver;
let endpoint: Server;
let endpointUrl: string;
let kafka: KafkaSide;

/** Headers of each request to a function, by its path. */
const heard = new Map<string, IncomingHttpHeaders[]>();

beforeAll(async () => {
  receiver = await OtlpReceiver.listen();
  endpoint = createServer((request, response) => {
    request.resume().on('end', () => {
      const path = request.url ?? '';
      const requests = [...(heard.get(path) ?? []), request.headers];
      heard.set(path, requests);
      response.writeHead(path === '/recovers' && requests.length === 1 ? 500 : 200).end('{"done":true}');
    });
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  endpointUrl = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
  installation = await Installation.start({
    brokers: inject('kafkaBrokers'),
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      SUBSCRIPTIONS_CONFIRMED_BY: 'caller',
    },
  });
  kafka = new KafkaSide(installation.brokers);
  await installation.client.grantEverything();
});
afterAll(async () => {
  await kafka?.close();
  await installation?.stop();
  receiver?.close();
  endpoint?.closeAllConnections();
  endpoint?.close();
});

/** A caller of its own trace. */
function aCaller() {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-01` } };
}

async function spans(traceId: string, name: string, count = 1): Promise<readonly ReceivedSpan[]> {
  return eventually(
    () => {
      const found = receiver.ofTrace(traceId, name);
      return found.length >= count ? found : undefined;
    },
    { deadlineMs: 30_000 },
  );
}

const contextOf = ({ traceId, spanId }: ReceivedSpan) => `00-${traceId}-${spanId}-01`;

describe('the trace of an invocation', () => {
  it('holds the acceptance, each attempt, the release between them, and the notification', async () => {
    const { client } = installation;
    const { topic_urn: topic } = await client.must<{ topic_urn: string }>('POST', '/notifications/topics', { name: 'told' });
    const hook = await Subscriber.listen();
    await client.must('POST', `/notifications/topics/${topic}/subscriptions`, { protocol: 'http', endpoint: hook.url });
    await client.createHttpFunction('recovers', `${endpointUrl}/recovers`);
    await client.setPolicy('recovers', {
      max_async_retry_attempts: 1,
      destination_config: { on_success: destination('SMN', { topic_urn: topic }) },
    });
    const caller = aCaller();
    const answer = await client.call<{ request_id: string }>(
      'POST',
      '/fgs/functions/recovers/invocations-async',
      { secret: 'payload' },
      caller.headers,
    );
    const { request_id: requestId } = answer.body;

    const deliveries = await spans(caller.traceId, 'deliver', 2);
    const [accepted] = (await spans(caller.traceId, 'accept')) as [ReceivedSpan];
    const [first, second] = (await spans(caller.traceId, 'attempt', 2)) as [ReceivedSpan, ReceivedSpan];
    const [retried] = (await spans(caller.traceId, 'release')) as [ReceivedSpan];
    const [toTopic, toHook] = deliveries as [ReceivedSpan, ReceivedSpan];

    expect(accepted).toMatchObject({ service: 'sendoff-ingress', parentId: caller.spanId, links: [], status: 0 });
    expect(accepted.attributes).toMatchObject({ 'faas.invocation_id': requestId, 'sendoff.outcome': 'accepted' });
    const ofAccepted = { parentId: accepted.spanId };
    const failed = { 'sendoff.attempt': 1, 'sendoff.outcome': 'UnhandledInvocationError' };
    expect(first).toMatchObject({ ...ofAccepted, service: 'sendoff-executor', links: [accepted.spanId], status: 2 });
    expect(first.attributes).toMatchObject({
      ...failed,
      'faas.invocation_id': requestId,
      'error.type': failed['sendoff.outcome'],
    });
    expect(retried).toMatchObject({ ...ofAccepted, service: 'sendoff-retry-scheduler', links: [first.spanId], status: 0 });
    expect(second).toMatchObject({ ...ofAccepted, links: [retried.spanId], status: 0 });
    expect(second.attributes).toMatchObject({ 'sendoff.attempt': 2, 'sendoff.outcome': 'succeeded' });
    expect(toTopic).toMatchObject({ ...ofAccepted, service: 'sendoff-notifier', links: [second.spanId], status: 0 });
    expect(toTopic.attributes).toMatchObject({ 'sendoff.target.type': 'SMN', 'sendoff.try': 1, 'sendoff.outcome': 'delivered' });
    // The first try of a subscription waits in no delay topic.
    expect(toHook.links).toEqual([toTopic.spanId]);
    expect(receiver.ofTrace(caller.traceId, 'release')).toHaveLength(1);
    expect(toHook.attributes).toMatchObject({ 'sendoff.target.type': 'Subscription' });
    // No span lasts while the retry waits.
    const whileWaiting = (first.endMs + retried.startMs) / 2;
    expect(retried.startMs - first.endMs).toBeGreaterThan(400);
    const inTrace = receiver.spans.filter(({ traceId }) => traceId === caller.traceId);
    expect(inTrace.filter(({ startMs, endMs }) => startMs < whileWaiting && endMs > whileWaiting)).toEqual([]);
    expect(heard.get('/recovers')?.map(({ traceparent }) => traceparent)).toEqual([contextOf(first), contextOf(second)]);
    expect(hook.received.at(-1)?.headers['traceparent']).toBe(contextOf(toHook));
    expect(JSON.stringify(receiver.spans)).not.toContain('payload');
    hook.close();
  });

  it('of a Kafka producer goes on through the intake to the function', async () => {
    await installation.client.createHttpFunction('by-kafka', `${endpointUrl}/by-kafka`);
    const caller = aCaller();
    await kafka.produce(`${installation.topicPrefix}intake`, '{}', {
      'sendoff-function': 'by-kafka',
      'sendoff-project': 'p1',
      ...caller.headers,
    });
    const [attempt] = (await spans(caller.traceId, 'attempt')) as [ReceivedSpan];
    const [accepted] = (await spans(caller.traceId, 'accept')) as [ReceivedSpan];
    expect(accepted).toMatchObject({ parentId: caller.spanId, attributes: { 'messaging.system': 'kafka' } });
    expect(attempt).toMatchObject({ parentId: accepted.spanId });
    expect(heard.get('/by-kafka')?.[0]?.['traceparent']).toBe(contextOf(attempt));
  });

  it('of a synchronous call holds the call and the attempt inside it', async () => {
    await installation.client.createHttpFunction('waited-for', `${endpointUrl}/waited-for`);
    const caller = aCaller();
    const answer = await installation.client.call('POST', '/fgs/functions/waited-for/invocations', {}, caller.headers);
    expect(answer.status).toBe(200);
    const [call] = (await spans(caller.traceId, 'call')) as [ReceivedSpan];
    const [attempt] = (await spans(caller.traceId, 'attempt')) as [ReceivedSpan];
    expect(call).toMatchObject({ service: 'sendoff-ingress', parentId: caller.spanId });
    expect(call.attributes).toMatchObject({ 'http.response.status_code': 200 });
    expect(attempt).toMatchObject({ service: 'sendoff-executor', parentId: call.spanId, status: 0 });
    expect(heard.get('/waited-for')?.[0]?.['traceparent']).toBe(contextOf(attempt));
  });

  it('is not kept if the caller says so, and the function still gets its context', async () => {
    await installation.client.createHttpFunction('unsampled', `${endpointUrl}/unsampled`);
    const caller = aCaller();
    const unsampled = { traceparent: caller.headers.traceparent.replace(/01$/, '00') };
    await installation.client.call('POST', '/fgs/functions/unsampled/invocations', {}, unsampled);
    expect(heard.get('/unsampled')?.[0]?.['traceparent']).toMatch(new RegExp(`^00-${caller.traceId}-[0-9a-f]{16}-00$`));
    expect(receiver.spans.filter(({ traceId }) => traceId === caller.traceId)).toEqual([]);
  });
});

describe('a receiver that is away', () => {
  it('costs spans and nothing else, and is said once by each service', async () => {
    receiver.close();
    const { client } = installation;
    await client.createHttpFunction('alone', `${endpointUrl}/alone`);
    const ids = await Promise.all(Array.from({ length: 20 }, async () => client.invoke('alone')));
    for (const id of ids) expect((await client.ended('alone', id)).status).toBe('SUCCESS');
    const said = (service: string) =>
      installation.output.filter((line) => line.includes('spans cannot be exported') && line.includes(service));
    for (const service of ['ingress', 'executor']) await eventually(() => said(service).length > 0, { deadlineMs: 10_000 });
    expect(await installation.stop()).toBe(0);
    expect([said('ingress').length, said('executor').length]).toEqual([1, 1]);
  });
});
