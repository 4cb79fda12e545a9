import { type Condition, type EpochMs, epochMs, type Invocation } from '#contracts';
import { backoffMs } from './backoff.ts';

/** The failures that are the function's fault. */
export type FailureCondition = 'HandledInvocationError' | 'UnhandledInvocationError' | 'InvocationTimeout' | 'OutOfMemory';

/** How one attempt ended. */
export type AttemptOutcome =
  /** `isLeftOut`: the return value was larger than the call allows, and is left out. */
  | { readonly kind: 'succeeded'; readonly responsePayload: Buffer; readonly isLeftOut?: true }
  /**
   * The function's fault: uses up a retry. `retryAfterMs` may lengthen the wait. If the failure is
   * not retryable, the invocation settles at once.
   */
  | {
      readonly kind: 'failed';
      readonly condition: FailureCondition;
      readonly errorMessage: string;
      readonly responsePayload: Buffer;
      readonly isRetryable: boolean;
      readonly retryAfterMs?: number;
    }
  /** Not the function's fault: retried until the validity period ends, without using up a retry. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfterMs?: number }
  /** The invocation can never run, for example because the function was deleted. */
  | { readonly kind: 'impossible'; readonly reason: string }
  | { readonly kind: 'cancelled' };

/** The decision on an invocation: another attempt, no earlier than `dueAt`, or settlement. */
export type Decision =
  | { readonly kind: 'retry'; readonly attempt: number; readonly retriesUsed: number; readonly dueAt: EpochMs }
  | { readonly kind: 'settle'; readonly condition: Condition };

/** The circumstances of a decision, besides the invocation. */
export interface Circumstances {
  readonly outcome: AttemptOutcome;
  readonly now: EpochMs;
  /** In [0, 1). */
  readonly jitter: number;
}

/**
 * Decides what follows an attempt. This is the retry rule.
 *
 * - A success settles the invocation, even after its validity period.
 * - A cancelled or impossible invocation settles.
 * - A failure of the function uses up a retry. If no retry is left, or the failure is not
 *   retryable, the invocation settles.
 * - A failure of the platform uses up none.
 * - A retry waits for the backoff, or for the longer `retryAfterMs`.
 * - A retry that would be due at or after `expiresAt` is not made. The invocation then settles: as
 *   `EventAgeExceeded` after a failure of the function, as `SystemError` after one of the platform.
 *
 * The rule is pure: it reads no clock, draws no random number and throws nothing.
 *
 * @returns `retry` with `dueAt` in (now, expiresAt), or `settle`.
 * @see retryPolicy for the defaults and limits: retries, validity period, waits
 */
export function decide(invocation: Invocation, { outcome, now, jitter }: Circumstances): Decision {
  switch (outcome.kind) {
    case 'succeeded':
      return { kind: 'settle', condition: '' };
    case 'cancelled':
      return { kind: 'settle', condition: 'InvocationCanceled' };
    case 'impossible':
      return { kind: 'settle', condition: 'SystemError' };
    case 'failed': {
      const { condition, isRetryable } = outcome;
      if (!isRetryable || invocation.retriesUsed >= invocation.policy.retriesMax) return { kind: 'settle', condition };
      return retryWithin(
        invocation,
        invocation.retriesUsed + 1,
        dueAfter(invocation, { outcome, now, jitter }),
        'EventAgeExceeded',
      );
    }
    case 'unavailable':
      return retryWithin(invocation, invocation.retriesUsed, dueAfter(invocation, { outcome, now, jitter }), 'SystemError');
    default:
      return outcome satisfies never;
  }
}

function dueAfter({ policy, attempt }: Invocation, { outcome, now, jitter }: Circumstances): EpochMs {
  const askedMs = 'retryAfterMs' in outcome ? (outcome.retryAfterMs ?? 0) : 0;
  return epochMs(now + Math.max(1, backoffMs(policy.backoff, attempt, jitter), askedMs));
}

function retryWithin(invocation: Invocation, retriesUsed: number, dueAt: EpochMs, otherwise: Condition): Decision {
  if (dueAt >= invocation.expiresAt) return { kind: 'settle', condition: otherwise };
  return { kind: 'retry', attempt: invocation.attempt + 1, retriesUsed, dueAt };
}
