import type { DelayTopic, EpochMs, ReleaseTo, WaitingRecord } from '#contracts';
import { delayTopicFor } from './delay-topic.ts';

/** The decision on a waiting record. */
export type Release =
  | { readonly kind: 'wait'; readonly until: EpochMs }
  /** The dwell is over, but the record is not due yet. */
  | { readonly kind: 'requeue'; readonly topic: DelayTopic }
  | { readonly kind: 'release'; readonly to: ReleaseTo }
  /** The invocation was cancelled, or its validity period is over. */
  | { readonly kind: 'settle'; readonly condition: 'EventAgeExceeded' | 'InvocationCanceled' };

/** A waiting record in its delay topic. */
export interface Waiting extends WaitingRecord {
  /** When it leaves this topic, at the latest when it is due. */
  readonly leavesAt: EpochMs;
}

/**
 * Decides on a waiting record. A record is never released before it is due (I2).
 *
 * Cancellation and expiry concern invocations only. A notification ignores both.
 */
export function release(waiting: Waiting, now: EpochMs, isCancelled: boolean): Release {
  if (waiting.releaseTo === 'invocations') {
    if (isCancelled) return { kind: 'settle', condition: 'InvocationCanceled' };
    if (waiting.expiresAt !== undefined && now >= waiting.expiresAt) return { kind: 'settle', condition: 'EventAgeExceeded' };
  }
  if (now >= waiting.dueAt) return { kind: 'release', to: waiting.releaseTo };
  if (now >= waiting.leavesAt) return { kind: 'requeue', topic: delayTopicFor(waiting.dueAt, now) };
  return { kind: 'wait', until: waiting.leavesAt };
}
