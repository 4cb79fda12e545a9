import { type Cancellation, cancellationKey, type Purge } from '#contracts';
import { type Cancellable, type Cancellations, isPurgedBy, ShortLivedMap } from '#platform';

/** An attempt that a cancellation can abort, until it is disposed of. */
export interface CancellableAttempt extends Disposable {
  readonly signal: AbortSignal;
  /** Notes that the function runs. Only a purge of running attempts aborts it from now on. */
  starts(): void;
}

interface UnderWay {
  readonly invocation: Cancellable;
  readonly controller: AbortController;
  hasStarted: boolean;
}

/**
 * The attempts that wait for their turn or run in this process, by invocation, so that a
 * cancellation or a purge can abort them.
 */
export class RunningAttempts {
  /** Most invocations have one attempt here. */
  private readonly underWay = new ShortLivedMap<string, readonly UnderWay[]>();

  constructor(private readonly cancellations: Cancellations) {
    cancellations.onCancelled((invocation) => this.abort(invocation));
    cancellations.onPurged((purge) => this.purge(purge));
  }

  /**
   * Registers an attempt until it is disposed of. Its signal aborts when the invocation is
   * cancelled; if it was cancelled before, the signal has aborted already.
   */
  begin(invocation: Cancellable): CancellableAttempt {
    const key = cancellationKey(invocation);
    const controller = new AbortController();
    const { requestId, functionUrn, acceptedAt } = invocation;
    const attempt: UnderWay = { invocation: { requestId, functionUrn, acceptedAt }, controller, hasStarted: false };
    this.underWay.set(key, [...(this.underWay.get(key) ?? []), attempt]);
    if (this.cancellations.has(invocation)) controller.abort();
    const starts = () => {
      attempt.hasStarted = true;
    };
    const end = () => {
      const others = (this.underWay.get(key) ?? []).filter((one) => one !== attempt);
      if (others.length === 0) this.underWay.delete(key);
      else this.underWay.set(key, others);
    };
    return { signal: controller.signal, starts, [Symbol.dispose]: end };
  }

  /** Whether an attempt of the invocation waits for its turn or runs in this process. */
  has(invocation: Cancellation): boolean {
    return this.underWay.has(cancellationKey(invocation));
  }

  private abort(invocation: Cancellation): void {
    for (const { controller } of this.underWay.get(cancellationKey(invocation)) ?? []) controller.abort();
  }

  private purge(purge: Purge): void {
    for (const attempts of [...this.underWay.values()])
      for (const { invocation, controller, hasStarted } of [...attempts])
        if ((purge.includesRunning || !hasStarted) && isPurgedBy(purge, invocation)) controller.abort();
  }
}
