/**
 * Goal: a valid trace context travels with an invocation, and a malformed one is dropped at the
 * door. Method: a whole ingress over the in-memory broker. Both asynchronous doors are tried, and
 * the records are read from the topic.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IngressApp } from '../../testing/ingress-app.ts';

const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

let app: IngressApp;
let number = 0;
beforeAll(async () => {
  app = await IngressApp.start();
  await app.createFunction('hello');
});
afterAll(async () => app.close());

/** The record of a request id, when it has arrived. */
async function accepted(requestId: string) {
  const records = await app.kafka.waitFor('sendoff.invocations', (all) =>
    all.some(({ headers }) => headers['request-id'] === requestId),
  );
  return records.find(({ headers }) => headers['request-id'] === requestId)?.headers;
}

const doors = {
  async http(traceparent: string) {
    const { body } = await app.call('POST', '/fgs/functions/hello/invocations-async', {}, { traceparent });
    return accepted(body.request_id);
  },
  async kafka(traceparent: string) {
    const requestId = `1167bf8c-87b0-43ab-8f5f-${String(++number).padStart(12, '0')}`;
    const headers = { 'sendoff-function': 'hello', 'sendoff-project': 'p1', 'sendoff-request-id': requestId, traceparent };
    await app.produce('{}', headers);
    return accepted(requestId);
  },
} as const;

describe.each(Object.entries(doors))('over %s, a trace context', (name, send) => {
  it('travels with the invocation', async () => {
    expect(await send(good)).toMatchObject({ traceparent: good });
  });

  it.each([
    ['that is none', 'none'],
    ['that is too long', `${good}0`],
    ['in upper case', good.toUpperCase()],
    // No HTTP parser lets a line feed through; Kafka does.
    ...(name === 'kafka' ? [['with a line feed', `${good}\nx: y`]] : []),
  ])('%s is dropped, and the invocation is accepted', async (_what, text) => {
    const headers = await send(text ?? '');
    expect([headers?.['function-urn'], headers?.['traceparent']]).toEqual([
      'urn:fss:local:p1:function:default:hello:latest',
      undefined,
    ]);
  });
});
