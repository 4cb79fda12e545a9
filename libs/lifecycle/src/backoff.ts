import type { Backoff } from '#contracts';

/**
 * The wait after attempt `attempt` (from 1): it doubles from `baseMs` up to `maxMs`, and its upper half is drawn.
 * @param jitter in [0, 1).
 * @returns whole milliseconds in [full / 2, full).
 */
export function backoffMs({ baseMs, maxMs }: Backoff, attempt: number, jitter: number): number {
  const fullMs = Math.min(maxMs, baseMs * 2 ** (attempt - 1));
  return Math.floor(fullMs / 2 + (fullMs / 2) * jitter);
}
