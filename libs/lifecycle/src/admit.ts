import type { EpochMs, Invocation } from '#contracts';

/** Whether an attempt may start now. */
export type Admission =
  | { readonly kind: 'run' }
  /** The invocation is not due yet. */
  | { readonly kind: 'wait'; readonly dueAt: EpochMs }
  | { readonly kind: 'settle'; readonly condition: 'EventAgeExceeded' | 'InvocationCanceled' };

/**
 * Decides whether an attempt may start (I2). It may not start before it is due, after the validity
 * period, or after a cancellation.
 *
 * The validity period limits the start only. A running attempt has the whole timeout of its
 * function.
 */
export function admit(invocation: Invocation, now: EpochMs, isCancelled: boolean): Admission {
  if (isCancelled) return { kind: 'settle', condition: 'InvocationCanceled' };
  if (now >= invocation.expiresAt) return { kind: 'settle', condition: 'EventAgeExceeded' };
  if (now < invocation.dueAt) return { kind: 'wait', dueAt: invocation.dueAt };
  return { kind: 'run' };
}
