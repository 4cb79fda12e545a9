import type { EpochMs } from '#contracts';

/** The longest wait that an answer may ask for. More would be a way to keep work here for days. */
const longestMs = 3_600_000;

/**
 * How long an answer asks to be left alone: seconds or a date, in ms, at most an hour.
 * @returns undefined where it asks for nothing, or for nothing that can be read.
 * @see RFC 9110 10.2.3
 */
export function retryAfterMs(text: string | undefined, now: EpochMs): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return ms > 0 ? Math.min(ms, longestMs) : undefined;
}
