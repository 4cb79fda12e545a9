import { expect, it } from 'vitest';
import { anInvocation, builtAt } from '#testing';
import { nextAttempt } from './invocation.ts';

it('the next attempt carries at most 1,024 characters of the error before it', () => {
  const next = { attempt: 2, retriesUsed: 1, dueAt: builtAt, lastError: `${'x'.repeat(1_023)}😀` };
  expect(nextAttempt(anInvocation(), next)).toEqual(anInvocation({ ...next, lastError: 'x'.repeat(1_023) }));
});
