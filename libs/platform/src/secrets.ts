import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Compares two secrets in constant time, so that the time reveals neither their content nor their
 * length.
 */
export function isSameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
