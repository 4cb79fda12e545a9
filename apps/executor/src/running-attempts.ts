import { type Cancellation, cancellationKey } from '#contracts';
import type { Cancellations } from '#platform';

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
   * Runs `act` with a signal that aborts when the invocation is cancelled. If it was cancelled
   * before, the signal has aborted already.
   */
  async with<T>(invocation: Cancellation, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const key = cancellationKey(invocation);
    const controller = new AbortController();
    const siblings = this.underWay.get(key) ?? new Set();
    this.underWay.set(key, siblings.add(controller));
    if (this.cancellations.has(invocation)) controller.abort();
    try {
      return await act(controller.signal);
    } finally {
      siblings.delete(controller);
      if (siblings.size === 0 && this.underWay.get(key) === siblings) this.underWay.delete(key);
    }
  }

  private abort(invocation: Cancellation): void {
    for (const controller of this.underWay.get(cancellationKey(invocation)) ?? []) controller.abort();
  }
}
