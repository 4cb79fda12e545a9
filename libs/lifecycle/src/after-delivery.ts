import { type Backoff, type EpochMs, epochMs } from '#contracts';
import { backoffMs } from './backoff.ts';

/** How a delivery ended: the target owns the record now; may pass, try again; will never pass. */
export type TryResult =
  | { readonly kind: 'delivered' /** Where the notification lies, in words a person can follow. */; readonly location?: string }
  | { readonly kind: 'deferred'; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly kind: 'refused'; readonly reason: string };

/** What came of a delivery's turn: a try; or none, because there was no room here, which is not the target's fault. */
export type DeliveryResult = TryResult | { readonly kind: 'postponed'; readonly waitMs: number; readonly reason: string };

/** How often, and how far apart, a delivery is tried. */
export interface DeliveryPolicy {
  readonly triesMax: number;
  readonly backoff: Backoff;
}

/**
 * The policy unless the configuration of the notifier says otherwise: 8 tries in about an hour, with
 * waits of at most 30 s, 1, 2, 4, 8, 16 and 30 min.
 */
export const defaultDeliveryPolicy: DeliveryPolicy = { triesMax: 8, backoff: { baseMs: 30_000, maxMs: 1_800_000 } };

/** What follows a try. */
export type DeliveryDecision =
  | { readonly kind: 'done'; readonly location?: string }
  | { readonly kind: 'again'; readonly try: number; readonly dueAt: EpochMs; readonly reason: string }
  | { readonly kind: 'abandon'; readonly reason: string };

/** What a decision on a delivery depends on. */
export interface DeliveryCircumstances {
  readonly result: DeliveryResult;
  /** The try that was just made, from 1; of a postponed one, the try that was not. */
  readonly try: number;
  /** When there is no more sense in it; absent where there always is. */
  readonly expiresAt?: EpochMs;
  readonly policy: DeliveryPolicy;
  readonly now: EpochMs;
  /** In [0, 1). */
  readonly jitter: number;
}

/** Is what was to be told out of time? */
export function isExpired(expiresAt: EpochMs | undefined, now: EpochMs): boolean {
  return expiresAt !== undefined && now >= expiresAt;
}

/**
 * Decides what follows one turn: a target that may pass is tried again within the budget, one that never will is given up. What was
 * postponed uses up no try. A try that would be due when its message has expired is not made.
 */
export function afterDelivery({ result, try: made, expiresAt, policy, now, jitter }: DeliveryCircumstances): DeliveryDecision {
  const again = (next: number, waitMs: number, reason: string): DeliveryDecision => {
    const dueAt = epochMs(now + waitMs);
    if (!isExpired(expiresAt, dueAt)) return { kind: 'again', try: next, dueAt, reason };
    return { kind: 'abandon', reason: `${reason} (the time to live ends before the next try)` };
  };
  switch (result.kind) {
    case 'delivered':
      return { kind: 'done', ...(result.location === undefined ? {} : { location: result.location }) };
    case 'refused':
      return { kind: 'abandon', reason: result.reason };
    case 'postponed':
      return again(made, result.waitMs, result.reason);
    case 'deferred': {
      if (made >= policy.triesMax) return { kind: 'abandon', reason: `${result.reason} (try ${made} of ${policy.triesMax})` };
      return again(made + 1, Math.max(1, backoffMs(policy.backoff, made, jitter), result.retryAfterMs ?? 0), result.reason);
    }
    default:
      return result satisfies never;
  }
}
