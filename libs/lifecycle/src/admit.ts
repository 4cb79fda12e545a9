import type { EpochMs, Invocation } from '#contracts';

/** Whether an attempt may start now. */
export type Admission =
  | { readonly kind: 'run' }
  | { readonly kind: 'settle'; readonly condition: 'EventAgeExceeded' | 'InvocationCanceled' };

/**
 * Decides whether an attempt may start (I2). It may not start after the validity period, or after a
 * cancellation.
 *
 * The due time is not judged here. The service that wrote the record to a lane has judged it: the
 * ingress, or the retry-scheduler at the release. A second judge with another clock would send the
 * record back, and the first one would release it again, without end.
 *
 * The validity period limits the start only. A running attempt has the whole timeout of its
 * function.
 */
export function admit(invocation: Invocation, now: EpochMs, isCancelled: boolean): Admission {
  if (isCancelled) return { kind: 'settle', condition: 'InvocationCanceled' };
  if (now >= invocation.expiresAt) return { kind: 'settle', condition: 'EventAgeExceeded' };
  return { kind: 'run' };
}
