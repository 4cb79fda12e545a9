import { createCipheriv, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Sealer } from './sealer.ts';

const key = 'k'.repeat(32);

describe('Sealer', () => {
  const sealer = new Sealer(key);

  it('opens a text it has sealed, and seals the same text differently each time', () => {
    const [one, other] = [sealer.seal('sésame', 'credential/A'), sealer.seal('sésame', 'credential/A')];
    expect(one).not.toBe(other);
    expect(one).not.toContain('sésame');
    expect([sealer.open(one, 'credential/A'), sealer.open(other, 'credential/A')]).toEqual(['sésame', 'sésame']);
    expect(sealer.open(sealer.seal('', 'a'), 'a')).toBe('');
  });

  const sealed = sealer.seal('secret', 'credential/A');
  const flipped = `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`;
  it.each<[string, Sealer, string, string]>([
    ['for another owner', sealer, sealed, 'credential/B'],
    ['under another key', new Sealer('x'.repeat(32)), sealed, 'credential/A'],
    ['and was changed', sealer, flipped, 'credential/A'],
    ['of another form', sealer, 'secret', 'credential/A'],
    ['cut short', sealer, sealed.slice(0, 12), 'credential/A'],
  ])('refuses to open a text sealed %s', (_what, opener, text, owner) => {
    expect(() => opener.open(text, owner)).toThrow(expect.objectContaining({ code: 'SECRET_UNREADABLE' }));
  });
});

describe('texts of earlier versions', () => {
  const platformKey = 'p'.repeat(32);
  // Sealed directly under the platform key, by the version before derived keys.
  const old = sealedByEarlierVersion('secret', 'credential/A', platformKey);

  it('are opened with the platform key, and stay closed without it', () => {
    expect(new Sealer(key, platformKey).open(old, 'credential/A')).toBe('secret');
    expect(() => new Sealer(key).open(old, 'credential/A')).toThrow(expect.objectContaining({ code: 'SECRET_UNREADABLE' }));
    expect([Sealer.isOld(old), Sealer.isOld(new Sealer(key).seal('a', 'b'))]).toEqual([true, false]);
  });
});

/** Seals as the version before derived keys did. */
function sealedByEarlierVersion(secret: string, owner: string, platformKey: string): string {
  const cipherKey = Buffer.from(hkdfSync('sha256', platformKey, '', 'sendoff sealed secrets', 32));
  const nonce = Buffer.alloc(12, 7);
  const encryption = createCipheriv('aes-256-gcm', cipherKey, nonce).setAAD(Buffer.from(owner));
  const parts = [nonce, encryption.update(secret, 'utf8'), encryption.final(), encryption.getAuthTag()];
  return `v1.${Buffer.concat(parts).toString('base64url')}`;
}
