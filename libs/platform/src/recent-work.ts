import type { LRUCache } from 'lru-cache';
import { growingCache } from './growing-cache.ts';

/**
 * How the handling of a record that asked for work ended.
 *
 * - `concluded`: the work was done, and what follows from it is written.
 * - `put-back`: the work was not done. Its record was published again and arrives later under the
 *   same key.
 */
export type Taken = 'concluded' | 'put-back';

/** How long, and how much, concluded work is remembered. */
export interface RecentBounds {
  readonly forMs: number;
  /** When more work has concluded, what concluded first is forgotten. */
  readonly entriesMax: number;
}

/**
 * Work that is under way in this process, and work that concluded lately. Two records that ask for
 * the same lead to it once (I5).
 *
 * A second record waits while the work is under way, however long it takes. Its offset is committed
 * only when the work has ended (I1). After the end only concluded work is remembered. Work that was
 * put back arrives again and must be done (I3).
 */
export class RecentWork {
  private readonly underWay = new Map<string, Promise<Taken>>();
  /** Kept in the order in which the work concluded. */
  private readonly concludedAt: LRUCache<string, number>;

  constructor(
    private readonly elapsedMs: () => number,
    private readonly bounds: RecentBounds,
  ) {
    this.concludedAt = growingCache(bounds.entriesMax);
  }

  /**
   * Does the work unless it is under way already or concluded within `forMs`.
   *
   * Work that failed is done again, also for a record that waited for it. The partition of that
   * record may still be here. Work that was put back is done again too: its record can arrive
   * before the brokers have acknowledged that it was published.
   */
  async once(key: string, work: () => Promise<Taken>): Promise<void> {
    for (let known = this.underWay.get(key); known !== undefined; known = this.underWay.get(key)) {
      if ((await known.catch(() => 'failed')) === 'concluded') return;
      this.leave(key, known);
    }
    if (this.concludedLately(key)) return;
    const begun = work();
    this.underWay.set(key, begun);
    try {
      if ((await begun) === 'concluded') this.concludedAt.set(key, this.elapsedMs());
    } finally {
      this.leave(key, begun);
    }
  }

  private leave(key: string, work: Promise<Taken>): void {
    if (this.underWay.get(key) === work) this.underWay.delete(key);
  }

  private concludedLately(key: string): boolean {
    const at = this.concludedAt.peek(key);
    return at !== undefined && this.elapsedMs() - at < this.bounds.forMs;
  }
}
