/**
 * Goal: a caller that waits gets the function's answer, or the plain reason why there is none; and
 * nothing of it is left behind. Method: one installation whose gateway is patient for 8 s; fetch;
 * an HTTP server of the test holds functions until it lets them go.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { Installation } from './installation.ts';

const bytesMax = 6 * 1024 * 1024;

let installation: Installation;
let endpoint: Server;
let endpointUrl: string;

/** Requests that wait for the test, by name. */
const held = new Map<string, ServerResponse>();
const heard: string[] = [];
const holding = async (name: string) => eventually(() => held.get(name), { deadlineMs: 45_000 });

const source = () => `
  exports.handler = async (event, context) => {
    const { does, name } = event;
    if (does === 'add') return { sum: event.a + event.b };
    if (does === 'text') return 'just text';
    if (does === 'nothing') return undefined;
    if (does === 'print') { for (let n = 0; n < event.lines; n++) console.log('line ' + n); return { printed: event.lines }; }
    if (does === 'throw') { console.log('about to'); throw new RangeError('too far'); }
    if (does === 'hang') return new Promise(() => setInterval(() => {}, 1000));
    if (does === 'return') return 'x'.repeat(event.length);
    if (does === 'measure') return { length: event.text.length };
    if (does === 'memory') return { memoryMb: context.getMemorySize(), pid: process.pid };
    if (does === 'eat') { const all = []; for (let mb = 0; mb < event.mb; mb++) all.push(Buffer.alloc(1 << 20, 1)); await new Promise((resolve) => setTimeout(resolve, 700)); return all.length; }
    if (does === 'hold') {
      context.signal.addEventListener('abort', () => fetch('${endpointUrl}/aborted/' + name));
      await fetch('${endpointUrl}/hold/' + name);
      return { held: name };
    }
  };`;

beforeAll(async () => {
  endpoint = createServer((request, response) => {
    request.resume().on('end', () => {
      const url = request.url ?? '';
      heard.push(url);
      if (url.startsWith('/hold/')) held.set(url.slice('/hold/'.length), response);
      else response.end('{}');
    });
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  endpointUrl = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
  installation = await Installation.start({ brokers: inject('kafkaBrokers'), env: { INGRESS_SYNC_WAIT_MS: '8000' } });
  await installation.client.createFunction('sync', source(), { timeout: 60, memory_size: 256 });
});
afterAll(async () => {
  await installation?.stop();
  endpoint?.closeAllConnections();
  endpoint?.close();
});

interface Invoked {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function invoke(
  event: unknown,
  { name = 'sync', headers = {}, signal }: { name?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Invoked> {
  const response = await fetch(`${installation.url}/v2/p1/fgs/functions/${name}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-auth-token': 'e2e-token', ...headers },
    body: JSON.stringify(event),
    ...(signal === undefined ? {} : { signal }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** A JSON object of exactly so many bytes. */
const eventOf = (bytes: number) => {
  const bare = JSON.stringify({ does: 'measure', text: '' }).length;
  return { does: 'measure', text: 'x'.repeat(bytes - bare) };
};

describe('a synchronous invocation', () => {
  it('is answered with what the function returned, and leaves no record', async () => {
    const { status, headers, text } = await invoke({ does: 'add', a: 1, b: 2 });
    expect([status, text, headers.get('x-cff-response-version')]).toEqual([200, '{"sum":3}', 'v0']);
    expect([headers.get('x-func-err-code'), headers.get('x-is-func-err')]).toEqual(['0', 'false']);
    expect(headers.get('x-cff-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(headers.get('x-cff-invoke-summary') ?? '')).toEqual({
      duration: expect.any(Number),
      billingDuration: Number(headers.get('x-cff-billing-duration')),
      memorySize: 256,
      memoryUsed: expect.any(Number),
    });
    expect(await installation.client.records('sync')).toEqual([]);
  });

  it('gives texts and nothing back as they are', async () => {
    expect((await invoke({ does: 'text' })).text).toBe('"just text"');
    expect((await invoke({ does: 'nothing' })).text).toBe('');
  });

  it('is answered with a JSON object, for SDKs, as version v1', async () => {
    const { headers, text } = await invoke({ does: 'text' }, { headers: { 'x-cff-request-version': 'v1' } });
    expect(JSON.parse(text)).toEqual({
      request_id: headers.get('x-cff-request-id'),
      result: '"just text"',
      log: '',
      status: 200,
    });
    expect(headers.get('x-cff-response-version')).toBe('v1');
  });

  it('brings its own log, and only the end of a long one', async () => {
    const tail = { 'x-cff-log-type': 'tail', 'x-cff-request-version': 'v1' };
    const [short, long] = await Promise.all(
      [3, 2_000].map(async (lines) => {
        const { headers, text } = await invoke({ does: 'print', lines }, { headers: tail });
        const log = Buffer.from(headers.get('x-cff-function-log') ?? '', 'base64').toString();
        return { log, whole: (JSON.parse(text) as { log: string }).log, requestId: headers.get('x-cff-request-id') };
      }),
    );
    expect(short?.log.split('\n')).toEqual([
      expect.stringMatching(`^[0-9-]{10}T[0-9:]{8}Z Start invoke request '${short?.requestId}', version: latest$`),
      'line 0',
      'line 1',
      'line 2',
      expect.stringMatching(
        `^[0-9-]{10}T[0-9:]{8}Z Finish invoke request '${short?.requestId}', duration: [0-9.]+ms, billing duration: [0-9]+ms, memory used: [0-9.]+MB, billing memory: 256MB$`,
      ),
      '',
    ]);
    expect(short?.whole).toBe(short?.log);
    expect([long?.log, long?.whole].map((log) => Buffer.byteLength(log ?? ''))).toEqual([2_000, 4_096]);
    expect(long?.log.startsWith('…')).toBe(true);
    expect(long?.whole.endsWith(long.log.slice(1))).toBe(true);
    expect(long?.log).toContain(`line 1999\n`);
  });

  it('of a function that throws brings its error document', async () => {
    const { status, headers, text } = await invoke({ does: 'throw' }, { headers: { 'x-cff-log-type': 'tail' } });
    expect([status, headers.get('x-is-func-err'), headers.get('x-func-err-code')]).toEqual([200, 'true', '4202']);
    expect(JSON.parse(text)).toEqual({ errorMessage: 'too far', errorType: 'RangeError', stackTrace: expect.any(Array) });
    expect(Buffer.from(headers.get('x-cff-function-log') ?? '', 'base64').toString()).toContain('about to\n');
    const wrapped = await invoke({ does: 'throw' }, { headers: { 'x-cff-request-version': 'v1' } });
    expect(JSON.parse(wrapped.text)).toMatchObject({ status: 500, result: expect.stringContaining('"errorType": "RangeError"') });
  });

  it('is not tried again, whatever the policy of the function', async () => {
    await installation.client.createFunction(
      'once',
      `exports.handler = async () => { await fetch('${endpointUrl}/once'); throw new Error('no'); };`,
    );
    await installation.client.setPolicy('once', { max_async_retry_attempts: 3, retry_wait_base_in_seconds: 1 });
    expect((await invoke({}, { name: 'once' })).headers.get('x-is-func-err')).toBe('true');
    const requestId = await installation.client.invoke('once');
    await installation.client.ended('once', requestId);
    expect(heard.filter((url) => url === '/once').length).toBe(1 + 4);
  });

  it('of a function that runs past its timeout says so', async () => {
    await installation.client.createFunction('slow', source(), { timeout: 3 });
    const { status, headers, text } = await invoke({ does: 'hang' }, { name: 'slow' });
    expect([status, headers.get('x-func-err-code')]).toEqual([200, '4203']);
    expect(JSON.parse(text)).toMatchObject({ errorType: 'InvocationTimeout' });
  });

  it('is answered with 504 when the gateway waited long enough, and the function is stopped', async () => {
    const answer = invoke({ does: 'hold', name: 'patience' });
    await holding('patience');
    expect(await answer).toMatchObject({ status: 504, text: expect.stringContaining('"FSS.0504"') });
    await eventually(() => heard.includes('/aborted/patience'));
  });

  it('stops the function when the caller hangs up', async () => {
    const hangUp = new AbortController();
    const answer = invoke({ does: 'hold', name: 'hung-up' }, { signal: hangUp.signal }).catch(() => 'hung up');
    await holding('hung-up');
    hangUp.abort();
    expect(await answer).toBe('hung up');
    await eventually(() => heard.includes('/aborted/hung-up'));
  });

  it('of a disabled function is refused', async () => {
    await installation.client.createFunction('off', source(), { strategy_config: { concurrency: 0, concurrent_num: 1 } });
    expect(await invoke({}, { name: 'off' })).toMatchObject({ status: 429, text: expect.stringContaining('Function Disabled') });
  });

  it('of an endpoint that nobody serves is answered with 503', async () => {
    await installation.client.createFunction('nowhere', '', {
      runtime: 'http',
      code_type: 'obs',
      code_url: 'http://127.0.0.1:1/',
      func_code: undefined,
    });
    expect(await invoke({}, { name: 'nowhere' })).toMatchObject({ status: 503, text: expect.stringContaining('"FSS.0503"') });
  });

  it('runs the code that was uploaded a moment ago', async () => {
    await installation.client.createFunction('fresh', 'exports.handler = async () => 0;');
    for (let version = 1; version <= 5; version++) {
      const file = Buffer.from(`exports.handler = async () => ${version};`).toString('base64');
      await installation.client.must('PUT', '/fgs/functions/fresh/code', { code_type: 'inline', func_code: { file } });
      expect((await invoke({}, { name: 'fresh' })).text).toBe(String(version));
    }
  });
});

describe('a body of 6 MB', () => {
  it('fits both ways', async () => {
    const event = eventOf(bytesMax);
    expect((await invoke(event)).text).toBe(JSON.stringify({ length: event.text.length }));
    const returned = await invoke({ does: 'return', length: bytesMax - 2 });
    expect([returned.status, returned.text.length]).toEqual([200, bytesMax]);
  });

  it('and a byte does not', async () => {
    expect(await invoke(eventOf(bytesMax + 1))).toMatchObject({ status: 413, text: expect.stringContaining('"FSS.0413"') });
    expect(await invoke({ does: 'return', length: bytesMax - 1 })).toMatchObject({
      status: 413,
      text: expect.stringContaining('"FSS.1201"'),
    });
  });
});

describe('concurrency', () => {
  it('is shared: a call waits its turn among asynchronous attempts, and not behind all of them', async () => {
    await installation.client.createFunction('shared', source(), {
      timeout: 60,
      strategy_config: { concurrency: 1, concurrent_num: 1 },
    });
    const asyncNames = Array.from({ length: 5 }, (_, index) => `async-${index}`);
    const requestIds: string[] = [];
    for (const name of asyncNames) requestIds.push(await installation.client.invoke('shared', { does: 'hold', name }));
    const begun = () => heard.filter((url) => url.startsWith('/hold/async-') || url === '/hold/sync');
    await eventually(() => begun().length === 1);
    const answer = invoke({ does: 'hold', name: 'sync' }, { name: 'shared' });
    for (let count = 1; count <= 6; count++) {
      await eventually(() => begun().length >= count);
      expect(begun().length).toBe(count);
      held.get(begun().at(-1)?.slice('/hold/'.length) ?? '')?.end('{}');
    }
    expect(await answer).toMatchObject({ status: 200, text: '{"held":"sync"}' });
    expect(begun().indexOf('/hold/sync')).toBeLessThan(5);
    for (const requestId of requestIds)
      expect(await installation.client.ended('shared', requestId)).toMatchObject({ status: 'SUCCESS' });
  });
});

describe('X-Cff-Instance-Memory', () => {
  const memory = (mb: string) => ({ 'x-cff-instance-memory': mb });

  it('bounds the instance of a function with dynamic memory, for both kinds of invocation', async () => {
    await installation.client.createFunction('dynamic', source(), {
      timeout: 20,
      enable_dynamic_memory: true,
      strategy_config: { concurrency: 1, concurrent_num: 1 },
    });
    const small = await invoke({ does: 'memory' }, { name: 'dynamic' });
    const large = await invoke({ does: 'memory' }, { name: 'dynamic', headers: memory('512') });
    expect(JSON.parse(small.text)).toMatchObject({ memoryMb: 128 });
    expect(JSON.parse(large.text)).toMatchObject({ memoryMb: 512 });
    expect(JSON.parse(large.headers.get('x-cff-invoke-summary') ?? '')).toMatchObject({ memorySize: 512 });
    const eat = async (mb: string) => {
      const { body } = await installation.client.call<{ request_id: string }>(
        'POST',
        '/fgs/functions/dynamic/invocations-async',
        { does: 'eat', mb: 250 },
        memory(mb),
      );
      return installation.client.ended('dynamic', body.request_id);
    };
    expect(await eat('512')).toMatchObject({ status: 'SUCCESS' });
    expect(await eat('128')).toMatchObject({ status: 'FAIL', error_code: 4204 });
    expect((await invoke({}, { name: 'dynamic', headers: memory('129') })).status).toBe(406);
  });

  it('is ignored by any other function', async () => {
    expect(JSON.parse((await invoke({ does: 'memory' }, { headers: memory('129') })).text)).toMatchObject({ memoryMb: 256 });
  });
});

describe('a synchronous invocation under way when all is told to stop', () => {
  it('is answered; who comes later is told to come again', { timeout: 90_000 }, async () => {
    const stopping = await Installation.start({ brokers: inject('kafkaBrokers') });
    await stopping.client.createFunction('sync', source(), { timeout: 60 });
    const invokeThere = async (operation: string, event: unknown) =>
      stopping.client.call('POST', `/fgs/functions/sync/${operation}`, event);
    const answer = invokeThere('invocations', { does: 'hold', name: 'to-the-end' });
    const response = await holding('to-the-end');
    const ended = stopping.stop();
    await eventually(async () => (await fetch(`${stopping.url}/readyz`)).status === 503);
    for (const operation of ['invocations', 'invocations-async']) {
      const refused = await invokeThere(operation, { does: 'add', a: 1, b: 2 });
      expect([refused.status, refused.body]).toEqual([503, { error_code: 'FSS.0503', error_msg: expect.any(String) }]);
      expect([refused.headers.get('retry-after'), refused.headers.get('connection')]).toEqual(['1', 'close']);
    }
    response.end('{}');
    expect(await answer).toMatchObject({ status: 200, body: { held: 'to-the-end' } });
    expect(await ended).toBe(0);
  });
});
