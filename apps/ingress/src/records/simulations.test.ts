import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { epochMs } from '#contracts';
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

  it('takes the policy and the records of a function', async () => {
    await app.must('PUT', '/fgs/functions/hello/async-invoke-config', { max_async_retry_attempts: 2 });
    const at = app.clock.now();
    const record = {
      requestId: 'r1',
      functionUrn: builtUrn,
      project: 'p1',
      status: 'FAIL',
      errorCode: 4_202,
      errorMessage: '',
      acceptedAt: at,
      startedAt: at,
      endedAt: epochMs(at + 500),
      attempts: 3,
      tags: [],
      deliveries: [],
    } as const;
    app.records.page = { records: [record], count: 1 };
    expect(await app.must('POST', path, { function: 'hello' })).toMatchObject({
      policy: { max_async_retry_attempts: 2 },
      model: { failure_share: 1, duration_in_seconds: 0.5, invocations: 1 },
      attempts: 3,
    });
    app.records.page = { records: [], count: 0 };
    expect(await code({ function: 'hello' })).toEqual([400, 'FSS.0400']);
  });

  it.each([
    {},
    { model: { failure_share: 1.1 } },
    { model: { invocations: 5_001 } },
    { model: { outages: [{ from_in_seconds: 1 }] } },
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
