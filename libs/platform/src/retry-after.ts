import type { EpochMs } from '#contracts';

/** Upper bound of the wait, so that a server cannot delay a delivery for days. */
const longestMs = 3_600_000;

/**
 * Reads a `Retry-After` header, which holds seconds or a date.
 * @returns the wait in milliseconds, at most 1 h; undefined if the header is absent, cannot be read
 *   or names no time in the future.
 * @see RFC 9110 10.2.3
 */
export function retryAfterMs(text: string | undefined, now: EpochMs): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return ms > 0 ? Math.min(ms, longestMs) : undefined;
}
