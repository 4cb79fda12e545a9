/**
 * Goal: every answer of the API tells browsers not to guess its type, and caches not to keep it.
 * Method: a whole ingress over the in-memory broker. Each route of its table is asked without
 * credentials and with a token. Bytes that are no request come by sockets.
 */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
let port: number;
beforeAll(async () => {
  app = await IngressApp.start();
  port = await app.listen();
});
afterAll(async () => app?.close());

const secure = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' };

it('every route has the headers, whatever it answers', async () => {
  const odd: unknown[] = [];
  const statuses = new Set<number>();
  expect(app.routes.length).toBeGreaterThan(60);
  for (const { method, path } of app.routes) {
    const url = path
      .replace(/:project\w*/i, IngressApp.project)
      .replaceAll(/:\w+/g, 'x')
      .replace('*', 'x');
    for (const headers of [{}, { 'x-auth-token': IngressApp.token }]) {
      const answer = await app.raw(method, url, method === 'GET' || method === 'HEAD' ? undefined : '{', headers);
      statuses.add(answer.status);
      const got = {
        'x-content-type-options': answer.headers['x-content-type-options'],
        'cache-control': answer.headers['cache-control'],
      };
      if (got['x-content-type-options'] !== 'nosniff' || got['cache-control'] !== 'no-store')
        odd.push([method, url, answer.status, got]);
    }
  }
  expect(odd).toEqual([]);
  expect([...statuses]).toEqual(expect.arrayContaining([200, 401, 404, 406]));
}, 60_000);

it.each(['/openapi.json', '/docs', '/docs/swagger-ui-bundle.js', '/healthz', '/readyz', '/metrics', '/nothing', '/%c0', '/v2/x'])(
  'the answer to %s has the headers',
  async (url) => {
    expect((await app.raw('GET', url)).headers).toMatchObject(secure);
    expect((await app.raw('PATCH', url)).headers).toMatchObject(secure);
  },
);

it.each([
  ['bytes that are not HTTP', 'EHLO\r\n\r\n', 400],
  ['headers that are too large', `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ['a tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ['an unknown expectation', 'GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n', 417],
  [
    'a body that is too large',
    `POST /v2/p1/fgs/functions/x/invocations-async HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ${IngressApp.token}\r\nContent-Length: 99999999\r\n\r\n`,
    413,
  ],
])('the answer to %s has the headers', async (_what, request, status) => {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  socket.write(request);
  const answer = await text(socket);
  expect(answer.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
  expect(answer).toMatch(/X-Content-Type-Options: nosniff\r\n[^]*Cache-Control: no-store\r\n/);
});
