import { describe, expect, it } from 'vitest';
import type { Settlement } from '#contracts';
import { anInvocation, aSettlement, builtAt } from '#testing';
import { settledWithoutRun, settlementOf } from './settle.ts';

describe('settledWithoutRun', () => {
  it.each([
    ['expired before any attempt', 1, undefined, 'EventAgeExceeded', 'the validity period ended before an attempt could start'],
    ['expired after a failed attempt', 3, 'no luck', 'EventAgeExceeded', 'no luck'],
    ['cancelled before any attempt', 1, undefined, 'InvocationCanceled', 'function invocation canceled'],
    ['cancelled after a failed attempt', 3, 'no luck', 'InvocationCanceled', 'function invocation canceled'],
  ] as const)('%s', (_what, attempt, lastError, condition, errorMessage) => {
    const invocation = anInvocation({ attempt, ...(lastError === undefined ? {} : { lastError }) });
    expect(settledWithoutRun(invocation, condition, builtAt)).toStrictEqual({
      condition,
      attempts: attempt - 1,
      endedAt: builtAt,
      errorMessage,
    });
  });
});

describe('settlementOf', () => {
  const stream = { type: 'DIS', streamName: 'orders' } as const;
  const told = anInvocation({ policy: { destinations: { onSuccess: stream } } });
  const ending = { condition: '', attempts: 1, endedAt: builtAt } as const;
  const payloads = ({ invocation, responsePayload }: Settlement) => [String(invocation.payload), String(responsePayload)];

  it.each([
    ['of 256 KB is kept', 262_144, 262_144],
    ['of one byte more is replaced by an empty one', 262_145, 0],
  ])('a return value %s', (_what, bytes, kept) => {
    const settlement = settlementOf(told, { ...ending, responsePayload: Buffer.alloc(bytes) });
    expect([settlement.responsePayload.length, settlement.condition]).toStrictEqual([kept, '']);
  });

  it('holds both payloads if the policy names a target for the outcome', () => {
    const settlement = settlementOf(told, { ...ending, responsePayload: Buffer.from('"done"') });
    expect(payloads(settlement)).toEqual([String(told.payload), '"done"']);
  });

  it.each([
    ['names no target', anInvocation(), ''],
    ['names a target for the other outcome only', told, 'OutOfMemory'],
  ] as const)('holds no payload if the policy %s', (_what, invocation, condition) => {
    const settlement = settlementOf(invocation, { ...ending, condition, responsePayload: Buffer.from('"done"') });
    expect(payloads(settlement)).toEqual(['', '']);
    expect({ ...settlement.invocation, payload: invocation.payload }).toEqual(invocation);
  });

  it('has an empty payload if nothing was returned', () => {
    const { startedAt: _none, ...expected } = aSettlement({
      invocation: told,
      endedAt: builtAt,
      responsePayload: Buffer.alloc(0),
    });
    expect(settlementOf(told, ending)).toStrictEqual(expected);
  });

  it('cuts a long error message to 1,024 characters, and splits none of them', () => {
    const messageOf = (errorMessage: string) => settlementOf(told, { ...ending, errorMessage }).errorMessage;
    expect(messageOf('x'.repeat(2_000))).toBe('x'.repeat(1_024));
    expect(messageOf(`${'x'.repeat(1_023)}😀`)).toBe('x'.repeat(1_023));
  });
});
