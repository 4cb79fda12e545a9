/**
 * Goal: a signed request is answered like one with the token, and a wrongly signed one has no
 * effect. Method: a whole ingress over the in-memory broker; over a socket if the order of arrival
 * matters.
 */
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { IngressApp } from '../../testing/ingress-app.ts';
import { type PlainRequest, sdkDate, signed, type SigningKey } from '../../../../test/request-signer.ts';

let app: IngressApp;
let port: number;
let key: SigningKey;

beforeAll(async () => {
  app = await IngressApp.start();
  port = await app.listen();
  await app.createFunction('hello');
});
afterAll(() => app?.close());
beforeEach(() => {
  key = { accessKey: IngressApp.accessKey, secretKey: IngressApp.secretKey, date: sdkDate(app.clock.now()) };
});

const refused = { error_code: 'APIG.0301', error_msg: expect.any(String), request_id: expect.any(String) };
const invocation = (body = '{"k":"héllo"}', headers: Record<string, string> = {}): PlainRequest => ({
  method: 'POST',
  path: ['v2', 'p1', 'fgs', 'functions', 'hello', 'invocations-async'],
  headers: { host: 'a:1', 'content-type': 'application/json', ...headers },
  body,
});

/** Sends a request whose headers are given, with a body of one's own choice. */
const send = ({ method, path, body }: PlainRequest, headers: Record<string, string>) =>
  app.raw(method, `/${path.join('/')}`, body === '' ? undefined : body, headers);

describe('a signed request', () => {
  it.each<[what: string, method: string, path: string, body: unknown, status: number]>([
    ['that reads', 'GET', '/fgs/functions?maxitems=5&func_name=he', undefined, 200],
    ['with a URN in full', 'GET', '/fgs/functions/urn:fss:local:p1:function:default:hello:latest/config', undefined, 200],
    ['with a percent-encoded path', 'GET', '/fgs/functions/default%3Ahello/config', undefined, 200],
    ['with an empty body', 'POST', '/fgs/functions/enable-async-status-logs', undefined, 200],
    ['that changes', 'PUT', '/fgs/functions/hello/async-invoke-config', { max_async_retry_attempts: 1 }, 200],
    ['that deletes', 'DELETE', '/fgs/functions/hello/async-invoke-config', undefined, 204],
    ['that invokes', 'POST', '/fgs/functions/hello/invocations-async', { k: 'héllo' }, 202],
    ['for an unknown path', 'GET', '/nowhere', undefined, 404],
    ['of another project', 'GET', '/fgs/functions', undefined, 403],
  ])('%s is answered like one with the token', async (what, method, path, body, status) => {
    const answer = await app.signed(method, path, body, what.includes('another') ? { project: 'p2' } : {});
    expect([answer.status, answer.headers['x-request-id']]).toEqual([status, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  });

  it('may begin its path with two slashes, and the signature covers both', async () => {
    const request = { ...invocation(), path: ['', 'v2', 'p1', 'fgs', 'functions', 'hello', 'invocations-async'] };
    expect((await send(request, signed(request, key))).status).toBe(202);
    expect((await send(request, signed(invocation(), key))).status).toBe(401);
  });

  it('passes the payload on byte for byte', async () => {
    const body = '{ "k" : "h\\u00e9llo" , "é":1}';
    expect((await send(invocation(body), signed(invocation(body), key))).status).toBe(202);
    expect(app.recordsOf('invocations').map(({ value }) => String(value))).toContain(body);
  });

  it('may state the hash of its body, which must then fit', async () => {
    const stated = (body: string, hash: string) => invocation(body, { 'x-sdk-content-sha256': hash });
    const hash = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';
    expect((await send(stated('{}', hash), signed(stated('{}', hash), key))).status).toBe(202);
    const other = await send(stated('{"a":1}', hash), signed(stated('{"a":1}', hash), key));
    expect([other.status, other.body]).toEqual([
      401,
      { ...refused, error_msg: expect.stringContaining('not that of the payload') },
    ]);
  });

  it('may not leave a body unsigned, whatever its type', async () => {
    const left = (type: string) => invocation('{"a":1}', { 'content-type': type, 'x-sdk-content-sha256': 'UNSIGNED-PAYLOAD' });
    expect((await send(left('application/octet-stream'), signed(left('application/octet-stream'), key))).status).toBe(401);
    expect((await send(left('application/json'), signed(left('application/json'), key))).status).toBe(401);
  });

  it('must cover the headers of the API that it has', async () => {
    const covered = invocation('{"a":1}', { 'x-sendoff-delay-seconds': '0', 'idempotency-key': 'k1' });
    expect((await send(covered, signed(covered, key))).status).toBe(202);
    const plain = invocation('{"a":1}');
    const added = await send(plain, { ...signed(plain, key), 'X-Sendoff-Delay-Seconds': '3600' });
    expect([added.status, added.body.error_msg]).toEqual([
      401,
      'Incorrect IAM authentication information: the header x-sendoff-delay-seconds is not signed: name it in SignedHeaders',
    ]);
  });

  it('is refused if its query has a name twice', async () => {
    const query: [string, string][] = [
      ['maxitems', '1'],
      ['maxitems', '2'],
    ];
    const request = { ...invocation(''), method: 'GET', path: ['v2', 'p1', 'fgs', 'functions'], query };
    for (const search of ['maxitems=1&maxitems=2', 'maxitems=2&maxitems=1'])
      expect(await app.raw('GET', `/v2/p1/fgs/functions?${search}`, undefined, signed(request, key))).toMatchObject({
        status: 400,
        body: { error_code: 'FSS.0400', error_msg: 'the query has maxitems more than once' },
      });
  });

  it('may be a GET with a body, which the signature covers', async () => {
    const reading = (body: string) => ({ ...invocation(body), method: 'GET', path: ['v3', 'projects'] });
    expect((await send(reading('{}'), signed(reading('{}'), key))).status).toBe(200);
    expect((await send(reading('{"a":1}'), signed(reading('{}'), key))).status).toBe(401);
    expect((await send(reading('{}'), signed(reading(''), key))).status).toBe(401);
  });

  it('may be a GET with at most 1 KiB, whose length it states', async () => {
    const reading = (bytes: number) => ({ ...invocation('x'.repeat(bytes)), method: 'GET', path: ['v3', 'projects'] });
    expect((await send(reading(1_024), signed(reading(1_024), key))).status).toBe(200);
    expect(await send(reading(1_025), signed(reading(1_025), key))).toMatchObject({
      status: 413,
      body: { error_code: 'FSS.0413' },
    });
    const lines = Object.entries({ ...signed(reading(2), key), 'transfer-encoding': 'chunked' }).map((pair) => pair.join(': '));
    expect(await ask(['GET /v3/projects HTTP/1.1', ...lines])).toBe(413);
  });

  it('has its Host header signed as it came, port included', async () => {
    const request = { ...invocation(''), method: 'GET', path: ['v2', 'p1', 'fgs', 'functions'] };
    const at = async (host: string) => {
      const headers = signed({ ...request, headers: { ...request.headers, host } }, key);
      return ask([
        `GET /v2/p1/fgs/functions HTTP/1.1`,
        ...Object.entries({ ...headers, host: 'a:1' }).map((pair) => pair.join(': ')),
      ]);
    };
    expect([await at('a:1'), await at('a'), await at('b:1')]).toEqual([200, 401, 401]);
  });
});

it('the router reads every path and query as they were signed', async () => {
  const odd = fc.constantFrom('!prod', 'a:b', '%2F', '%', 'a/b', '*', "'()", 'é', '日本', '~', '+', ' ', ';', '#', '?', '&=');
  const text = fc.oneof(odd, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })).filter((one) => one.isWellFormed());
  const name = text.filter((one) => !/^\.{1,2}$/.test(one));
  await fc.assert(
    fc.asyncProperty(name, fc.array(fc.tuple(text, text), { maxLength: 3 }), async (urn, query) => {
      const request = { ...invocation(''), method: 'GET', path: ['v2', 'p1', 'fgs', 'functions', urn, 'config'], query };
      const search = query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
      const url = `/${request.path.map(encodeURIComponent).join('/')}?${search}`;
      const { status, body } = await app.raw('GET', url, undefined, signed(request, key));
      expect([200, 400, 403, 404], JSON.stringify(body)).toContain(status);
    }),
  );
});

describe('a wrong signature', () => {
  const before = () => app.recordsOf('invocations').length;
  it.each<[what: string, change: (headers: Record<string, string>) => PlainRequest | void]>([
    ['for the body', () => invocation('{"k":"other"}')],
    ['for an empty body', () => invocation('')],
    ['for the path', () => ({ ...invocation(), path: [...invocation().path.slice(0, 4), 'other', 'invocations-async'] })],
    ['for the method', (headers) => void Object.assign(headers, signed({ ...invocation(), method: 'PUT' }, key))],
    ['for a query', () => ({ ...invocation(), path: [...invocation().path.slice(0, 5), 'invocations-async?a=1'] })],
    ['for a header', (headers) => void (headers['host'] = 'b:1')],
    ['for the date', (headers) => void (headers['x-sdk-date'] = sdkDate(app.clock.now() - 1_000))],
    [
      'for the secret',
      (headers) => void (headers['authorization'] = signed(invocation(), { ...key, secretKey: 'x' })['authorization'] ?? ''),
    ],
    [
      'for the access key',
      (headers) => void (headers['authorization'] = headers['authorization']?.replace('AKFIRST', 'AKOTHER') ?? ''),
    ],
    [
      'in one digit',
      (headers) =>
        void (headers['authorization'] = headers['authorization']?.replace(/.$/, (d) => (d === '0' ? '1' : '0')) ?? ''),
    ],
    [
      'because headers are left out',
      (headers) => void (headers['authorization'] = headers['authorization']?.replace('host;', '') ?? ''),
    ],
  ])('%s is refused, and nothing is accepted', async (_what, change) => {
    const accepted = before();
    const headers = signed(invocation(), key);
    const request = change(headers) ?? invocation();
    const answer = await send(request, headers);
    expect([answer.status, answer.body, before()]).toEqual([401, refused, accepted]);
    expect(answer.body.request_id).toBe(answer.headers['x-request-id']);
  });

  it('is counted in the metrics', async () => {
    const count = async () => (await app.raw('GET', '/metrics')).body.match(/turned_away_total\{code="APIG.0301".*\} (\d+)/)?.[1];
    const earlier = Number(await count());
    await send(invocation(), signed(invocation(), { ...key, secretKey: 'wrong' }));
    expect(Number(await count())).toBe(earlier + 1);
  });

  it('under an unknown access key is refused before the body arrives', async () => {
    const unknown = signed(invocation(), { ...key, accessKey: 'AKNOBODY' });
    const lines = Object.entries({ ...unknown, 'content-length': '200000' }).map((pair) => pair.join(': '));
    expect(await ask(['POST /v2/p1/fgs/functions/hello/invocations-async HTTP/1.1', ...lines])).toBe(401);
    const answer = await send(invocation(), unknown);
    expect(answer.body).toEqual({ ...refused, error_msg: expect.stringContaining('there is no access key AKNOBODY here') });
  });

  it('is refused before the body is parsed, and a body over the limit is not read', async () => {
    const wrong = { ...key, secretKey: 'wrong' };
    const broken = { ...invocation('{"a":'), path: ['v2', 'p1', 'fgs', 'functions'] };
    expect((await send(broken, signed(broken, wrong))).status).toBe(401);
    expect((await send(broken, signed(broken, key))).status).toBe(406);
    const large = invocation(`"${'x'.repeat(262_144)}"`);
    expect((await send(large, signed(large, wrong))).status).toBe(413);
  });

  it.each(['TRACE', 'PROPFIND', 'QUERY', 'POST'])('for an unknown path is answered 404: %s', async (method) => {
    const request = { ...invocation(), method, path: ['v2', 'p1', 'nowhere'] };
    const wrong = signed({ ...request, headers: { host: 'a:1', 'content-type': 'text/plain' } }, { ...key, secretKey: 'wrong' });
    const lines = Object.entries({ ...wrong, 'content-length': '200000' }).map((pair) => pair.join(': '));
    expect(await ask([`${method} /v2/p1/nowhere HTTP/1.1`, ...lines])).toBe(404);
  });

  it('that is too old is refused before the body arrives', async () => {
    const old = signed(invocation(), { ...key, date: sdkDate(app.clock.now() - 901_000) });
    const lines = Object.entries({ ...old, 'content-length': '200000' }).map((pair) => pair.join(': '));
    expect(await ask(['POST /v2/p1/fgs/functions/hello/invocations-async HTTP/1.1', ...lines])).toBe(401);
  });
});

it('a key that is disabled while the body arrives does not authenticate the request', async () => {
  const made = await app.must('POST', '/sendoff/credentials', { rights: ['invoke'] });
  const request = invocation();
  const headers = signed(request, { ...key, accessKey: made.access_key, secretKey: made.secret_key });
  const body = Buffer.from(String(request.body));
  const lines = Object.entries({ ...headers, 'content-length': body.length, expect: '100-continue' }).map((pair) =>
    pair.join(': '),
  );
  const socket = connect(port, '127.0.0.1', () =>
    socket.write(`POST /${request.path.join('/')} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`),
  );
  const next = async () => new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes))));
  expect(await next()).toMatch(/^HTTP\/1.1 100 /);
  await app.must('POST', `/sendoff/credentials/${made.access_key}/disable`);
  socket.write(body);
  expect(await next()).toMatch(/^HTTP\/1.1 401 [^]*the access key is disabled/);
  socket.destroy();
});

/** Sends the head of a request and no body. @returns the status that is answered. */
async function ask(lines: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
    socket.once('data', (bytes) => {
      resolve(Number(String(bytes).split(' ')[1]));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
