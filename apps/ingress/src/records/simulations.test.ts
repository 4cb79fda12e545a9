import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { epochMs, type FoundRecord, type MinuteTally, type Tally, tallyExtremes, tallySums } from '#contracts';
import { builtUrn } from '#testing';
import { type AccessKey, IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
let limited: AccessKey;

beforeAll(async () => {
  app = await IngressApp.start();
  await app.createFunction('hello');
  await app.createFunction('other');
  const { body } = await app.signed('POST', '/sendoff/credentials', { rights: ['read'], functions: ['hello'] });
  limited = { accessKey: body.access_key, secretKey: body.secret_key };
});
afterAll(() => app?.close());

const path = '/sendoff/policy-simulations';
const code = async (body: unknown) => {
  const answer = await app.call('POST', path, body);
  return [answer.status, answer.body.error_code];
};

/** A record of three attempts of 0.5 s that failed, by the default backoff of 1 s. */
function failed(requestId: string, ms: number): FoundRecord {
  const at = (later: number) => epochMs(ms + later);
  const delayed = (later: number, attempt: number, dueAt: number) =>
    ({ at: at(later), kind: 'delayed', attempt, dueAt: at(dueAt), retriesUsed: attempt - 1 }) as const;
  const started = (later: number, attempt: number) => ({ at: at(later), kind: 'started', attempt }) as const;
  const transitions = [started(0, 1), delayed(500, 2, 1_100), started(1_100, 2), delayed(1_600, 3, 3_000), started(3_000, 3)];
  return {
    requestId,
    functionUrn: builtUrn,
    project: 'p1',
    status: 'FAIL',
    errorCode: 4_202,
    errorMessage: '',
    acceptedAt: at(0),
    startedAt: at(3_000),
    endedAt: at(3_500),
    attempts: 3,
    tags: [],
    deliveries: [],
    history: { transitions, isCut: false },
    expiresAt: at(3_600_000),
  };
}

const accepted = (at: number, count: number): readonly MinuteTally[] => {
  const none = Object.fromEntries([...tallySums, ...tallyExtremes].map((name) => [name, 0])) as Tally;
  return [{ minute: Math.floor(at / 60_000) * 60_000, tally: { ...none, accepted: count } }];
};

describe('a simulation of a policy', () => {
  it('tells the end of each invocation, the schedule of attempts and the load', async () => {
    const body = {
      policy: { max_async_retry_attempts: 1, retry_wait_base_in_seconds: 10, retry_wait_max_in_seconds: 10 },
      model: { failure_share: 1, duration_in_seconds: 1, arrivals_per_second: 2, invocations: 4 },
    };
    const answer = await app.must('POST', path, body);
    expect(answer).toMatchObject({
      policy: { max_async_retry_attempts: 1, max_async_event_age_in_seconds: 3_600 },
      succeeded: 0,
      conditions: { UnhandledInvocationError: 4 },
      attempts: 8,
      is_complete: true,
    });
    expect(answer.schedule[1]).toMatchObject({ attempt: 2, started: 4, succeeded: 0 });
    expect(answer.schedule[1].earliest_in_seconds).toBeGreaterThanOrEqual(6);
    expect(answer.load.arrivals.slice(0, 2)).toEqual([2, 2]);
    expect(await app.must('POST', path, body)).toEqual(answer);
  });

  it('replays the records of a function: under its policy it tells what happened', async () => {
    await app.must('PUT', '/fgs/functions/hello/async-invoke-config', { max_async_retry_attempts: 2 });
    const at = app.clock.now();
    app.records.found = { records: [failed('r3', at + 9_000), failed('r2', at + 400), failed('r1', at)] };
    app.records.minuteTallies = accepted(at, 3);
    const answer = await app.must('POST', path, { function: 'hello' });
    expect(answer).toMatchObject({
      policy: { max_async_retry_attempts: 2 },
      model: { failure_share: 1, duration_in_seconds: 0.5, invocations: 3 },
      succeeded: 0,
      conditions: { UnhandledInvocationError: 3 },
      attempts: 9,
      load: { interval_in_seconds: 1, arrivals: [2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0] },
      records: {
        found: 3,
        read: 3,
        factor: 1,
        not_ended: 0,
        before_policy: 0,
        unrecorded_attempts: 0,
        happened: { succeeded: 0, conditions: { UnhandledInvocationError: 3 }, attempts: 9 },
      },
    });
    expect(answer.load.attempts).toEqual([2, 2, 0, 2, 0, 0, 0, 0, 0, 1, 1, 0, 1]);
    expect(answer.records.happened.load).toEqual(answer.load.attempts);
    expect(app.records.searches.at(-1)).toMatchObject({ functionUrns: [builtUrn], limit: 500, withHistory: true });
  });

  it('says how many attempts the records do not tell of', async () => {
    const at = app.clock.now();
    app.records.found = { records: [failed('r1', at)] };
    const { attempts, records } = await app.must('POST', path, { function: 'hello', policy: { max_async_retry_attempts: 3 } });
    expect([attempts, records.unrecorded_attempts]).toEqual([4, 1]);
    expect(records.words).toContain(
      'The records tell nothing of 1 of 4 attempts, which were never made. Of the recorded retries, 100 % failed: so do these.',
    );
  });

  it('reads a sample of many records, and says what each stands for', async () => {
    const at = app.clock.now();
    app.records.found = { records: [failed('r1', at)] };
    app.records.minuteTallies = accepted(at, 10_000);
    const before = app.records.searches.length;
    const { records } = await app.must('POST', path, { function: 'hello' });
    expect([records.found, records.read, records.factor]).toEqual([10_000, 1, 2]);
    expect(records.words[0]).toContain('1 of 10000 records of the last 7 days were read: each stands for 2.');
    expect(app.records.searches.length - before).toBe(1);
  });

  it('needs records of invocations that have ended', async () => {
    const { endedAt: _endedAt, ...running } = failed('r1', app.clock.now());
    app.records.minuteTallies = [];
    for (const records of [[], [running]]) {
      app.records.found = { records };
      expect(await code({ function: 'hello' })).toEqual([400, 'FSS.0400']);
    }
  });

  it.each([
    {},
    { model: { failure_share: 1.1 } },
    { model: { invocations: 5_001 } },
    { model: { outages: [{ from_in_seconds: 1 }] } },
    { model: { outages: [{ from_in_seconds: 60, to_in_seconds: 10 }] } },
    { model: { outages: [{ from_in_seconds: 60, to_in_seconds: 60 }] } },
    { model: {}, policy: { max_async_retry_attempts: 4 } },
    { model: {}, more: 1 },
  ])('refuses %j', async (body) => {
    expect(await code(body)).toEqual([400, 'FSS.0400']);
  });

  it('shows a limited key its own functions only', async () => {
    const ask = async (name: string) => (await app.signed('POST', path, { function: name, model: {} }, limited)).status;
    expect([await ask('hello'), await ask('other')]).toEqual([200, 403]);
  });
});
