import { type Cancellation, cancellationKey, decodeCancellation, type IncomingRecord } from '#contracts';

/** Cancelled invocations remembered at once; the oldest is forgotten first. */
const rememberedMax = 100_000;

/** Attempts under way in this process, waiting for their turn or running, and which invocations were cancelled. */
export class RunningAttempts {
  private readonly underWay = new Map<string, Set<AbortController>>();
  private readonly cancelled = new Set<string>();

  isCancelled(invocation: Cancellation): boolean {
    return this.cancelled.has(cancellationKey(invocation));
  }

  /** Does something under a signal that aborts when the invocation is cancelled; it is aborted from the start where it was before. */
  async with<T>(invocation: Cancellation, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const key = cancellationKey(invocation);
    const controller = new AbortController();
    const siblings = this.underWay.get(key) ?? new Set();
    this.underWay.set(key, siblings.add(controller));
    if (this.cancelled.has(key)) controller.abort();
    try {
      return await act(controller.signal);
    } finally {
      siblings.delete(controller);
      if (siblings.size === 0 && this.underWay.get(key) === siblings) this.underWay.delete(key);
    }
  }

  /** Takes a record of the cancellations topic. @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape. */
  cancel(record: Pick<IncomingRecord, 'key' | 'headers'>): void {
    const key = cancellationKey(decodeCancellation(record));
    this.cancelled.add(key);
    const oldest = this.cancelled.size > rememberedMax ? this.cancelled.values().next().value : undefined;
    if (oldest !== undefined) this.cancelled.delete(oldest);
    for (const controller of this.underWay.get(key) ?? []) controller.abort();
  }
}
