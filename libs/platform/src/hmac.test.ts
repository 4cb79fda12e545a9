import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hmacSha256 } from './hmac.ts';

describe('hmacSha256', () => {
  /** @see RFC 4231, test cases 1, 2 and 6 */
  it.each([
    [Buffer.alloc(20, 0x0b), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    ['Jefe', 'what do ya want for nothing?', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
    [
      Buffer.alloc(131, 0xaa),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
  ])('gives what the RFC says for %s', (key, text, digest) => {
    expect(hmacSha256(key, text).toString('hex')).toBe(digest);
  });

  const words = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );

  const usual = (key: string, text: string) => createHmac('sha256', key).update(text).digest('hex');

  it('gives what Node.js gives for texts around 4 KiB', () => {
    for (const length of [4_031, 4_032, 4_033, 10_000]) {
      const text = 'a'.repeat(length);
      expect(hmacSha256('a-key', text).toString('hex')).toBe(usual('a-key', text));
    }
  });

  it('gives what Node.js gives for 2,500 keys in turn, twice', () => {
    const keys = Array.from({ length: 2_500 }, (_, index) => `key-${index}`);
    for (const key of [...keys, ...keys]) expect(hmacSha256(key, 'text').toString('hex')).toBe(usual(key, 'text'));
  });

  it('gives what Node.js gives, whatever key and text are', () => {
    fc.assert(
      fc.property(words, words, (key, text) => {
        const bytes = typeof text === 'string' ? Buffer.from(text) : text;
        expect(hmacSha256(key, text)).toEqual(createHmac('sha256', key).update(bytes).digest());
      }),
    );
  });
});
