import { type Condition, type EpochMs, epochMs, type Invocation } from '#contracts';
import { backoffMs } from './backoff.ts';

/** How a function can fail by its own fault. */
export type FailureCondition = 'HandledInvocationError' | 'UnhandledInvocationError' | 'InvocationTimeout' | 'OutOfMemory';

/** How one attempt ended. */
export type AttemptOutcome =
  /** A return value larger than the call allows is left out, and it is said that it was. */
  | { readonly kind: 'succeeded'; readonly responsePayload: Buffer; readonly isLeftOut?: true }
  /** The function's fault: uses up a retry. `retryAfterMs` may lengthen the wait; a function that is not retryable settles at once. */
  | {
      readonly kind: 'failed';
      readonly condition: FailureCondition;
      readonly errorMessage: string;
      readonly responsePayload: Buffer;
      readonly isRetryable: boolean;
      readonly retryAfterMs?: number;
    }
  /** Not the function's fault: retried until the validity period is over, and uses up no retry. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfterMs?: number }
  /** Will never run: the function is gone. */
  | { readonly kind: 'impossible'; readonly reason: string }
  | { readonly kind: 'cancelled' };

/** What becomes of an invocation: another attempt no earlier than `dueAt`, or rest. */
export type Decision =
  | { readonly kind: 'retry'; readonly attempt: number; readonly retriesUsed: number; readonly dueAt: EpochMs }
  | { readonly kind: 'settle'; readonly condition: Condition };

/** What a decision depends on besides the invocation. */
export interface Circumstances {
  readonly outcome: AttemptOutcome;
  readonly now: EpochMs;
  /** In [0, 1). */
  readonly jitter: number;
}

/**
 * Decides what becomes of an invocation after one attempt.
 *
 * Pure: reads no clock, draws no randomness, throws nothing. The order of the rules is the meaning: success beats everything,
 * what can never pass is not tried again, a function's own failures are counted, and age is judged at the moment the next
 * attempt would start. Past the age limit an invocation that a function failed is discarded as too old (it had retries left);
 * one that the platform could not run fails as the platform's fault.
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
