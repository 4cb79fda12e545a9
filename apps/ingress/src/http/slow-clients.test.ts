/**
 * Goal: a client that sends or reads slowly is cut off at the configured bound, and delays nobody
 * else. Method: a whole ingress over the in-memory broker, listening, with bounds of a few hundred
 * milliseconds. The tests wait for the end of raw sockets.
 */
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventually } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';

const boundMs = 300;
const dropEveryMs = 20;
/**
 * How long after the bound a client may be cut off: the server looks every tenth of the bound, and
 * this machine may be busy.
 */
const graceMs = 10_000;

vi.setConfig({ testTimeout: 20_000 });

let app: IngressApp;
let port: number;
const opened: Socket[] = [];

async function start(env: Record<string, string>): Promise<void> {
  app = await IngressApp.start({ env });
  port = await app.listen();
  await app.createFunction('hello');
}
beforeEach(() => start({ INGRESS_REQUEST_TIMEOUT_MS: String(boundMs), INGRESS_SILENCE_TIMEOUT_MS: String(boundMs) }));
afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  await app?.close();
});

function open(): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  opened.push(socket);
  return socket;
}

/**
 * Sends the beginning at once and the rest drop by drop, until the server ends it.
 * @returns what it answered, and when it was cut off.
 */
async function drip(beginning: string, rest: string): Promise<{ readonly answer: string; readonly lastedMs: number }> {
  const socket = open();
  let answer = '';
  let at = 0;
  socket.on('data', (bytes) => (answer += String(bytes)));
  const begunAt = performance.now();
  socket.write(beginning);
  const dripping = setInterval(() => {
    socket.write(rest[at++ % rest.length] ?? '');
    // Heads are timed by the server, bodies by the clock.
    void app.clock.advance(dropEveryMs);
  }, dropEveryMs);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(dripping);
  return { answer, lastedMs: performance.now() - begunAt };
}

/**
 * Asks as others do, for as long as something lasts.
 * @returns the statuses they were answered with.
 */
async function othersDuring(lasting: Promise<unknown>): Promise<ReadonlySet<number>> {
  let isOver = false;
  void lasting.finally(() => (isOver = true));
  const statuses = new Set<number>();
  while (!isOver) statuses.add((await app.overHttp('GET', '/v2/p1/fgs/functions', undefined, withToken)).status);
  return statuses;
}

const withToken = { 'x-auth-token': IngressApp.token };
const invocation = 'POST /v2/p1/fgs/functions/hello/invocations-async HTTP/1.1\r\nHost: a\r\n';
const credentials = `X-Auth-Token: ${IngressApp.token}\r\n`;

describe('a slow client', () => {
  it.each<[what: string, beginning: string, rest: string]>([
    ['its head', 'GET /v2/p1/fgs/functions HTTP/1.1\r\nHost: a\r\n', 'x: 1\r\n'],
    ['its body', `${invocation}${credentials}Content-Length: 100000\r\n\r\n{"a":"`, 'a'],
    ['its body in chunks', `${invocation}${credentials}Transfer-Encoding: chunked\r\n\r\n`, '1\r\na\r\n'],
  ])('that drips %s gets 408 and is cut off, and other clients are served', async (_what, beginning, rest) => {
    const slow = drip(beginning, rest);
    expect([...(await othersDuring(slow))]).toEqual([200]);
    const { answer, lastedMs } = await slow;
    expect(answer).toMatch(/^HTTP\/1.1 408 .*\r\n(?:.*\r\n)*X-Request-Id: [0-9a-f-]{36}\r\n/);
    expect(answer).toContain('"error_code":"FSS.0408"');
    expect(lastedMs).toBeGreaterThanOrEqual(boundMs - dropEveryMs);
    expect(lastedMs).toBeLessThan(boundMs + graceMs);
    expect(app.recordsOf('invocations')).toEqual([]);
  });

  it('that drips the body of a refused request is cut off', async () => {
    const { answer, lastedMs } = await drip(`${invocation}Content-Length: 100000\r\n\r\n{"a":"`, 'a');
    expect(answer).toMatch(/^HTTP\/1.1 401 /);
    expect(lastedMs).toBeLessThan(boundMs + graceMs);
  });
});

it('a client that sends nothing is cut off', async () => {
  const { answer } = await drip('', '');
  expect(answer).toMatch(/^(?:|HTTP\/1.1 408 [^]*)$/);
});

it('a client that reads none of its answers is cut off, and other clients are served', async () => {
  const socket = open();
  socket.pause();
  // More answers than the buffers between two sockets hold.
  socket.write('GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(200));
  const cutOff = eventually(async () => ((await app.connections()) === 0 ? true : undefined));
  const others = await app.raw('GET', '/v2/p1/fgs/functions', undefined, withToken);
  expect([others.status, await cutOff]).toEqual([200, true]);
});

it('bytes that are not HTTP get no answer inside another answer', async () => {
  const socket = open();
  let answer = '';
  socket.on('data', (bytes) => (answer += String(bytes)));
  socket.write('GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: a\r\n\r\n');
  await new Promise((resolve) => socket.once('data', resolve));
  // A file is sent piece by piece, as it is read; while nobody takes them the rest waits.
  socket.pause();
  socket.write('EHLO there\r\n\r\n');
  await eventually(async () => ((await app.connections()) === 0 ? true : undefined));
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  expect([answer.slice(0, 12), answer.includes('is not HTTP')]).toEqual(['HTTP/1.1 200', false]);
});

it('connections beyond the bound are closed and counted, until another one ends', async () => {
  await app.close();
  await start({ INGRESS_CONNECTIONS_MAX: '2' });
  const ended = async (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));
  const holders = [open(), open()];
  await eventually(async () => ((await app.connections()) === 2 ? true : undefined));
  await ended(open());
  const metrics = String((await app.raw('GET', '/metrics')).body);
  expect(metrics).toMatch(/^sendoff_connections_dropped_total(?:\{.*\})? 1$/m);
  for (const holder of holders) holder.destroy();
  await eventually(async () => ((await app.connections()) === 0 ? true : undefined));
  expect((await app.overHttp('GET', '/v2/p1/fgs/functions', undefined, withToken)).status).toBe(200);
});
