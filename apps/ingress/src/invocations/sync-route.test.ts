/**
 * Goal: a synchronous invocation is checked, forwarded once, and answered in the documented form,
 * however it ends. Method: a whole ingress over the in-memory broker, listening, because a call
 * sets the timeout of its socket. A fake executor gives the answers of the test.
 */
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CallEnding, limits } from '#contracts';
import { aCallAnswer } from '../../testing/fake-services.ts';
import { eventually } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';
import { sdkDate, signed } from '../../../../test/request-signer.ts';

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

let app: IngressApp;
let url: string;

beforeEach(async () => {
  app = await IngressApp.start({ env: { INGRESS_SYNC_CALLS_MAX: '2' } });
  await app.createFunction('hello');
  url = `http://127.0.0.1:${await app.listen()}/v2/p1`;
});
afterEach(() => app?.close());

async function post(path: string, body: unknown, headers: Record<string, string>) {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-auth-token': IngressApp.token, ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  const answered = (isJson ? JSON.parse(text) : text) as Record<string, unknown>;
  return { status: response.status, headers: Object.fromEntries(response.headers), body: answered };
}

const invoke = async (body: unknown = {}, headers: Record<string, string> = {}, name = 'hello') =>
  post(`/fgs/functions/${name}/invocations`, body, headers);
const end = (ending: CallEnding, payload = '') => (app.calls.answer = async () => aCallAnswer({ ending }, payload));

describe('a synchronous invocation', () => {
  it('is answered with the value of the function, unchanged', async () => {
    const answer = await invoke({ a: 1 });
    expect([answer.status, answer.body]).toEqual([200, { ok: true }]);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'x-cff-request-id': app.calls.received[0]?.request.requestId,
      'x-cff-billing-duration': '12',
      'x-cff-response-version': 'v0',
      'x-func-err-code': '0',
      'x-is-func-err': 'false',
    });
    expect(JSON.parse(answer.headers['x-cff-invoke-summary'] ?? '')).toEqual({
      duration: 12,
      billingDuration: 12,
      memorySize: 128,
      memoryUsed: 3,
    });
    expect(answer.headers).not.toHaveProperty('x-cff-function-log');
  });

  it('has header names in the documented spelling, which the Java SDK compares letter by letter', async () => {
    const rawHeaders = await new Promise<readonly string[]>((resolve, reject) => {
      const headers = { 'X-Auth-Token': IngressApp.token, 'X-Cff-Log-Type': 'tail', 'Content-Length': '2' };
      const asked = request(`${url}/fgs/functions/hello/invocations`, { method: 'POST', headers }, (response) => {
        response.resume().once('end', () => resolve(response.rawHeaders));
      });
      asked.once('error', reject).end('{}');
    });
    expect(rawHeaders.filter((_text, index) => index % 2 === 0)).toEqual(
      expect.arrayContaining([
        'X-Request-Id',
        'X-Cff-Request-Id',
        'X-Cff-Invoke-Summary',
        'X-Cff-Function-Log',
        'X-CFF-Billing-Duration',
        'X-Cff-Response-Version',
        'X-Func-Err-Code',
        'X-Is-Func-Err',
      ]),
    );
  });

  it.each(['', undefined])('without a body has an empty event', async (body) => {
    const answer = await app.overHttp('POST', '/v2/p1/fgs/functions/hello/invocations', body, {
      'x-auth-token': IngressApp.token,
    });
    expect([answer.status, String(app.calls.received[0]?.payload)]).toEqual([200, '{}']);
  });

  it('does not pass on a malformed trace context', async () => {
    await invoke({}, { traceparent: `${traceparent}-0` });
    expect(app.calls.received[0]?.request).not.toHaveProperty('traceparent');
  });

  it('names the newest known state of the function to the executor, and writes nothing to Kafka', async () => {
    await invoke({ a: 1 }, { traceparent });
    expect(app.calls.received).toMatchObject([
      {
        request: {
          requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          functionUrn: 'urn:fss:local:p1:function:default:hello:latest',
          modifiedAt: app.clock.now(),
          giveUpAt: app.clock.now() + 90_000,
          functionId: (await app.must('GET', '/fgs/functions/hello/config')).func_id,
          traceparent,
        },
        payload: Buffer.from('{"a":1}'),
      },
    ]);
    expect([...app.recordsOf('invocations'), ...app.recordsOf('activity')]).toEqual([]);
  });

  it('is answered in a JSON object for version v1', async () => {
    const answer = await invoke({}, { 'x-cff-request-version': 'v1' });
    expect(answer.body).toEqual({
      request_id: app.calls.received[0]?.request.requestId,
      result: '{"ok":true}',
      log: '',
      status: 200,
    });
    expect(answer.headers['x-cff-response-version']).toBe('v1');
  });

  it('returns the end of its log for log type tail', async () => {
    const log = `${'x'.repeat(3_000)}end\n`;
    app.calls.answer = async () => aCallAnswer({ log });
    const answer = await invoke({}, { 'x-cff-log-type': 'tail', 'x-cff-request-version': 'v1' });
    expect(Buffer.from(answer.headers['x-cff-function-log'] ?? '', 'base64').toString()).toBe(`…${log.slice(3 - 2_000)}`);
    expect(answer.body['log']).toBe(log);
  });

  it('splits no character at the start of that log', async () => {
    app.calls.answer = async () => aCallAnswer({ log: `${'€'.repeat(1_000)}\n` });
    const { headers } = await invoke({}, { 'x-cff-log-type': 'tail' });
    expect(Buffer.from(headers['x-cff-function-log'] ?? '', 'base64').toString()).toBe(`…${'€'.repeat(665)}\n`);
  });

  it.each([
    ['UnhandledInvocationError', '4202', 500],
    ['HandledInvocationError', '4201', 500],
    ['InvocationTimeout', '4203', 408],
    ['OutOfMemory', '4204', 500],
  ] as const)('whose function ended in %s brings its error document', async (condition, code, status) => {
    end({ kind: 'failed', condition, errorMessage: 'no luck' }, '{"errorMessage":"no luck"}');
    const plain = await invoke();
    expect([plain.status, plain.body]).toEqual([200, { errorMessage: 'no luck' }]);
    expect(plain.headers).toMatchObject({ 'x-func-err-code': code, 'x-is-func-err': 'true' });
    const wrapped = await invoke({}, { 'x-cff-request-version': 'v1' });
    expect([wrapped.status, wrapped.body['status'], wrapped.body['result']]).toEqual([200, status, '{"errorMessage":"no luck"}']);
  });

  it('gets an error document if the function left none', async () => {
    end({ kind: 'failed', condition: 'InvocationTimeout', errorMessage: 'too slow' });
    expect((await invoke()).body).toEqual({ errorMessage: 'too slow', errorType: 'InvocationTimeout', stackTrace: [] });
  });

  it.each<[what: string, ending: CallEnding, status: number, code: string]>([
    ['that returned too much', { kind: 'too-large' }, 413, 'FSS.1201'],
    ['that could not be run', { kind: 'unavailable', reason: 'nobody listens' }, 503, 'FSS.0503'],
    ['that was removed meanwhile', { kind: 'function-unknown' }, 404, 'FSS.1051'],
    ['that was disabled meanwhile', { kind: 'function-disabled' }, 429, 'FSS.0429'],
    ['whose executor was stopped', { kind: 'cancelled' }, 502, 'FSS.0502'],
  ])('of a function %s is an error of the API', async (_what, ending, status, code) => {
    end(ending);
    expect(await invoke()).toMatchObject({ status, body: { error_code: code } });
  });

  it('of an endpoint that answers text is text', async () => {
    await app.createFunction('text', { runtime: 'http', code_type: 'obs', code_url: 'http://example.com/' });
    end({ kind: 'returned' }, 'plain words');
    const answer = await invoke({}, {}, 'text');
    expect([answer.headers['content-type'], answer.body]).toEqual(['text/plain; charset=utf-8', 'plain words']);
  });

  it.each<[what: string, name: string, body: unknown, headers: Record<string, string>, status: number, code: string]>([
    ['an unknown function', 'nobody', {}, {}, 404, 'FSS.1051'],
    ['a name that is no URN', 'a:b:c:d:e', {}, {}, 400, 'FSS.1309'],
    ['a body that is no JSON', 'hello', '{"a":', {}, 406, 'FSS.0406'],
    ['a body that is no object', 'hello', '[]', {}, 406, 'FSS.0406'],
    ['a version nobody knows', 'hello', {}, { 'x-cff-request-version': 'v2' }, 400, 'FSS.0400'],
    ['a kind of log nobody knows', 'hello', {}, { 'x-cff-log-type': 'head' }, 400, 'FSS.0400'],
    ['another project', 'p2:default:hello', {}, {}, 403, 'FSS.0403'],
    ['no credentials', 'hello', {}, { 'x-auth-token': '' }, 401, 'FSS.0401'],
  ])('with %s is refused', async (_what, name, body, headers, status, code) => {
    expect(await invoke(body, headers, name)).toMatchObject({ status, body: { error_code: code } });
    expect(app.calls.received).toEqual([]);
  });

  it.each([
    ['at the bound is taken', limits.syncBytesMax, 200],
    ['1 byte over it is refused', limits.syncBytesMax + 1, 413],
    ['twice as large is refused', 2 * limits.syncBytesMax, 413],
  ])('with a body %s', async (_what, bytes, status) => {
    const answer = await invoke(`{"a":"${'x'.repeat(bytes - 8)}"}`);
    expect([answer.status, app.calls.received.length]).toEqual([status, status === 200 ? 1 : 0]);
  });

  it('that is signed reaches the executor only with the body that was signed', async () => {
    const body = '{"a":1}';
    const plain = {
      method: 'POST',
      path: ['v2', 'p1', 'fgs', 'functions', 'hello', 'invocations'],
      headers: { host: new URL(url).host, 'content-type': 'application/json' },
      body,
    };
    const key = { accessKey: IngressApp.accessKey, secretKey: IngressApp.secretKey, date: sdkDate(app.clock.now()) };
    const send = async (sent: string) => {
      const headers = signed(plain, key);
      return (await fetch(`${url}/fgs/functions/hello/invocations`, { method: 'POST', headers, body: sent })).status;
    };
    expect([await send(body), await send('{"a":2}'), app.calls.received.length]).toEqual([200, 401, 1]);
  });

  it('of an alias runs the version that the alias chooses', async () => {
    await app.must('POST', '/fgs/functions/hello/versions', { version: 'v1' });
    const file = Buffer.from('exports.handler = async () => 2;').toString('base64');
    await app.must('PUT', '/fgs/functions/hello/code', { code_type: 'inline', func_code: { file } });
    await app.must('POST', '/fgs/functions/hello/versions', { version: 'v2' });
    const strategy = { v2: { combine_type: 'and', rules: [{ rule_type: 'Header', param: 'x-group', op: '=', value: 'beta' }] } };
    await app.must('POST', '/fgs/functions/hello/aliases', {
      name: 'prod',
      version: 'v1',
      additional_version_strategy: strategy,
    });
    await invoke({}, {}, 'p1:default:hello:!prod');
    await invoke({}, { 'x-group': 'beta' }, 'p1:default:hello:!prod');
    await invoke({}, {}, 'p1:default:hello:v2');
    expect(app.calls.received.map(({ request }) => [request.functionUrn.split(':')[7], request.alias])).toEqual([
      ['v1', 'prod'],
      ['v2', 'prod'],
      ['v2', undefined],
    ]);
    expect((await invoke({}, {}, 'p1:default:hello:!none')).status).toBe(404);
  });

  it('of a disabled function is refused', async () => {
    await app.createFunction('off', { strategy_config: { concurrency: 0 } });
    expect(await invoke({}, {}, 'off')).toMatchObject({
      status: 429,
      body: { error_code: 'FSS.0429', error_msg: 'Function Disabled' },
    });
  });

  it('is answered with 504 when the wait is over, and the call is aborted', async () => {
    app.calls.answer = async (_request, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    const answer = invoke();
    while (app.calls.received.length === 0) await app.clock.advance(0);
    await app.clock.advance(89_999);
    expect(app.calls.received[0]?.signal.aborted).toBe(false);
    await app.clock.advance(1);
    expect(await answer).toMatchObject({ status: 504, body: { error_code: 'FSS.0504' } });
    expect(app.calls.received[0]?.signal.aborted).toBe(true);
  });

  it('over the bound is refused, and accepted when another one has ended', async () => {
    const ends: (() => void)[] = [];
    app.calls.answer = async () => new Promise((resolve) => ends.push(() => resolve(aCallAnswer())));
    const first = [invoke(), invoke()];
    while (ends.length < 2) await app.clock.advance(0);
    expect(await invoke()).toMatchObject({ status: 429, body: { error_code: 'FSS.0429' }, headers: { 'retry-after': '1' } });
    for (const finish of ends) finish();
    await Promise.all(first);
    app.calls.answer = async () => aCallAnswer();
    expect((await invoke()).status).toBe(200);
  });

  it('of another key or function gets through while one key floods, with one function or with ten', async () => {
    const wide = await IngressApp.start({ env: { INGRESS_SYNC_CALLS_MAX: '16' } });
    for (let index = 0; index < 10; index++) await wide.createFunction(`flood-${index}`);
    await wide.createFunction('quiet');
    const rights = { rights: ['invoke'], functions: ['*'] };
    const floods = await wide.must('POST', '/sendoff/credentials', rights);
    const others = await wide.must('POST', '/sendoff/credentials', rights);
    const keyOf = (made: { access_key: string; secret_key: string }) => ({
      accessKey: made.access_key,
      secretKey: made.secret_key,
    });
    const ends: (() => void)[] = [];
    wide.calls.answer = async ({ functionUrn }) =>
      functionUrn.includes('quiet') ? aCallAnswer() : new Promise((resolve) => ends.push(() => resolve(aCallAnswer())));
    await wide.listen();
    const called = async (name: string, key: { accessKey: string; secretKey: string }) => {
      const path = `v2/p1/fgs/functions/${name}/invocations`;
      const request = { method: 'POST', path: path.split('/'), headers: { 'content-type': 'application/json' }, body: '{}' };
      return wide.overHttp('POST', `/${path}`, '{}', signed(request, { ...key, date: sdkDate(wide.clock.now()) }));
    };
    const flood = (name: string) => called(name, keyOf(floods));
    const flooding = Array.from({ length: 40 }, (_, index) => flood(index < 20 ? 'flood-0' : `flood-${index % 10}`));
    await eventually(() => ends.length === 12);
    expect((await called('quiet', keyOf(others))).status).toBe(200);
    const token = { 'x-auth-token': IngressApp.token };
    expect((await wide.overHttp('POST', '/v2/p1/fgs/functions/quiet/invocations', {}, token)).status).toBe(200);
    // Of 40 calls, 12 hold their places and 28 are refused.
    const refused: number[] = [];
    for (const flooded of flooding) void flooded.then(({ status }) => status === 429 && refused.push(status));
    await eventually(() => refused.length === 28);
    for (const finish of ends) finish();
    expect((await Promise.all(flooding)).filter(({ status }) => status === 200)).toHaveLength(12);
    await wide.close();
  }, 30_000);

  it('is accepted while many requests with wrong signatures wait', async () => {
    const request = {
      method: 'POST',
      path: ['v2', 'p1', 'fgs', 'functions', 'hello', 'invocations'],
      headers: { host: 'a', 'content-type': 'application/json' },
    };
    const key = { accessKey: IngressApp.accessKey, secretKey: 'wrong', date: sdkDate(app.clock.now()) };
    const lines = Object.entries({ ...signed(request, key), 'content-length': '6000000', expect: '100-continue' });
    const head = `POST /${request.path.join('/')} HTTP/1.1\r\n${lines.map((pair) => pair.join(': ')).join('\r\n')}\r\n\r\n`;
    const strangers = [1, 2, 3].map(async () => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(head));
      const first = await new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes))));
      return { socket, first };
    });
    const came = await Promise.all(strangers);
    expect(came.map(({ first }) => first.slice(9, 12))).toEqual(['100', '100', '100']);
    expect((await invoke()).status).toBe(200);
    for (const { socket } of came) socket.destroy();
  });

  it.each<[kind: 'no-executor' | 'saturated' | 'lost', status: number, code: string, retryAfter: string | undefined]>([
    ['no-executor', 503, 'FSS.0503', '1'],
    ['saturated', 429, 'FSS.0429', '1'],
    ['lost', 502, 'FSS.0502', undefined],
  ])('whose call ends as %s is answered with %i', async (kind, status, code, retryAfter) => {
    app.calls.outcome = async () => ({ kind });
    const answer = await invoke();
    expect([answer.status, answer.body.error_code, answer.headers['retry-after']]).toEqual([status, code, retryAfter]);
  });
});

describe('X-Cff-Instance-Memory', () => {
  const header = (memory: string) => ({ 'x-cff-instance-memory': memory });
  beforeEach(async () => {
    await app.createFunction('dynamic', { enable_dynamic_memory: true });
  });

  it('chooses the memory of a function with dynamic memory', async () => {
    await invoke({}, header('256'), 'dynamic');
    expect(app.calls.received[0]?.request.memoryMb).toBe(256);
    await post('/fgs/functions/dynamic/invocations-async', {}, header('512'));
    expect(app.recordsOf('invocations')[0]?.headers['memory-mb']).toBe('512');
  });

  it('is ignored by other functions', async () => {
    await invoke({}, header('257'));
    expect(app.calls.received[0]?.request.memoryMb).toBeUndefined();
    expect((await post('/fgs/functions/hello/invocations-async', {}, header('257'))).status).toBe(202);
    expect(app.recordsOf('invocations')[0]?.headers['memory-mb']).toBeUndefined();
  });

  it.each(['257', '0', '-128', '128.0', '1,024', 'much'])(
    'of %s is refused for a function with dynamic memory',
    async (memory) => {
      for (const path of ['invocations', 'invocations-async'])
        expect(await post(`/fgs/functions/dynamic/${path}`, {}, header(memory))).toMatchObject({
          status: 406,
          body: { error_code: 'FSS.0406' },
        });
    },
  );
});

describe('a synchronous invocation with headers of Sendoff', () => {
  const upload = async (payload: object, name = 'hello') => {
    const { body } = await post(`/sendoff/functions/${name}/payloads`, payload, {});
    return { 'x-sendoff-payload-ref': String(body['payload_ref']) };
  };

  const invokeWith = async (headers: Record<string, string>) => post('/fgs/functions/hello/invocations', undefined, headers);

  it('gets the uploaded event', async () => {
    expect((await invokeWith(await upload({ large: 'event' }))).status).toBe(200);
    expect(String(app.calls.received[0]?.payload)).toBe('{"large":"event"}');
  });

  /** Holds the reading of uploaded events until the test lets it go on. */
  const holdReads = () => {
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const get = app.payloads.get.bind(app.payloads);
    vi.spyOn(app.payloads, 'get').mockImplementation(async (owner, reference) => {
      const stored = await get(owner, reference);
      begun.resolve();
      await goOn.promise;
      return stored;
    });
    return { begun: begun.promise, goOn: () => goOn.resolve() };
  };

  it('runs nothing if its access key is disabled while the uploaded event is read', async () => {
    const headers = await upload({ large: 'event' });
    const made = await app.must('POST', '/sendoff/credentials', { rights: ['invoke'] });
    const key = { accessKey: made.access_key, secretKey: made.secret_key };
    const { begun, goOn } = holdReads();
    const answer = app.signedOverHttp('POST', '/v2/p1/fgs/functions/hello/invocations', undefined, key, headers);
    await begun;
    await app.must('POST', `/sendoff/credentials/${key.accessKey}/disable`);
    goOn();
    expect(await answer).toMatchObject({ status: 401, body: { error_code: 'APIG.0301' } });
    expect(app.calls.received).toEqual([]);
  });

  it('runs for the access key of the configuration, which has no document', async () => {
    const headers = await upload({ large: 'event' });
    const answer = await app.signedOverHttp('POST', '/v2/p1/fgs/functions/hello/invocations', undefined, {}, headers);
    expect(answer.status).toBe(200);
  });

  it('runs nothing if its client disconnects while the uploaded event is read', async () => {
    const headers = { 'x-auth-token': IngressApp.token, ...(await upload({ large: 'event' })) };
    const { begun, goOn } = holdReads();
    const client = new AbortController();
    const asked = fetch(`${url}/fgs/functions/hello/invocations`, { method: 'POST', headers, signal: client.signal });
    asked.catch(() => undefined);
    await begun;
    const open = await app.connections();
    client.abort();
    await eventually(async () => (await app.connections()) < open);
    goOn();
    await new Promise(setImmediate);
    expect(app.calls.received).toEqual([]);
  });

  it('is refused with a body, a malformed or foreign reference, or an event that is too old or too large', async () => {
    await app.createFunction('other');
    const reference = await upload({});
    const large = await upload({ large: 'x'.repeat(limits.syncBytesMax) });
    const refusals = [
      await invoke({}, reference),
      await invokeWith({ 'x-sendoff-payload-ref': 'nothing' }),
      await invokeWith({ 'x-sendoff-payload-ref': '' }),
      await invokeWith(await upload({}, 'other')),
      await invokeWith(large),
    ];
    expect(refusals.map(({ status, body }) => [status, body['error_code']])).toEqual([
      [400, 'FSS.0400'],
      [400, 'FSS.0400'],
      [400, 'FSS.0400'],
      [404, 'FSS.0404'],
      [413, 'FSS.0413'],
    ]);
    await app.clock.advance(86_400_000);
    expect((await invokeWith(reference)).status).toBe(404);
    expect(app.calls.received).toEqual([]);
  });

  it.each(['x-sendoff-delay-seconds', 'x-sendoff-tags', 'idempotency-key', 'x-sendoff-payload-sha256', 'x-sendoff-dealy'])(
    'is refused with %s, which it would not heed',
    async (name) => {
      const { status, body } = await invoke({}, { [name]: '1' });
      expect([status, body['error_code'], String(body['error_msg']).toLowerCase()]).toEqual([
        400,
        'FSS.0400',
        expect.stringContaining(name),
      ]);
      expect(app.calls.received).toEqual([]);
    },
  );
});
