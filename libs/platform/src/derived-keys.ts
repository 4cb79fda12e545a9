import { hkdfSync } from 'node:crypto';

/**
 * The purposes of keys that are derived from the platform key. Nobody can compute the platform key
 * or another derived key from one of them.
 */
export type KeyPurpose = 'access keys' | 'functions' | 'subscriptions' | 'signing';

/** Shortest key that may be configured, in characters. */
export const keyLengthMin = 32;

/**
 * Derives the key for one purpose, so that a service can hold that key alone.
 * @returns 32 bytes in base64url.
 */
export function deriveKey(platformKey: string, purpose: KeyPurpose): string {
  return Buffer.from(hkdfSync('sha256', platformKey, '', `sendoff key for ${purpose}`, 32)).toString('base64url');
}
