import { describe, expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { anInvocation, builtAt } from '#testing';
import { admit } from './admit.ts';

// Due after 100 ms, valid for 1,000.
const invocation = anInvocation({ dueAt: epochMs(builtAt + 100), expiresAt: epochMs(builtAt + 1_000) });

describe('admit', () => {
  it.each([
    ['when this clock is behind that of the service which found it due', 99, false, { kind: 'run' }],
    ['when it is due', 100, false, { kind: 'run' }],
    ['1 ms before the validity period ends', 999, false, { kind: 'run' }],
    ['when the validity period ends', 1_000, false, { kind: 'settle', condition: 'EventAgeExceeded' }],
    ['once it is cancelled', 500, true, { kind: 'settle', condition: 'InvocationCanceled' }],
    ['cancelled and too old', 1_000, true, { kind: 'settle', condition: 'InvocationCanceled' }],
  ])('%s', (_when, ageMs, isCancelled, admission) => {
    expect(admit(invocation, epochMs(builtAt + ageMs), isCancelled)).toStrictEqual(admission);
  });
});
