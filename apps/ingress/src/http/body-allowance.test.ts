/**
 * Goal: bodies in memory stay within the budgets, and callers who only name a key keep nobody out.
 * Method: a whole ingress over the in-memory broker, listening, with budgets of 10,000 bytes.
 * Bodies are announced, and sent in part or not at all.
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
  app = await IngressApp.start({ env: { INGRESS_BODY_BYTES_MAX: '10000' } });
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
  expect([await announce(token, ofBytes(6_000)), await announce(token, ofBytes(4_000))]).toEqual([100, 100]);
  expect(await held()).toEqual({ known: 10_000, unproved: 0 });
  const refused = await app.call('POST', '/fgs/functions/hello/invocations-async', {});
  expect([refused.status, refused.body.error_code, refused.headers['retry-after']]).toEqual([429, 'FSS.0429', '1']);
  opened[0]?.destroy();
  await eventually(async () => ((await held())['known'] === 4_000 ? true : undefined));
  expect((await app.call('POST', '/fgs/functions/hello/invocations-async', {})).status).toBe(202);
  expect((await held())['known']).toBe(4_000);
});

it('a body without a content length counts as the limit of its route', async () => {
  expect(await announce(token, { 'transfer-encoding': 'chunked' })).toBe(100);
  expect(await held()).toEqual({ known: 262_144, unproved: 0 });
  expect(await announce(token, ofBytes(1))).toBe(429);
});

/** Begins a body that it never ends. @returns its socket, and what came back. */
async function halfSent(credentials: Record<string, string>, announcedBytes: number, sentBytes: number) {
  const headers = { host: 'a', 'content-type': 'application/json', ...credentials, ...ofBytes(announcedBytes) };
  const lines = Object.entries(headers).map((pair) => pair.join(': '));
  const socket = connect(port, '127.0.0.1');
  const half = { socket, answer: '' };
  socket.on('data', (bytes) => (half.answer += String(bytes))).on('error', () => socket.destroy());
  opened.push(socket);
  await new Promise<void>((resolve) => {
    socket.write(`POST /${path.join('/')} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${'x'.repeat(sentBytes)}`, () => resolve());
  });
  return half;
}

const invoke = async () => (await app.signed('POST', '/fgs/functions/hello/invocations-async', { a: 1 })).status;
const unproved = async () => (await held())['unproved'] ?? 0;

it('bodies that are announced and not sent take nothing from signed callers', async () => {
  const announced = await Promise.all(Array.from({ length: 30 }, async () => announce(forged(), ofBytes(100_000))));
  expect(new Set(announced)).toEqual(new Set([100]));
  expect(await invoke()).toBe(202);
  expect(await announce(token, ofBytes(10_000))).toBe(100);
});

it('the slowest half-sent body gives way with 429 when the budget is full', async () => {
  const slow = await halfSent(forged(), 100_000, 4_000);
  await eventually(async () => (await unproved()) > 4_000);
  await app.clock.advance(5_000);
  const fast = await halfSent(forged(), 100_000, 800);
  await eventually(async () => ((await unproved()) > 5_000 ? true : undefined));
  await app.clock.advance(100);
  await eventually(() => slow.answer !== '');
  expect(slow.answer).toMatch(/^HTTP\/1.1 429 .*FSS.0429.*came slowest/s);
  expect([fast.answer, (await unproved()) < 5_000]).toEqual(['', true]);
  await app.clock.advance(2_000);
  await eventually(() => slow.socket.destroyed);
  expect(await invoke()).toBe(202);
});

it('a signed request that states the hash of its body is known by its head', async () => {
  const key = { accessKey: IngressApp.accessKey, secretKey: IngressApp.secretKey, date: sdkDate(app.clock.now()) };
  const headers = { host: 'a', 'x-sdk-content-sha256': 'a'.repeat(64) };
  expect(await announce(signed({ method: 'POST', path, headers, body: '' }, key), ofBytes(600))).toBe(100);
  expect(await held()).toEqual({ known: 600, unproved: 0 });
  // A wrong signature is refused before the body comes.
  expect(await announce(signed({ method: 'POST', path, headers, body: '' }, { ...key, secretKey: 'wrong' }), ofBytes(600))).toBe(
    401,
  );
  // A body with another hash is refused when it is there.
  const other = await halfSent(signed({ method: 'POST', path, headers, body: '' }, key), 10, 10);
  await eventually(() => other.answer !== '');
  expect(other.answer).toMatch(/^HTTP\/1.1 401 .*X-Sdk-Content-Sha256 is not that of the payload/s);
});

it('a verified body counts as known until it is answered', async () => {
  await invoke();
  expect(await held()).toEqual({ known: 0, unproved: 0 });
});

it('requests without a body are accepted when the budgets are used up', async () => {
  expect(await announce(token, ofBytes(10_000))).toBe(100);
  expect((await app.call('GET', '/fgs/functions')).status).toBe(200);
});
