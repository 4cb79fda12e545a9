import { type Backoff, type EpochMs, epochMs } from '#contracts';
import { backoffMs } from './backoff.ts';

/** How a delivery ended: the target owns the record now; may pass, try again; will never pass. */
export type Delivery =
  | { readonly kind: 'delivered' /** Where the notification lies, in words a person can follow. */; readonly location?: string }
  | { readonly kind: 'deferred'; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly kind: 'refused'; readonly reason: string };

/** How often, and how far apart, a delivery is tried. */
export interface DeliveryPolicy {
  readonly triesMax: number;
  readonly backoff: Backoff;
}

/** Eight tries over about an hour: full waits of 30 s, 1, 2, 4, 8, 16 and 30 min. */
export const defaultDeliveryPolicy: DeliveryPolicy = { triesMax: 8, backoff: { baseMs: 30_000, maxMs: 1_800_000 } };

/** What follows a try. */
export type DeliveryDecision =
  | { readonly kind: 'done'; readonly location?: string }
  | { readonly kind: 'again'; readonly try: number; readonly dueAt: EpochMs; readonly reason: string }
  | { readonly kind: 'abandon'; readonly reason: string };

/** What a decision on a delivery depends on. */
export interface DeliveryCircumstances {
  readonly delivery: Delivery;
  /** The try that was just made, from 1. */
  readonly try: number;
  readonly policy: DeliveryPolicy;
  readonly now: EpochMs;
  /** In [0, 1). */
  readonly jitter: number;
}

/** Decides what follows one try: a target that may pass is tried again within the budget, one that never will is given up. */
export function afterDelivery({ delivery, try: made, policy, now, jitter }: DeliveryCircumstances): DeliveryDecision {
  switch (delivery.kind) {
    case 'delivered':
      return { kind: 'done', ...(delivery.location === undefined ? {} : { location: delivery.location }) };
    case 'refused':
      return { kind: 'abandon', reason: delivery.reason };
    case 'deferred': {
      if (made >= policy.triesMax) return { kind: 'abandon', reason: `${delivery.reason} (try ${made} of ${policy.triesMax})` };
      const waitMs = Math.max(1, backoffMs(policy.backoff, made, jitter), delivery.retryAfterMs ?? 0);
      return { kind: 'again', try: made + 1, dueAt: epochMs(now + waitMs), reason: delivery.reason };
    }
    default:
      return delivery satisfies never;
  }
}
