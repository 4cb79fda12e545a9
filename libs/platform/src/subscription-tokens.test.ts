import { describe, expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { builtAt } from '#testing';
import { Sealer } from './sealer.ts';
import { SubscriptionTokens } from './subscription-tokens.ts';

const tokens = new SubscriptionTokens(new Sealer('a-platform-key-of-32-characters-at-least'));
const topic = 'urn:smn:local:p1:news';
const urn = `${topic}:0123`;
const end = epochMs(builtAt + 1_000);

describe('SubscriptionTokens', () => {
  it('reads the subscription of a token until the token expires', () => {
    const token = tokens.issue('confirm', urn, end);
    expect(tokens.read(token, 'confirm', topic, epochMs(end - 1))).toBe(urn);
    expect(tokens.read(token, 'confirm', topic, end)).toBeUndefined();
  });

  it('issues tokens that never expire if no expiry is given', () => {
    expect(tokens.read(tokens.issue('unsubscribe', urn), 'unsubscribe', topic, epochMs(Number.MAX_SAFE_INTEGER))).toBe(urn);
  });

  it.each<[what: string, () => string | undefined]>([
    ['another purpose', () => tokens.read(tokens.issue('confirm', urn, end), 'unsubscribe', topic, builtAt)],
    ['another topic', () => tokens.read(tokens.issue('confirm', urn, end), 'confirm', `${topic}2`, builtAt)],
    [
      'another subscription',
      () => tokens.read(tokens.issue('confirm', urn, end).replace('0123', '0124'), 'confirm', topic, builtAt),
    ],
    [
      'a forged expiry',
      () => tokens.read(`0123.${Buffer.from('9'.repeat(40)).toString('base64url')}`, 'confirm', topic, builtAt),
    ],
    ['no subscription', () => tokens.read('token', 'confirm', topic, builtAt)],
    [
      'more than 512 characters',
      () => tokens.read(`${tokens.issue('confirm', urn, end)}${'a'.repeat(600)}`, 'confirm', topic, builtAt),
    ],
    [
      'another platform key',
      () => tokens.read(new SubscriptionTokens(new Sealer('b'.repeat(32))).issue('confirm', urn, end), 'confirm', topic, builtAt),
    ],
  ])('refuses a token for %s', (_what, read) => {
    expect(read()).toBeUndefined();
  });
});
