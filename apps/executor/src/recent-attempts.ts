import { LRUCache } from 'lru-cache';

/**
 * How the handling of a record that asked for an attempt ended.
 *
 * - `concluded`: the attempt was made, and its outcome is written.
 * - `put-back`: the attempt was not made. Its record was published again and arrives later under
 *   the same attempt number.
 */
export type Taken = 'concluded' | 'put-back';

/** How long, and how many, concluded attempts are remembered. */
export interface RecentBounds {
  readonly forMs: number;
  /** When more attempts have concluded, the one that concluded first is forgotten. */
  readonly attemptsMax: number;
}

/**
 * Attempts that run in this process and those that concluded lately, so that a record read twice
 * makes one attempt (I5).
 *
 * A record read again during its attempt waits for that attempt, however long it takes. Its offset
 * is committed only when the attempt has ended (I1). After the end only concluded attempts are
 * remembered. An attempt that was put back, to be written down with its next chance, arrives again
 * and must be made (I3).
 */
export class RecentAttempts {
  private readonly underWay = new Map<string, Promise<Taken>>();
  /** Kept in the order in which the attempts concluded. */
  private readonly concludedAt: LRUCache<string, number>;

  constructor(
    private readonly elapsedMs: () => number,
    private readonly bounds: RecentBounds,
  ) {
    this.concludedAt = new LRUCache({ max: bounds.attemptsMax });
  }

  /**
   * Makes the attempt unless it runs already or concluded within `forMs`.
   *
   * An attempt that failed is made again, also by a record that waited for it. The partition of
   * that record may still be here. An attempt that was put back is made again too: its
   * record can arrive before the brokers have acknowledged that it was published.
   */
  async once(key: string, make: () => Promise<Taken>): Promise<void> {
    for (let known = this.underWay.get(key); known !== undefined; known = this.underWay.get(key)) {
      if ((await known.catch(() => 'failed')) === 'concluded') return;
      this.leave(key, known);
    }
    if (this.concludedLately(key)) return;
    const attempt = make();
    this.underWay.set(key, attempt);
    try {
      if ((await attempt) === 'concluded') this.concludedAt.set(key, this.elapsedMs());
    } finally {
      this.leave(key, attempt);
    }
  }

  private leave(key: string, attempt: Promise<Taken>): void {
    if (this.underWay.get(key) === attempt) this.underWay.delete(key);
  }

  private concludedLately(key: string): boolean {
    const at = this.concludedAt.peek(key);
    return at !== undefined && this.elapsedMs() - at < this.bounds.forMs;
  }
}
