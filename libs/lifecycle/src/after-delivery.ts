import { type Backoff, type EpochMs, epochMs } from '#contracts';
import { backoffMs } from './backoff.ts';

/** The result of one try: the target has the message; a later try may succeed; no try ever will. */
export type TryResult =
  | {
      readonly kind: 'delivered';
      /** The place of the notification, in words for a person. */
      readonly location?: string;
      /** A promise of the target that could not be kept, such as the expiry of an object. */
      readonly note?: string;
    }
  | {
      readonly kind: 'deferred';
      readonly reason: string;
      readonly retryAfterMs?: number;
      /** See {@link isFaultOfBrokers}. */
      readonly isOfBrokers?: true;
    }
  | {
      readonly kind: 'refused';
      readonly reason: string;
      /** True if the target says that it is gone for good. */
      readonly isGone?: true;
    };

/**
 * The result of a try, or `postponed` if this process was at a limit or stood still. A postponed
 * try does not count.
 */
export type DeliveryResult = TryResult | { readonly kind: 'postponed'; readonly waitMs: number; readonly reason: string };

/** True if the brokers took no write, which says nothing of the target. */
export function isFaultOfBrokers(result: DeliveryResult): boolean {
  return result.kind === 'deferred' && result.isOfBrokers === true;
}

/** The number of tries of a delivery, and the waits between them. */
export interface DeliveryPolicy {
  readonly triesMax: number;
  readonly backoff: Backoff;
}

/**
 * The default policy: 8 tries in about an hour. The waits are at most 30 s, then 1, 2, 4, 8, 16 and
 * 30 min. Settings of the notifier override it.
 */
export const defaultDeliveryPolicy: DeliveryPolicy = { triesMax: 8, backoff: { baseMs: 30_000, maxMs: 1_800_000 } };

/**
 * Longest wait before the second try, if the brokers took no write at the first, in milliseconds.
 * The record of that second try could not be written before they were back.
 */
const brokersBackMs = 1_000;

/** The decision after a try. */
export type DeliveryDecision =
  | { readonly kind: 'done'; readonly location?: string; readonly note?: string }
  | { readonly kind: 'again'; readonly try: number; readonly dueAt: EpochMs; readonly reason: string }
  | { readonly kind: 'abandon'; readonly reason: string };

/** The circumstances of a decision on a delivery. */
export interface DeliveryCircumstances {
  readonly result: DeliveryResult;
  /** The number of the try that was made or postponed, from 1. */
  readonly try: number;
  /** When the delivery expires. Absent if it never does. */
  readonly expiresAt?: EpochMs;
  readonly policy: DeliveryPolicy;
  readonly now: EpochMs;
  /** In [0, 1). */
  readonly jitter: number;
}

/** True if the time has come at which a delivery expires. */
export function isExpired(expiresAt: EpochMs | undefined, now: EpochMs): boolean {
  return expiresAt !== undefined && now >= expiresAt;
}

/**
 * Decides what follows a try. A deferred delivery is tried again until its tries are used up. A
 * refused one is given up. A postponed try does not count. A try that would be due after the
 * message expires is not made.
 */
export function afterDelivery({ result, try: made, expiresAt, policy, now, jitter }: DeliveryCircumstances): DeliveryDecision {
  const again = (next: number, waitMs: number, reason: string): DeliveryDecision => {
    const dueAt = epochMs(now + waitMs);
    if (!isExpired(expiresAt, dueAt)) return { kind: 'again', try: next, dueAt, reason };
    return { kind: 'abandon', reason: `${reason} (the time to live ends before the next try)` };
  };
  switch (result.kind) {
    case 'delivered': {
      const { kind: _kind, ...facts } = result;
      return { kind: 'done', ...facts };
    }
    case 'refused':
      return { kind: 'abandon', reason: result.reason };
    case 'postponed':
      return again(made, result.waitMs, result.reason);
    case 'deferred': {
      if (made >= policy.triesMax) return { kind: 'abandon', reason: `${result.reason} (try ${made} of ${policy.triesMax})` };
      const usualMs = backoffMs(policy.backoff, made, jitter);
      const waitMs = isFaultOfBrokers(result) && made === 1 ? Math.min(usualMs, brokersBackMs) : usualMs;
      return again(made + 1, Math.max(1, waitMs, result.retryAfterMs ?? 0), result.reason);
    }
    default:
      return result satisfies never;
  }
}
