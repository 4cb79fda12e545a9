import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Condition, epochMs } from '#contracts';
import { anInvocation, builtAt } from '#testing';
import { backoffMs } from './backoff.ts';
import { type AttemptOutcome, type Decision, decide } from './decide.ts';

const payload = Buffer.from('x');
const succeeded: AttemptOutcome = { kind: 'succeeded', responsePayload: payload };
const failedWith = (given: object): AttemptOutcome => ({
  kind: 'failed',
  condition: 'UnhandledInvocationError',
  errorMessage: 'no luck',
  responsePayload: payload,
  isRetryable: true,
  ...given,
});
const failed = failedWith({});
const unavailable: AttemptOutcome = { kind: 'unavailable', reason: 'nobody listens' };
const settle = (condition: Condition): Decision => ({ kind: 'settle', condition });
const retry = (attempt: number, retriesUsed: number, inMs: number): Decision => ({
  kind: 'retry',
  attempt,
  retriesUsed,
  dueAt: epochMs(builtAt + inMs),
});

// A base of 1 s and no jitter make the wait after attempt n 500 * 2^(n-1) ms; the validity period
// ends after 10 s.
describe('decide', () => {
  it.each<[rule: string, attempt: number, retriesUsed: number, ageMs: number, AttemptOutcome, Decision]>([
    ['a success settles, even past every limit', 9, 3, 99_999, succeeded, settle('')],
    ['a cancelled attempt settles as cancelled', 1, 0, 0, { kind: 'cancelled' }, settle('InvocationCanceled')],
    ['a function that is gone is the platform’s fault', 1, 0, 0, { kind: 'impossible', reason: 'gone' }, settle('SystemError')],
    ['the first retry is made', 1, 0, 0, failed, retry(2, 1, 500)],
    ['the last retry is still made', 2, 1, 0, failed, retry(3, 2, 1_000)],
    ['after the last retry the failure settles', 3, 2, 0, failed, settle('UnhandledInvocationError')],
    [
      'a failure settles with its own condition',
      3,
      2,
      0,
      failedWith({ condition: 'InvocationTimeout' }),
      settle('InvocationTimeout'),
    ],
    [
      'a failure that is not retryable settles at once',
      1,
      0,
      0,
      failedWith({ isRetryable: false, condition: 'HandledInvocationError' }),
      settle('HandledInvocationError'),
    ],
    ['a retry due 1 ms before the end of the validity period is made', 1, 0, 9_499, failed, retry(2, 1, 9_999)],
    ['a retry due at the end of the validity period is not made', 1, 0, 9_500, failed, settle('EventAgeExceeded')],
    ['the function may ask for a longer wait', 1, 0, 0, failedWith({ retryAfterMs: 700 }), retry(2, 1, 700)],
    ['the function cannot shorten the wait', 1, 0, 0, failedWith({ retryAfterMs: 300 }), retry(2, 1, 500)],
    ['a failure of the platform uses up no retry', 5, 2, 0, unavailable, retry(6, 2, 8_000)],
    ['a failure of the platform settles when the validity period ends', 1, 0, 9_500, unavailable, settle('SystemError')],
    [
      'a failure of the platform may lengthen the wait',
      1,
      0,
      0,
      { ...unavailable, retryAfterMs: 2_000 } as AttemptOutcome,
      retry(2, 0, 2_000),
    ],
  ])('%s', (_rule, attempt, retriesUsed, ageMs, outcome, decision) => {
    const invocation = anInvocation({ attempt, retriesUsed, expiresAt: epochMs(builtAt + 10_000), policy: { retriesMax: 2 } });
    expect(decide(invocation, { outcome, now: epochMs(builtAt + ageMs), jitter: 0 })).toStrictEqual(decision);
  });

  it('never makes a retry at once, however small the wait', () => {
    const invocation = anInvocation({ policy: { retriesMax: 1, backoff: { baseMs: 0, maxMs: 0 } } });
    expect(decide(invocation, { outcome: failed, now: builtAt, jitter: 0 })).toStrictEqual(retry(2, 1, 1));
  });

  it('never makes a retry outside of the validity period', () => {
    fc.assert(
      fc.property(
        fc.nat(20_000),
        fc.integer({ min: 1, max: 12 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (ageMs, attempt, jitter) => {
          const invocation = anInvocation({ attempt, expiresAt: epochMs(builtAt + 10_000), policy: { retriesMax: 3 } });
          const now = epochMs(builtAt + ageMs);
          const decision = decide(invocation, { outcome: failed, now, jitter });
          return decision.kind === 'settle' || (decision.dueAt > now && decision.dueAt < invocation.expiresAt);
        },
      ),
    );
  });
});

describe('backoffMs', () => {
  const backoff = { baseMs: 1_000, maxMs: 300_000 };
  it.each([
    [1, 0, 500],
    [1, 0.5, 750],
    [2, 0, 1_000],
    [3, 0, 2_000],
    [9, 0, 128_000],
    [10, 0, 150_000],
    [40, 0, 150_000],
    [40, 0.999, 299_850],
  ])('after attempt %i with jitter %f waits %i ms', (attempt, jitter, waitMs) => {
    expect(backoffMs(backoff, attempt, jitter)).toBe(waitMs);
  });
});
