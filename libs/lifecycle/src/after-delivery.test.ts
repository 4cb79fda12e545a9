import { describe, expect, it } from 'vitest';
import { builtAt } from '#testing';
import { epochMs } from '#contracts';
import { afterDelivery, defaultDeliveryPolicy, type DeliveryDecision, isExpired, type DeliveryResult } from './after-delivery.ts';

const policy = { triesMax: 3, backoff: { baseMs: 1_000, maxMs: 10_000 } };
const deferred: DeliveryResult = { kind: 'deferred', reason: 'busy' };
const postponed: DeliveryResult = { kind: 'postponed', waitMs: 40, reason: 'no room' };

describe('isExpired', () => {
  it.each([
    [builtAt + 1, false],
    [builtAt, true],
    [builtAt - 1, true],
  ])('of a message that ends at %i is %s', (expiresAt, expired) => {
    expect(isExpired(epochMs(expiresAt), builtAt)).toBe(expired);
  });

  it('is false if there is no expiry', () => {
    expect(isExpired(undefined, builtAt)).toBe(false);
  });
});

describe('afterDelivery', () => {
  it.each<[rule: string, made: number, DeliveryResult, DeliveryDecision]>([
    ['delivered is done', 1, { kind: 'delivered' }, { kind: 'done' }],
    ['a delivered notification keeps its location', 1, { kind: 'delivered', location: 'x' }, { kind: 'done', location: 'x' }],
    ['a delivered notification keeps its note', 1, { kind: 'delivered', note: 'n' }, { kind: 'done', note: 'n' }],
    ['refused is given up', 1, { kind: 'refused', reason: 'gone' }, { kind: 'abandon', reason: 'gone' }],
    ['deferred is tried again', 1, deferred, { kind: 'again', try: 2, dueAt: epochMs(builtAt + 500), reason: 'busy' }],
    ['the last try is still made', 2, deferred, { kind: 'again', try: 3, dueAt: epochMs(builtAt + 1_000), reason: 'busy' }],
    ['no try is made after the last one', 3, deferred, { kind: 'abandon', reason: 'busy (try 3 of 3)' }],
    [
      'a target may ask for a longer wait',
      1,
      { ...deferred, retryAfterMs: 900 } as DeliveryResult,
      { kind: 'again', try: 2, dueAt: epochMs(builtAt + 900), reason: 'busy' },
    ],
    [
      'a target cannot shorten the wait',
      1,
      { ...deferred, retryAfterMs: 100 } as DeliveryResult,
      { kind: 'again', try: 2, dueAt: epochMs(builtAt + 500), reason: 'busy' },
    ],
    ['postponed uses up no try', 3, postponed, { kind: 'again', try: 3, dueAt: epochMs(builtAt + 40), reason: 'no room' }],
  ])('%s', (_rule, made, result, decision) => {
    expect(afterDelivery({ result, try: made, policy, now: builtAt, jitter: 0 })).toStrictEqual(decision);
  });

  it.each<[rule: string, DeliveryResult, expiresInMs: number, DeliveryDecision['kind']]>([
    ['a try due a millisecond before the message expires is made', deferred, 501, 'again'],
    ['a try due when the message expires is not made', deferred, 500, 'abandon'],
    ['a try postponed until the message expires is not made', postponed, 40, 'abandon'],
    ['a try postponed until a millisecond before is made', postponed, 41, 'again'],
    ['delivered is done, however late', { kind: 'delivered' }, -1, 'done'],
  ])('%s', (_rule, result, expiresInMs, kind) => {
    const expiresAt = epochMs(builtAt + expiresInMs);
    expect(afterDelivery({ result, try: 1, policy, now: builtAt, jitter: 0, expiresAt })).toMatchObject({ kind });
  });

  it.each([
    [1, 1_000],
    [2, 30_000],
  ])('makes the try after try %i, at which the brokers took no write, after %i ms', (made, waitMs) => {
    const result: DeliveryResult = { kind: 'deferred', reason: 'away', isOfBrokers: true };
    const decision = afterDelivery({ result, try: made, policy: defaultDeliveryPolicy, now: builtAt, jitter: 0 });
    expect(decision).toMatchObject({ kind: 'again', try: made + 1, dueAt: builtAt + waitMs });
  });

  it('says why it did not wait any longer', () => {
    expect(afterDelivery({ result: deferred, try: 1, policy, now: builtAt, jitter: 0, expiresAt: builtAt })).toStrictEqual({
      kind: 'abandon',
      reason: 'busy (the time to live ends before the next try)',
    });
  });

  it('tries again a millisecond later at the soonest', () => {
    expect(
      afterDelivery({
        result: deferred,
        try: 1,
        policy: { triesMax: 2, backoff: { baseMs: 0, maxMs: 0 } },
        now: builtAt,
        jitter: 0,
      }),
    ).toMatchObject({ dueAt: builtAt + 1 });
  });

  it('makes eight tries over about an hour by default', () => {
    let elapsedMs = 0;
    for (let made = 1; made < defaultDeliveryPolicy.triesMax; made++) {
      const decision = afterDelivery({
        result: deferred,
        try: made,
        policy: defaultDeliveryPolicy,
        now: builtAt,
        jitter: 0.999,
      });
      if (decision.kind === 'again') elapsedMs += decision.dueAt - builtAt;
    }
    expect([defaultDeliveryPolicy.triesMax, Math.round(elapsedMs / 60_000)]).toStrictEqual([8, 61]);
  });
});
