import type { Backoff } from '#contracts';

/**
 * The wait after attempt `attempt` (from 1): exponential backoff from `baseMs`, doubling up to
 * `maxMs`, with 50 % jitter.
 * @param jitter in [0, 1).
 * @returns whole milliseconds in [full / 2, full).
 */
export function backoffMs({ baseMs, maxMs }: Backoff, attempt: number, jitter: number): number {
  const fullMs = Math.min(maxMs, baseMs * 2 ** (attempt - 1));
  return Math.floor(fullMs / 2 + (fullMs / 2) * jitter);
}
