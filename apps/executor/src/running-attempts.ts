import type { IncomingRecord } from '#contracts';

/** Cancelled invocations remembered at once; the oldest is forgotten first. */
const rememberedMax = 100_000;

/** Attempts that run in this process, and which invocations were cancelled. */
export class RunningAttempts {
  private readonly running = new Map<string, AbortController>();
  private readonly cancelled = new Set<string>();

  isCancelled(requestId: string): boolean {
    return this.cancelled.has(requestId);
  }

  /** Runs something under a signal that aborts when the invocation is cancelled. */
  async with<T>(requestId: string, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.running.set(requestId, controller);
    try {
      return await run(controller.signal);
    } finally {
      this.running.delete(requestId);
    }
  }

  /** Takes a record of the cancellations topic; its key is the request id. */
  cancel({ key }: Pick<IncomingRecord, 'key'>): void {
    if (key === null) return;
    this.cancelled.add(key);
    const oldest = this.cancelled.size > rememberedMax ? this.cancelled.values().next().value : undefined;
    if (oldest !== undefined) this.cancelled.delete(oldest);
    this.running.get(key)?.abort();
  }
}
