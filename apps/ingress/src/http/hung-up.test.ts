/**
 * Goal: a caller that hangs up is no fault of the service, so no line of the log names one. Method:
 * a whole ingress over the in-memory broker, listening. Callers close their connection amid a body,
 * and while they wait for an answer.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createLogger } from '#platform';
import { eventually } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
let port: number;
let lines: string[] = [];

beforeAll(async () => {
  const output = new Writable({
    write(text: Buffer, _encoding, done) {
      lines.push(String(text));
      done();
    },
  });
  app = await IngressApp.start({ logger: createLogger({ service: 'ingress', level: 'info', isPretty: false, output }) });
  await app.createFunction('hello');
  port = await app.listen();
});
afterAll(() => app?.close());
beforeEach(() => (lines = []));

/** Sends the beginning of a request, and returns its socket. */
async function begin(head: string, type: string, sent: string, lengthBytes: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const headers = `Host: a\r\nX-Auth-Token: ${IngressApp.token}\r\nContent-Type: ${type}\r\nContent-Length: ${lengthBytes}`;
  socket.write(`${head} HTTP/1.1\r\n${headers}\r\n\r\n${sent}`);
  return socket;
}

const answeredOnce = async () =>
  app.raw('GET', '/v2/p1/fgs/functions/hello/config', undefined, { 'x-auth-token': IngressApp.token });
const allGone = async () => eventually(async () => ((await app.connections()) === 0 ? true : undefined));

it.each([
  ['a synchronous call', 'POST', '/fgs/functions/hello/invocations', 1_000],
  ['an asynchronous invocation', 'POST', '/fgs/functions/hello/invocations-async', 1_000],
  ['an uploaded event', 'POST', '/sendoff/functions/hello/payloads', 5_000_000],
  ['a small function', 'POST', '/fgs/functions', 1_000],
  ['a large function', 'POST', '/fgs/functions', 20_000_000],
  ['a policy', 'PUT', '/fgs/functions/hello/async-invoke-config', 1_000],
])('a caller that hangs up in the body of %s leaves no line', async (_what, method, path, lengthBytes) => {
  const socket = await begin(`${method} /v2/p1${path}`, 'application/json', '{"a":1', lengthBytes);
  await eventually(async () => ((await app.connections()) === 1 ? true : undefined));
  socket.resetAndDestroy();
  await allGone();
  await answeredOnce();
  expect(lines).toEqual([]);
});

it('a caller that hangs up during its synchronous call leaves no line', async () => {
  const called = Promise.withResolvers<AbortSignal>();
  app.calls.answer = async (_request, signal) => {
    called.resolve(signal);
    await once(signal, 'abort');
    throw signal.reason;
  };
  const socket = await begin('POST /v2/p1/fgs/functions/hello/invocations', 'application/json', '{}', 2);
  await called.promise;
  socket.destroy();
  await allGone();
  await answeredOnce();
  expect(lines).toEqual([]);
});

it.each([
  ['an export', '/fgs/functions/hello/export?config=true&code=true'],
  ['a list', '/fgs/functions?maxitems=400'],
  ['live events', '/sendoff/events'],
  ['a log', '/sendoff/functions/hello/logs'],
])('a caller that hangs up during %s leaves no line', async (_what, path) => {
  const socket = await begin(`GET /v2/p1${path}`, 'application/json', '', 0);
  await once(socket, 'readable');
  socket.resetAndDestroy();
  await allGone();
  const unheard = await begin(`GET /v2/p1${path}`, 'application/json', '', 0);
  unheard.resetAndDestroy();
  await allGone();
  await answeredOnce();
  expect(lines).toEqual([]);
});
