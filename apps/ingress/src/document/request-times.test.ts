/**
 * Goal: the time of each request counts under its operation, and no caller can add labels.
 * Method: a whole ingress over the in-memory broker.
 */
import { connect } from 'node:net';
import { afterAll, beforeAll, it } from 'vitest';
import { eventually } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
let url: string;
const headers = { 'x-auth-token': IngressApp.token, 'content-type': 'application/json' };
beforeAll(async () => {
  app = await IngressApp.start();
  url = `http://127.0.0.1:${await app.listen()}`;
  await app.createFunction('hello');
});
afterAll(() => app?.close());

/** Counts of requests by operation and class of status. */
async function countsOf(): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.matchAll(/^sendoff_request_seconds_count\{operation="(\w+)",status="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, operation, status, count]) => [`${operation} ${status}`, Number(count)]));
}

it.each([
  ['invokeFunctionAsync 2xx', 'POST', '/v2/p1/fgs/functions/hello/invocations-async', '{}'],
  ['invokeFunctionAsync 4xx', 'POST', '/v2/p1/fgs/functions/gone/invocations-async', '{}'],
  ['healthz 2xx', 'GET', '/healthz', undefined],
  ['none 4xx', 'GET', '/no/such/path', undefined],
  ['none 4xx', 'GET', '/another/path?x=1', undefined],
])('%s counts %s %s', async (label, method, path, body) => {
  const before = (await countsOf())[label] ?? 0;
  await (await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }) })).arrayBuffer();
  await eventually(async () => (await countsOf())[label] === before + 1);
});

it('counts a request whose caller goes away as aborted', async () => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const lines = ['POST /v2/p1/fgs/functions/hello/invocations-async HTTP/1.1', 'host: a', `x-auth-token: ${IngressApp.token}`];
  socket.write([...lines, 'content-type: application/json', 'content-length: 9', '', '{'].join('\r\n'));
  await eventually(async () => (await app.connections()) > 0);
  await eventually(() => socket.bytesWritten > 0);
  socket.destroy();
  await eventually(async () => Object.keys(await countsOf()).some((label) => label.endsWith(' aborted')));
});
