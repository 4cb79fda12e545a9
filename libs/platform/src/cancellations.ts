import type { LRUCache } from 'lru-cache';
import {
  bareUrnOf,
  type Cancellation,
  cancellationKey,
  decodeCancellation,
  decodePurge,
  type EpochMs,
  type IncomingRecord,
  type Purge,
} from '#contracts';
import { growingCache } from './growing-cache.ts';

const rememberedMax = 100_000;

/** An invocation that may be cancelled, alone or by a purge of its function. */
export interface Cancellable extends Cancellation {
  readonly acceptedAt: EpochMs;
}

/** Whether a purge concerns an invocation. */
export function isPurgedBy({ bareUrn, acceptedUntil }: Purge, { functionUrn, acceptedAt }: Cancellable): boolean {
  return acceptedAt <= acceptedUntil && bareUrnOf(functionUrn) === bareUrn;
}

/**
 * The cancelled invocations and the purged functions that this process has read from the
 * cancellations topic.
 *
 * At most 100,000 of each are remembered; then the one that was cancelled first is forgotten.
 */
export class Cancellations {
  private readonly keys: LRUCache<string, true>;
  /** The latest purge of each function. */
  private readonly purges: LRUCache<string, Purge>;
  private readonly cancelledListeners: ((cancellation: Cancellation) => void)[] = [];
  private readonly purgedListeners: ((purge: Purge) => void)[] = [];

  /** @param max Cancelled invocations remembered at once, and as many purges. */
  constructor(max: number = rememberedMax) {
    this.keys = growingCache(max);
    this.purges = growingCache(max);
  }

  /** Whether an invocation was cancelled, or its function purged after its acceptance. */
  has(invocation: Cancellable): boolean {
    // This runs for each attempt, and there are hardly any cancellations and purges.
    if (this.keys.size > 0 && this.keys.has(cancellationKey(invocation))) return true;
    if (this.purges.size === 0) return false;
    const purge = this.purges.peek(bareUrnOf(invocation.functionUrn));
    return purge !== undefined && isPurgedBy(purge, invocation);
  }

  /** Calls `listener` for each invocation when its cancellation is read for the first time. */
  onCancelled(listener: (cancellation: Cancellation) => void): void {
    this.cancelledListeners.push(listener);
  }

  /** Calls `listener` with each purge that is read. */
  onPurged(listener: (purge: Purge) => void): void {
    this.purgedListeners.push(listener);
  }

  /**
   * Remembers the cancellation or the purge that a record of the cancellations topic holds.
   * @throws PlatformError `CONTRACT_VIOLATED` if the record has another shape.
   */
  add(record: Pick<IncomingRecord, 'key' | 'headers'>): void {
    const purge = decodePurge(record);
    if (purge !== undefined) return this.addPurge(purge);
    const cancellation = decodeCancellation(record);
    const key = cancellationKey(cancellation);
    if (this.keys.has(key)) return;
    this.keys.set(key, true);
    for (const listener of this.cancelledListeners) listener(cancellation);
  }

  private addPurge(purge: Purge): void {
    const { acceptedUntil = -1 } = this.purges.peek(purge.bareUrn) ?? {};
    if (purge.acceptedUntil > acceptedUntil) this.purges.set(purge.bareUrn, purge);
    for (const listener of this.purgedListeners) listener(purge);
  }
}
