import { describe, expect, it } from 'vitest';
import { limits } from '#contracts';
import { anInvocation, builtAt } from '#testing';
import { endingUnrun, settlementOf } from './settle.ts';

describe('endingUnrun', () => {
  it.each([
    ['expired before any attempt', 1, undefined, 'EventAgeExceeded', 'the validity period ended before an attempt could start'],
    ['expired after a failed attempt', 3, 'no luck', 'EventAgeExceeded', 'no luck'],
    ['cancelled before any attempt', 1, undefined, 'InvocationCanceled', 'function invocation canceled'],
    ['cancelled after a failed attempt', 3, 'no luck', 'InvocationCanceled', 'function invocation canceled'],
  ] as const)('%s', (_what, attempt, lastError, condition, errorMessage) => {
    const invocation = anInvocation({ attempt, ...(lastError === undefined ? {} : { lastError }) });
    expect(endingUnrun(invocation, condition, builtAt)).toStrictEqual({
      condition,
      attempts: attempt - 1,
      endedAt: builtAt,
      errorMessage,
    });
  });
});

describe('settlementOf', () => {
  it.each([
    ['at the bound is kept', limits.responseBytesMax, limits.responseBytesMax],
    ['over it becomes empty', limits.responseBytesMax + 1, 0],
  ])('a return value %s', (_what, bytes, kept) => {
    const settlement = settlementOf(anInvocation(), {
      condition: '',
      attempts: 1,
      endedAt: builtAt,
      responsePayload: Buffer.alloc(bytes),
    });
    expect([settlement.condition, settlement.responsePayload.length]).toEqual(['', kept]);
  });
});
