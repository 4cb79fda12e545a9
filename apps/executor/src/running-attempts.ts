import { type Cancellation, cancellationKey } from '#contracts';
import type { Cancellations } from '#platform';

/** An attempt that a cancellation can abort, until it is disposed of. */
export interface CancellableAttempt extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * The attempts that wait for their turn or run in this process, by invocation, so that a
 * cancellation can abort them.
 */
export class RunningAttempts {
  private readonly underWay = new Map<string, Set<AbortController>>();

  constructor(private readonly cancellations: Cancellations) {
    cancellations.onCancelled((invocation) => this.abort(invocation));
  }

  /**
   * Registers an attempt until it is disposed of. Its signal aborts when the invocation is
   * cancelled; if it was cancelled before, the signal has aborted already.
   */
  begin(invocation: Cancellation): CancellableAttempt {
    const key = cancellationKey(invocation);
    const controller = new AbortController();
    const siblings = this.underWay.get(key) ?? new Set();
    this.underWay.set(key, siblings.add(controller));
    if (this.cancellations.has(invocation)) controller.abort();
    const end = () => {
      siblings.delete(controller);
      if (siblings.size === 0 && this.underWay.get(key) === siblings) this.underWay.delete(key);
    };
    return { signal: controller.signal, [Symbol.dispose]: end };
  }

  /** Whether an attempt of the invocation waits for its turn or runs in this process. */
  has(invocation: Cancellation): boolean {
    return this.underWay.has(cancellationKey(invocation));
  }

  private abort(invocation: Cancellation): void {
    for (const controller of this.underWay.get(cancellationKey(invocation)) ?? []) controller.abort();
  }
}
