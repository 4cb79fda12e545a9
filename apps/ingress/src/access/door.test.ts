/**
 * Goal: nobody passes the door without credentials, and every error has the form of the API.
 * Method: a whole ingress over the in-memory broker, listening, because an injected request is not
 * parsed by the HTTP server.
 */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
let port: number;

beforeAll(async () => {
  app = await IngressApp.start();
  port = await app.listen();
  await app.createFunction('hello');
});
afterAll(() => app?.close());

/** Sends bytes as they are. @returns status, headers by lower-case name, and the parsed body. */
async function send(text: string): Promise<{ status: number; headers: Map<string, string>; body: unknown }> {
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let received = '';
    socket.on('data', (bytes) => (received += String(bytes)));
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const headers = new Map(fields.map((field) => [field.split(':')[0]?.toLowerCase() ?? '', field]));
  return { status: Number(line.split(' ')[1]), headers, body: JSON.parse(body) };
}

const get = (target: string, more = '') => send(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${more}\r\n`);
const withToken = `X-Auth-Token: ${IngressApp.token}\r\n`;
const apiError = (code: string) => ({ error_code: code, error_msg: expect.any(String) });

describe('the door', () => {
  it.each([
    ['as it is', '/v2/p1/fgs/functions'],
    ['with a part percent-encoded', '/%762/p1/fgs/functions'],
    ['with all of it percent-encoded', '/%76%32/p1/%66gs/functions'],
    ['with its first slash doubled', '//v2/p1/fgs/functions'],
    ['in absolute form', 'http://anyone/v2/p1/fgs/functions'],
    ['in absolute form, of a function', 'http://anyone/v2/p1/fgs/functions/hello/code'],
    ['with the project percent-encoded', '/v2/p%31/fgs/functions'],
    ['as the records of a function, percent-encoded', '/%762/p1/fgs/functions/hello/async-invocations'],
    ['as an unknown path below /v2', '/v2/p1/nowhere'],
  ])('asks for credentials if the target is written %s', async (_how, target) => {
    const { status, body } = await get(target);
    expect([status, body]).toEqual([401, apiError('FSS.0401')]);
  });

  it('accepts no invocation without credentials, however the target is written', async () => {
    for (const target of [
      '/v2/p1/fgs/functions/hello/invocations-async',
      'http://a/%762/p1/fgs/functions/hello/invocations-async',
    ])
      expect(await send(`POST ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`)).toMatchObject({
        status: 401,
      });
    expect(app.recordsOf('invocations')).toEqual([]);
  });

  it.each([
    ['wrong', 'X-Auth-Token: other\r\n'],
    ['empty', 'X-Auth-Token: \r\n'],
    ['a prefix of the right one', `X-Auth-Token: ${IngressApp.token.slice(0, -1)}\r\n`],
    ['sent twice', withToken + withToken],
  ])('refuses a token that is %s', async (_what, header) => {
    expect(await get('/v2/p1/fgs/functions', header)).toMatchObject({ status: 401, body: apiError('FSS.0401') });
  });

  it.each(['/v2/p2/fgs/functions', '/v2/P1/fgs/functions', '/v2/p2/sendoff/agencies', 'http://a/v2/p2/fgs/functions'])(
    'refuses credentials of another project: %s',
    async (target) => {
      expect(await get(target, withToken)).toMatchObject({ status: 403, body: apiError('FSS.0403') });
    },
  );

  it.each(['/v2/p1/fgs/functions', '/v2/p%31/fgs/functions', 'http://a/v2/p1/fgs/functions'])(
    'let their owner in: %s',
    async (target) => {
      expect(await get(target, withToken)).toMatchObject({ status: 200 });
    },
  );

  it('asks for no credentials on probes', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200 });
    expect(await get('/readyz')).toMatchObject({ status: 200 });
  });
});

describe('an error', () => {
  it.each([
    ['for an unknown path', '/v2/p1/nowhere', withToken, 404, 'FSS.0404'],
    ['for a path outside the API', '/nowhere', '', 404, 'FSS.0404'],
    ['for a path that cannot be decoded', '/v2/p1/fgs/functions/%zz/config', withToken, 400, 'FSS.0400'],
    ['for a URN that is too long', `/v2/p1/fgs/functions/${'a'.repeat(600)}/config`, withToken, 400, 'FSS.0400'],
    ['for headers that are too large', '/v2/p1/fgs/functions', `X-Large: ${'a'.repeat(20_000)}\r\n`, 431, 'FSS.0431'],
  ])('%s has the form of the API and a request id', async (_what, target, headers, status, code) => {
    const answer = await get(target, headers);
    expect([answer.status, answer.body]).toEqual([status, apiError(code)]);
    expect(answer.headers.get('x-request-id')).toMatch(/[0-9a-f-]{36}$/);
  });

  it.each<[what: string, text: string, status: number, code: string]>([
    ['bytes that are not HTTP', 'EHLO there\r\n\r\n', 400, 'FSS.0400'],
    ['a request without a Host', `GET /v2/p1/fgs/functions HTTP/1.1\r\n${withToken}\r\n`, 400, 'FSS.0400'],
    ['a request with two Hosts', `GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n`, 400, 'FSS.0400'],
    ['an unknown expectation', 'GET /healthz HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n', 417, 'FSS.0400'],
    ['a request for a tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 405, 'FSS.0405'],
    [
      'a body with malformed chunks',
      `POST /v2/p1/fgs/functions HTTP/1.1\r\nHost: a\r\n${withToken}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n`,
      400,
      'FSS.0400',
    ],
  ])('for %s has the form of the API and a request id', async (_what, text, status, code) => {
    const answer = await send(text.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    expect([answer.status, answer.body]).toEqual([status, apiError(code)]);
    expect(answer.headers.get('content-type')).toMatch(/application\/json/);
    expect(answer.headers.get('x-request-id')).toMatch(/[0-9a-f-]{36}$/);
  });

  it('is not sent for a missing Host in HTTP/1.0', async () => {
    expect(await send(`GET /v2/p1/fgs/functions HTTP/1.0\r\n${withToken}\r\n`)).toMatchObject({ status: 200 });
  });

  it('or success has a request id of its own', async () => {
    const [one, other] = [await get('/v2/p1/fgs/functions', withToken), await get('/v2/p1/fgs/functions', withToken)];
    expect(one.headers.get('x-request-id')).not.toEqual(other.headers.get('x-request-id'));
  });
});

describe('a body', () => {
  it.each<[what: string, body: string, type: string, status: number, code: string]>([
    ['is not JSON', '{"a":', 'application/json', 406, 'FSS.0406'],
    ['has another type', 'a=1', 'application/x-www-form-urlencoded', 406, 'FSS.0406'],
    ['is not an object', '[]', 'application/json', 400, 'FSS.0400'],
    ['is missing', '', 'application/json', 400, 'FSS.0400'],
    ['has a field named constructor', '{"tags": {"constructor": {"name": 1}}}', 'application/json', 400, 'FSS.0400'],
    ['has a field named __proto__', '{"tags": [{"__proto__": {}}]}', 'application/json', 400, 'FSS.0400'],
  ])('is refused if it %s', async (_what, body, type, status, code) => {
    const answer = await app.call('POST', '/fgs/functions', body, { 'content-type': type });
    expect([answer.status, answer.body]).toEqual([status, apiError(code)]);
  });

  it.each(['gzip', 'br', 'deflate, gzip'])(
    'is refused with the name of the header if it has the Content-Encoding %s',
    async (encoding) => {
      for (const path of ['/fgs/functions', '/fgs/functions/hello/invocations-async', '/fgs/functions/hello/invocations']) {
        const answer = await app.call('POST', path, '{}', { 'content-encoding': encoding });
        expect([answer.status, answer.body]).toEqual([415, apiError('FSS.0415')]);
        expect(JSON.stringify(answer.body)).toContain('Content-Encoding');
      }
    },
  );

  it.each(['/fgs/functions', '/fgs/functions/hello/invocations-async'])('is refused by %s if it is not UTF-8', async (path) => {
    const answer = await app.call('POST', path, Buffer.from('{"a":"\xff"}', 'latin1'));
    expect([answer.status, answer.body]).toEqual([406, apiError('FSS.0406')]);
  });

  it('is the empty event of an asynchronous invocation if it is missing', async () => {
    const { status } = await app.call('POST', '/fgs/functions/hello/invocations-async');
    expect([status, app.recordsOf('invocations').map(({ value }) => String(value))]).toEqual([202, ['{}']]);
  });

  it.each([
    ['PUT', '/fgs/functions/hello/config'],
    ['PUT', '/fgs/functions/hello/async-invoke-config'],
    ['POST', '/fgs/functions/hello/versions'],
    ['POST', '/notifications/topics'],
  ])('over 1 MiB is refused by %s %s', async (method, path) => {
    const answer = await app.call(method, path, { a: 'x'.repeat(1_048_576) });
    expect([answer.status, answer.body]).toEqual([413, apiError('FSS.0413')]);
  });

  it('may be missing although the content type says JSON', async () => {
    expect((await app.call('GET', '/fgs/functions')).status).toBe(200);
    expect((await app.call('POST', '/fgs/functions/enable-async-status-logs', '')).status).toBe(200);
  });
});
