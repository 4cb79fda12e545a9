import { type Cancellation, cancellationKey, decodeCancellation, type IncomingRecord } from '#contracts';

/** Cancelled invocations remembered at once; the oldest is forgotten first. */
const rememberedMax = 100_000;

/** Invocations that were cancelled, as far as this process has read. */
export class Cancellations {
  private readonly keys = new Set<string>();
  private readonly listeners: ((cancellation: Cancellation) => void)[] = [];

  has(invocation: Cancellation): boolean {
    return this.keys.has(cancellationKey(invocation));
  }

  onCancelled(listener: (cancellation: Cancellation) => void): void {
    this.listeners.push(listener);
  }

  /** Takes a record of the cancellations topic. @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape. */
  add(record: Pick<IncomingRecord, 'key' | 'headers'>): void {
    const cancellation = decodeCancellation(record);
    const key = cancellationKey(cancellation);
    if (this.keys.has(key)) return;
    this.keys.add(key);
    const oldest = this.keys.size > rememberedMax ? this.keys.values().next().value : undefined;
    if (oldest !== undefined) this.keys.delete(oldest);
    for (const listener of this.listeners) listener(cancellation);
  }
}
