/**
 * Goal: bodies in memory stay within the budgets, and callers who only name a key use up nobody
 * else's. Method: a whole ingress over the in-memory broker, listening, with budgets of 1,000
 * bytes. Bodies are announced and never sent.
 */
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';
import { sdkDate, signed } from '../../../../test/request-signer.ts';

let app: IngressApp;
let port: number;
const opened: Socket[] = [];

beforeEach(async () => {
  app = await IngressApp.start({ env: { INGRESS_BODY_BYTES_MAX: '1000' } });
  port = await app.listen();
  await app.createFunction('hello');
});
afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  await app?.close();
});

const path = ['v2', 'p1', 'fgs', 'functions', 'hello', 'invocations-async'];
const token = { 'x-auth-token': IngressApp.token };
const forged = () => {
  const key = { accessKey: IngressApp.accessKey, secretKey: 'wrong', date: sdkDate(app.clock.now()) };
  return signed({ method: 'POST', path, headers: { host: 'a' }, body: '' }, key);
};

/**
 * Announces a body and sends none of it.
 * @returns the first status: 100 if the server waits for the body.
 */
async function announce(credentials: Record<string, string>, size: Record<string, string>): Promise<number> {
  const headers = { host: 'a', 'content-type': 'application/json', expect: '100-continue', ...credentials, ...size };
  const lines = Object.entries(headers).map((pair) => pair.join(': '));
  const socket = connect(port, '127.0.0.1', () =>
    socket.write(`POST /${path.join('/')} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`),
  );
  opened.push(socket);
  const first = await new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes))));
  return Number(first.slice(9, 12));
}
const ofBytes = (bytes: number) => ({ 'content-length': String(bytes) });

async function held(): Promise<Readonly<Record<string, number>>> {
  const metrics = String((await app.raw('GET', '/metrics')).body);
  const found = [...metrics.matchAll(/^sendoff_body_bytes\{owner="(\w+)".*\} (\d+)$/gm)];
  return Object.fromEntries(found.map(([, owner, bytes]) => [owner, Number(bytes)]));
}

it('bodies are accepted up to the budget, and again when one is gone', async () => {
  expect([await announce(token, ofBytes(600)), await announce(token, ofBytes(400))]).toEqual([100, 100]);
  expect(await held()).toEqual({ known: 1_000, unproved: 0 });
  const refused = await app.call('POST', '/fgs/functions/hello/invocations-async', {});
  expect([refused.status, refused.body.error_code, refused.headers['retry-after']]).toEqual([429, 'FSS.0429', '1']);
  opened[0]?.destroy();
  await eventually(async () => ((await held())['known'] === 400 ? true : undefined));
  expect((await app.call('POST', '/fgs/functions/hello/invocations-async', {})).status).toBe(202);
  expect((await held())['known']).toBe(400);
});

it('a body without a content length counts as the limit of its route', async () => {
  expect(await announce(token, { 'transfer-encoding': 'chunked' })).toBe(100);
  expect(await held()).toEqual({ known: 262_144, unproved: 0 });
  expect(await announce(token, ofBytes(1))).toBe(429);
});

it('a caller who only names a key uses up the budget of unverified callers', async () => {
  expect([await announce(forged(), ofBytes(1_000)), await announce(forged(), ofBytes(1))]).toEqual([100, 429]);
  expect(await announce(token, ofBytes(1_000))).toBe(100);
  expect(await held()).toEqual({ known: 1_000, unproved: 1_000 });
});

it('requests without a body are accepted when the budgets are used up', async () => {
  expect(await announce(token, ofBytes(1_000))).toBe(100);
  expect((await app.call('GET', '/fgs/functions')).status).toBe(200);
});
