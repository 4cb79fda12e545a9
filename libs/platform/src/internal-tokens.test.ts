import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '#testing';
import { InternalTokenCheck, InternalTokens } from './internal-tokens.ts';
import { Signer, Verifier } from './signing.ts';

const signer = new Signer('a-signing-key-of-32-characters-or-more');
const verifier = new Verifier([signer.publicKey]);

describe('an internal token', () => {
  let clock: ManualClock;
  let tokens: InternalTokens;
  let check: InternalTokenCheck;
  beforeEach(() => {
    clock = new ManualClock();
    tokens = new InternalTokens(signer, clock);
    check = new InternalTokenCheck('executor', verifier, clock);
  });

  it('is valid for the service that it names, and for no other', () => {
    expect(check.isValid(tokens.tokenFor('executor'))).toBe(true);
    expect(check.isValid(tokens.tokenFor('status-logger'))).toBe(false);
  });

  it('is made anew after half its time, and the one before stays valid', async () => {
    const first = tokens.tokenFor('executor');
    await clock.advance(29_999);
    expect(tokens.tokenFor('executor')).toBe(first);
    await clock.advance(1);
    expect(tokens.tokenFor('executor')).not.toBe(first);
    expect(check.isValid(first)).toBe(true);
  });

  it('expires after a minute, and 30 s for clocks that differ, though it was remembered', async () => {
    const token = tokens.tokenFor('executor');
    expect(check.isValid(token)).toBe(true);
    await clock.advance(89_999);
    expect(check.isValid(token)).toBe(true);
    await clock.advance(1);
    expect(check.isValid(token)).toBe(false);
    expect(new InternalTokenCheck('executor', verifier, clock).isValid(token)).toBe(false);
  });

  const of = (text: string) => Buffer.from(text).toString('base64url');
  const forger = new InternalTokens(new Signer('a key of the forger, 32 characters'), new ManualClock());
  const token = new InternalTokens(signer, new ManualClock()).tokenFor('executor');
  const [claims = '', signature = ''] = token.split('.');
  const extended = of(JSON.stringify({ to: 'executor', expiresAt: Number.MAX_SAFE_INTEGER }));
  it.each<[what: string, token: unknown]>([
    ['missing', undefined],
    ['sent twice', [token, token]],
    ['empty', ''],
    ['a point', '.'],
    ['without a signature', claims],
    ['without claims', `.${signature}`],
    ['with claims that were changed', `${extended}.${signature}`],
    ['with a signature that was changed', `${claims}.A${signature.slice(1)}`],
    ['signed with another key', forger.tokenFor('executor')],
    [
      'signed for another purpose',
      `${claims}.${signer.sign('registry document', Buffer.from(claims, 'base64url')).toString('base64url')}`,
    ],
    ['longer than any', `${claims}.${signature}${'A'.repeat(512)}`],
  ])('is refused: %s', (_what, given) => {
    expect(check.isValid(given)).toBe(false);
  });
});
