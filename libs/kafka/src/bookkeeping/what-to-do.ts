import { PlatformError } from '#contracts';

/**
 * Reaction of the transport to the failure of a handler:
 *
 * - `reject`: writes the record to the rejects and moves on;
 * - `again`: calls the handler again after a wait;
 * - `keep`: hands out nothing more of the partition: the record is for a newer release;
 * - `leave`: does nothing, because the partition belongs to another process now;
 * - `give-up`: ends the process, because the handler is broken; the record stays uncommitted.
 */
export type Reaction = 'reject' | 'again' | 'keep' | 'leave' | 'give-up';

/** Circumstances of a failure, beside its error. */
export interface FailureContext {
  /** True once the partition was lost, or the consumer closed without waiting any longer. */
  readonly isAborted: boolean;
  /** Unexpected errors of this record so far, this one included. */
  readonly unexpectedErrors: number;
  /** Unexpected errors of one record after which the handler counts as broken. */
  readonly triesMax: number;
}

/**
 * True for an error that the code did not foresee: a bug, or a failure that nobody mapped to a
 * {@link PlatformError}.
 */
export function isUnexpected(error: unknown): boolean {
  return !(error instanceof PlatformError);
}

/** True if a service of a newer release must read the record. */
export function isTooNew(error: unknown): error is PlatformError {
  return error instanceof PlatformError && error.code === 'RECORD_TOO_NEW';
}

/**
 * Maps the failure of a handler to the reaction of the transport.
 *
 * A {@link PlatformError} knows whether a later try may succeed. An unexpected error never counts
 * as done: the record is handled again. After `triesMax` such errors the process ends, so that its
 * orchestrator and its operator see the fault.
 */
export function whatToDo(error: unknown, { isAborted, unexpectedErrors, triesMax }: FailureContext): Reaction {
  if (isAborted) return 'leave';
  if (isTooNew(error)) return 'keep';
  if (unexpectedErrors >= triesMax) return 'give-up';
  return error instanceof PlatformError && !error.retryable ? 'reject' : 'again';
}

/** First wait before a record is handled again, in milliseconds. */
export const againBaseMs = 100;

/** Longest wait before a record is handled again, in milliseconds. */
export const againMaxMs = 10_000;

/**
 * Returns the wait before a record is handled again, in milliseconds: it doubles with each try, up
 * to {@link againMaxMs}.
 * @param tries how often the record was handled, from 1.
 */
export function againDelayMs(tries: number): number {
  return Math.min(againMaxMs, againBaseMs * 2 ** Math.min(tries - 1, 30));
}
