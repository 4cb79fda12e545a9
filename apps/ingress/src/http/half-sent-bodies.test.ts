/**
 * Goal: strangers who send half of their bodies keep no right caller out. Method: a whole ingress
 * with its defaults, over the in-memory broker, listening. 300 bodies and some uploads are begun
 * with the name of the key of a right caller, and never ended.
 */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { eventually } from '#testing';
import { sdkDate, signed } from '../../../../test/request-signer.ts';
import { functionBody, IngressApp, inlineCode } from '../../testing/ingress-app.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

let app: IngressApp;
let port: number;
const opened: Socket[] = [];

beforeAll(async () => {
  app = await IngressApp.start();
  port = await app.listen();
  await app.createFunction('hello');
});
afterAll(async () => {
  for (const socket of opened) socket.destroy();
  await app?.close();
});

/** Signs with the key of the right caller, or with a wrong secret. */
function head(path: string, body: string, secretKey: string): Record<string, string> {
  const key = { accessKey: IngressApp.accessKey, secretKey, date: sdkDate(app.clock.now()) };
  const headers = { host: `127.0.0.1:${port}`, 'content-type': 'application/json' };
  return signed({ method: 'POST', path: path.slice(1).split('/'), headers, body }, key);
}

const invocations = `/v2/${IngressApp.project}/fgs/functions/hello/invocations-async`;
const functions = `/v2/${IngressApp.project}/fgs/functions`;

/** Begins a body with a wrong signature, and sends only some of it. */
async function beginHalf(path: string, announcedBytes: number, sentBytes: number): Promise<void> {
  const lines = Object.entries({ ...head(path, '', 'wrong'), 'content-length': String(announcedBytes) }).map((pair) =>
    pair.join(': '),
  );
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  opened.push(socket);
  await new Promise<void>((resolve) => {
    socket.write(`POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${'x'.repeat(sentBytes)}`, () => resolve());
  });
}

/** Sends a right request. @returns its status, and how long the answer took. */
async function send(path: string, body: object): Promise<{ readonly status: number; readonly tookMs: number }> {
  const text = JSON.stringify(body);
  const startedAt = performance.now();
  const { status } = await app.overHttp('POST', path, text, head(path, text, IngressApp.secretKey));
  return { status, tookMs: performance.now() - startedAt };
}

it('a signed caller gets 202 and can upload beside 300 half-sent bodies and 20 half-sent uploads', async () => {
  for (let index = 0; index < 300; index++) await beginHalf(invocations, 262_144, 100_000);
  for (let index = 0; index < 20; index++) await beginHalf(functions, 70 * 1_048_576, 1_000_000);
  await eventually(async () => ((await app.connections()) >= 300 ? true : undefined));
  await app.clock.advance(2_000);
  const answers = [];
  for (let index = 0; index < 100; index++) answers.push(await send(invocations, { index }));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  const [slowest = Number.POSITIVE_INFINITY] = answers
    .map(({ tookMs }) => tookMs)
    .toSorted((a, b) => b - a)
    .slice(1);
  expect(slowest).toBeLessThan(1_000);
  const code = `// ${'x'.repeat(1_500_000)}`;
  const upload = await send(
    functions,
    functionBody('uploaded', { ...inlineCode(''), code_type: 'zip', func_code: { file: code } }),
  );
  // The body arrived and was read: it is no ZIP.
  expect(upload.status).toBe(400);
});

it('a caller with a token uploads beside half-sent uploads with a token', async () => {
  for (let index = 0; index < 2; index++) {
    const lines = [
      `POST ${functions} HTTP/1.1`,
      'Host: a',
      `X-Auth-Token: ${IngressApp.token}`,
      'Content-Type: application/json',
    ];
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => socket.destroy());
    opened.push(socket);
    await new Promise<void>((resolve) => {
      socket.write(`${lines.join('\r\n')}\r\nContent-Length: 70000000\r\n\r\n{`, () => resolve());
    });
  }
  const body = functionBody('of-token', { code_type: 'zip', func_code: { file: '-'.repeat(1_500_000) } });
  const refused = async () => (await app.overHttp('POST', functions, body, { 'x-auth-token': IngressApp.token })).status;
  expect(await refused()).toBe(400);
});
