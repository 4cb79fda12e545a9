import type { EpochMs, Invocation } from '#contracts';

/** Whether an attempt may start now. */
export type Admission =
  | { readonly kind: 'run' }
  /** Too early: it came back from a delay before it was due. */
  | { readonly kind: 'wait'; readonly dueAt: EpochMs }
  | { readonly kind: 'settle'; readonly condition: 'EventAgeExceeded' | 'InvocationCanceled' };

/**
 * Decides whether an attempt may start (I2): never before it is due, never once the validity period is over, never once cancelled.
 *
 * The validity period forbids a start only: an attempt under way has its function's whole timeout.
 */
export function admit(invocation: Invocation, now: EpochMs, isCancelled: boolean): Admission {
  if (isCancelled) return { kind: 'settle', condition: 'InvocationCanceled' };
  if (now >= invocation.expiresAt) return { kind: 'settle', condition: 'EventAgeExceeded' };
  if (now < invocation.dueAt) return { kind: 'wait', dueAt: invocation.dueAt };
  return { kind: 'run' };
}
