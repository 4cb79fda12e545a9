/**
 * Goal: only the services can call, no more calls are held than allowed, and a call ends when its
 * client is gone. Method: the route on a listening Fastify, over a queue and a runtime whose runs
 * the test ends.
 */
import { request } from 'node:http';
import { Registry as Metrics } from 'prom-client';
import fastify, { type FastifyInstance } from 'fastify';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  bareUrnOf,
  callHeader,
  callPath,
  callReportBytesHeader,
  decodeCallAnswer,
  encodeCallRequest,
  type EpochMs,
  epochMs,
  type FunctionDocument,
  limits,
} from '#contracts';
import type { AttemptOutcome } from '#lifecycle';
import { type CancelSignal, InternalTokenCheck, internalTokenHeader, InternalTokens, untraced } from '#platform';
import { aFunction, builtAt, builtUrn, eventually, ManualClock, testSigner, testVerifier } from '#testing';
import { AttemptQueue } from './attempt-queue.ts';
import { addCallRoute, type CallsUnderWay } from './call-route.ts';
import { countCalls } from './executor.module.ts';
import { RunnableFunctions } from './runnable-functions.ts';
import type { FunctionCall, Runtime } from './runtime.ts';
import { SyncCalls } from './sync-calls.ts';

/** Tokens of the ingress, by its own clock. */
const tokens = new InternalTokens(testSigner, new ManualClock(builtAt));
let server: FastifyInstance;
let url: string;
let underWay: CallsUnderWay;
let logged: string[];
let clock: ManualClock;
let hasShare: boolean;
let pausedSince: EpochMs | undefined;
let takesNoCalls: boolean;
let queue: AttemptQueue;
let known: FunctionDocument | undefined;
let whenCaughtUp: FunctionDocument | undefined;
let running: { readonly call: FunctionCall; readonly signal: CancelSignal; readonly end: (outcome: AttemptOutcome) => void }[];

beforeEach(async () => {
  running = [];
  logged = [];
  known = aFunction({ instancesMax: 1 });
  whenCaughtUp = undefined;
  clock = new ManualClock(builtAt);
  queue = new AttemptQueue(10, clock);
  const runtime: Runtime = {
    callsMax: ({ instancesMax }) => instancesMax,
    run: async (call, signal) =>
      new Promise((end) => {
        signal.addEventListener('abort', () => end({ kind: 'cancelled' }));
        running.push({ call, signal, end });
      }),
    close: async () => undefined,
  };
  const functions = new RunnableFunctions({
    runtimes: { files: runtime, url: runtime },
    functionOf: () => known,
    pausedSince: () => pausedSince,
    catchUp: async () => void (known = whenCaughtUp ?? known),
    attemptsMax: 10,
    shareOf: (_functionUrn, instancesMax) => (hasShare ? instancesMax : 0),
  });
  const calls = new SyncCalls({ functions, queue, clock, observer: countCalls(new Metrics()), tracing: untraced });
  server = fastify({ forceCloseConnections: true });
  takesNoCalls = false;
  hasShare = true;
  pausedSince = undefined;
  underWay = await addCallRoute(server, {
    calls,
    tokens: new InternalTokenCheck('executor', testVerifier, clock),
    callsMax: 2,
    takesNoCalls: () => takesNoCalls,
    logger: pino({ level: 'warn' }, { write: (line) => void logged.push(line) }),
  });
  url = await server.listen({ port: 0, host: '127.0.0.1' });
});
afterEach(() => server.close());

const asked = { requestId: 'r1', functionUrn: builtUrn, modifiedAt: builtAt };

async function call(given: { request?: string; token?: string; body?: Buffer; signal?: AbortSignal } = {}) {
  const response = await fetch(`${url}${callPath}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/octet-stream',
      [internalTokenHeader]: given.token ?? tokens.tokenFor('executor'),
      [callHeader]: given.request ?? encodeCallRequest(asked),
    },
    body: new Uint8Array(given.body ?? Buffer.from('{"a":1}')),
    ...(given.signal === undefined ? {} : { signal: given.signal }),
  });
  const body = Buffer.from(await response.arrayBuffer());
  const answer = response.ok ? decodeCallAnswer(body, Number(response.headers.get(callReportBytesHeader))) : undefined;
  return { status: response.status, report: answer?.report, payload: String(answer?.payload ?? body) };
}
const started = async (count = 1) => eventually(() => running.length >= count && running[count - 1]);
const succeeded = (payload: string): AttemptOutcome => ({ kind: 'succeeded', responsePayload: Buffer.from(payload) });

describe('the call route', () => {
  it('logs nothing of a client that hangs up amid its payload', async () => {
    const headers = {
      'content-length': '1000',
      [internalTokenHeader]: tokens.tokenFor('executor'),
      [callHeader]: encodeCallRequest(asked),
    };
    const sent = request(`${url}${callPath}`, { method: 'POST', headers });
    sent.on('error', () => undefined).write('{"a":');
    await eventually(() => underWay.count() === 1);
    sent.destroy();
    await eventually(() => underWay.count() === 0);
    expect(logged).toEqual([]);
  });

  it('does not run another function that was made under the name meanwhile', async () => {
    const meant = { ...asked, functionId: 'removed' };
    const { report } = await call({ request: encodeCallRequest(meant) });
    expect([report?.ending, running]).toEqual([{ kind: 'function-unknown' }, []]);
  });

  it('does not run a paused function, also for a call that waits for its turn', async () => {
    const first = call();
    const { end } = await started();
    const second = call();
    await eventually(() => queue.waitingNow === 1);
    pausedSince = builtAt;
    queue.beginAll(bareUrnOf(builtUrn));
    const third = call();
    end(succeeded('1'));
    const endings = (await Promise.all([first, second, third])).map(({ report }) => report?.ending);
    const paused = { kind: 'function-paused', since: builtAt };
    expect([endings, running.length]).toEqual([[{ kind: 'returned' }, paused, paused], 1]);
  });

  it('runs the function with the payload, within the limits of synchronous calls', async () => {
    const answer = call();
    const { call: made, end } = await started();
    expect(made).toMatchObject({
      requestId: 'r1',
      qualifier: 'latest',
      attempt: 1,
      payload: Buffer.from('{"a":1}'),
      timeoutMs: 3_000,
      responseBytesMax: limits.syncBytesMax,
    });
    end(succeeded('"yes"'));
    expect(await answer).toMatchObject({
      status: 200,
      payload: '"yes"',
      report: { ending: { kind: 'returned' }, memoryMb: 128 },
    });
  });

  it('returns the output of the function between a first and a last line of log', async () => {
    const answer = call();
    const { call: made, end } = await started();
    made.observer?.printed('one\n');
    made.observer?.printed('two');
    made.observer?.used(38_312_000);
    await clock.advance(2);
    end(succeeded('1'));
    const log = [
      "2027-01-15T08:00:00Z Start invoke request 'r1', version: latest",
      'one',
      'two',
      "2027-01-15T08:00:00Z Finish invoke request 'r1', duration: 2.000ms, billing duration: 2ms, memory used: 36.537MB, billing memory: 128MB",
      '',
    ];
    expect((await answer).report).toMatchObject({ log: log.join('\n'), durationMs: 2, memoryUsedBytes: 38_312_000 });
  });

  it('returns only the end of a long log, and splits no character', async () => {
    const answer = call();
    const { call: made, end } = await started();
    for (let index = 0; index < 1_000; index++) made.observer?.printed(`${'é'.repeat(20)}${index}\n`);
    end(succeeded('1'));
    const log = (await answer).report?.log ?? '';
    const bytes = Buffer.byteLength(log);
    expect([bytes <= limits.callLogBytesMax, bytes > limits.callLogBytesMax - 4, log.includes('\ufffd')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(log).toMatch(/é999\n.* Finish invoke request/);
  });

  it.each<[what: string, outcome: AttemptOutcome, ending: Record<string, unknown>, payload: string]>([
    [
      'failed',
      { kind: 'failed', condition: 'OutOfMemory', errorMessage: 'm', responsePayload: Buffer.from('{}'), isRetryable: true },
      { kind: 'failed', condition: 'OutOfMemory', errorMessage: 'm' },
      '{}',
    ],
    ['returned too much', { kind: 'succeeded', responsePayload: Buffer.alloc(0), isLeftOut: true }, { kind: 'too-large' }, ''],
    [
      'could not be reached',
      { kind: 'unavailable', reason: 'no', retryAfterMs: 7_000 },
      { kind: 'unavailable', reason: 'no', retryAfterMs: 7_000 },
      '',
    ],
  ])('reports that the function %s', async (_what, outcome, ending, payload) => {
    const answer = call();
    (await started()).end(outcome);
    expect(await answer).toMatchObject({ status: 200, report: { ending }, payload });
  });

  it('passes an alias to the function, and shows its version in the log', async () => {
    known = aFunction({ version: 'v1' });
    const answer = call({
      request: encodeCallRequest({ ...asked, functionUrn: builtUrn.replace('latest', 'v1'), alias: 'prod' }),
    });
    const { call: made, end } = await started();
    end(succeeded('1'));
    expect([made.qualifier, (await answer).report?.log]).toEqual(['!prod', expect.stringContaining('version: v1\n')]);
  });

  it('waits for the registry if the caller knows a newer function', async () => {
    whenCaughtUp = aFunction({ memoryMb: 256, isMemoryDynamic: true });
    known = undefined;
    const answer = call({ request: encodeCallRequest({ ...asked, memoryMb: 512 }) });
    const { call: made, end } = await started();
    expect(made.function.memoryMb).toBe(512);
    end(succeeded('1'));
    expect((await answer).report?.memoryMb).toBe(512);
  });

  it.each([
    ['that does not exist any more', undefined, 'function-unknown'],
    ['that is disabled', aFunction({ instancesMax: 0 }), 'function-disabled'],
    ['of a runtime that cannot be run here', aFunction({ runtime: 'Go1.x' }), 'unavailable'],
  ])('reports a function %s', async (_what, fn, kind) => {
    known = fn;
    expect((await call()).report?.ending.kind).toBe(kind);
  });

  it('takes turns with the attempts of the function', async () => {
    const ticket = {
      key: builtUrn.slice(0, -':latest'.length),
      runningMax: () => 1,
      ownMax: () => 1,
      dueAt: 0,
      bytes: 1,
      isAwaited: false,
      signal: new AbortController().signal,
    };
    const attempt = Promise.withResolvers<void>();
    void queue.run(ticket, async () => attempt.promise);
    const answer = call();
    await eventually(() => queue.waitingNow === 1);
    expect(running).toEqual([]);
    attempt.resolve();
    (await started()).end(succeeded('1'));
    expect((await answer).status).toBe(200);
  });

  it('does not begin a call whose caller has given up by the time of day, also if nobody hung up', async () => {
    const begun = call();
    const { end } = await started();
    const late = call({ request: encodeCallRequest({ ...asked, giveUpAt: epochMs(builtAt + 1_000) }) });
    await eventually(() => queue.waitingNow === 1);
    await clock.advance(1_000);
    end(succeeded('1'));
    expect([(await begun).payload, (await late).report?.ending, running.length]).toEqual(['1', { kind: 'cancelled' }, 1]);
  });

  it('does not begin a call whose client hung up in the same turn', async () => {
    const hangUp = new AbortController();
    const begun = call();
    const { end } = await started();
    const gone = call({ signal: hangUp.signal }).catch(() => 'gone');
    await eventually(() => queue.waitingNow === 1);
    hangUp.abort();
    // The end of the connection is not read yet when the place becomes free.
    end(succeeded('1'));
    expect([(await begun).payload, await gone]).toEqual(['1', 'gone']);
    await eventually(() => queue.runningNow === 0);
    expect(running.length).toBe(1);
  });

  it('aborts a running or waiting call when its client is gone', async () => {
    const hangUp = new AbortController();
    const both = [call({ signal: hangUp.signal }), call({ signal: hangUp.signal })].map(async (asking) =>
      asking.catch(() => 'gone'),
    );
    const { signal } = await started();
    await eventually(() => queue.waitingNow === 1);
    hangUp.abort();
    expect(await Promise.all(both)).toEqual(['gone', 'gone']);
    await eventually(() => signal.aborted && queue.waitingNow === 0 && queue.runningNow === 0 && underWay.count() === 0);
    expect(running.length).toBe(1);
  });

  it('refuses new calls while the executor stops, and lets running ones end', async () => {
    const begun = call();
    const { end } = await started();
    takesNoCalls = true;
    expect((await call()).status).toBe(503);
    end(succeeded('1'));
    expect((await begun).payload).toBe('1');
    expect(running.length).toBe(1);
  });

  it('leaves a call to other executors that have the whole share of the function', async () => {
    hasShare = false;
    expect([(await call()).status, running]).toEqual([503, []]);
  });

  it('refuses a call beyond the limit, and takes the next when one has ended', async () => {
    const both = [call(), call()];
    await eventually(() => underWay.count() === 2);
    expect((await call()).status).toBe(429);
    (await started(1)).end(succeeded('1'));
    (await started(2)).end(succeeded('2'));
    await Promise.all(both);
    await eventually(() => underWay.count() === 0);
  });

  it.each([
    ['without a token', { token: '' }, 403],
    ['with a token for another service', { token: tokens.tokenFor('status-logger') }, 403],
    ['without a call in its header', { request: '' }, 400],
    ['without a function URN', { request: Buffer.from('{"requestId":"r1"}').toString('base64url') }, 400],
    ['with a payload that is too large', { body: Buffer.alloc(limits.syncBytesMax + 1) }, 413],
  ])('refuses a request %s', async (_what, given, status) => {
    expect((await call(given)).status).toBe(status);
    expect(running).toEqual([]);
  });
});
