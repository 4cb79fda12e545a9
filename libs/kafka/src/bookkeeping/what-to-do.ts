import { PlatformError } from '#contracts';

/**
 * What the transport does with a record whose handler failed: hand it to the rejects and move on, handle it again after a wait, or leave it
 * to whoever has the partition now.
 */
export type Reaction = 'reject' | 'again' | 'leave';

/**
 * Maps a failure to what the transport does. An error of no known kind is handled again: unknown never means done.
 * @param isAborted whether the record's signal has aborted, because the partition was lost or the consumer has stopped waiting.
 */
export function whatToDo(error: unknown, isAborted: boolean): Reaction {
  if (isAborted) return 'leave';
  return error instanceof PlatformError && !error.retryable ? 'reject' : 'again';
}

/** First wait before a record is handled again, in milliseconds. */
export const againBaseMs = 100;

/** Longest wait before a record is handled again, in milliseconds. */
export const againMaxMs = 10_000;

/**
 * The wait before a record is handled again: doubles with each try, up to a bound.
 * @param tries how often it was handled, from 1.
 */
export function againDelayMs(tries: number): number {
  return Math.min(againMaxMs, againBaseMs * 2 ** Math.min(tries - 1, 30));
}
