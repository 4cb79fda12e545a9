import { LRUCache } from 'lru-cache';
import { type Cancellation, cancellationKey, decodeCancellation, type IncomingRecord } from '#contracts';

const rememberedMax = 100_000;

/**
 * The cancelled invocations that this process has read from the cancellations topic.
 *
 * At most 100,000 are remembered; then the one that was cancelled first is forgotten.
 */
export class Cancellations {
  private readonly keys: LRUCache<string, true>;
  private readonly listeners: ((cancellation: Cancellation) => void)[] = [];

  /** @param max Cancelled invocations remembered at once. */
  constructor(max: number = rememberedMax) {
    this.keys = new LRUCache({ max });
  }

  has(invocation: Cancellation): boolean {
    return this.keys.has(cancellationKey(invocation));
  }

  /** Calls `listener` for each invocation when its cancellation is read for the first time. */
  onCancelled(listener: (cancellation: Cancellation) => void): void {
    this.listeners.push(listener);
  }

  /**
   * Remembers the cancellation that a record of the cancellations topic holds.
   * @throws PlatformError `CONTRACT_VIOLATED` if the record has another shape.
   */
  add(record: Pick<IncomingRecord, 'key' | 'headers'>): void {
    const cancellation = decodeCancellation(record);
    const key = cancellationKey(cancellation);
    if (this.keys.has(key)) return;
    this.keys.set(key, true);
    for (const listener of this.listeners) listener(cancellation);
  }
}
