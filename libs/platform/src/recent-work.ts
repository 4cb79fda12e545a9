import { ShortLivedMap } from './short-lived-map.ts';

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
  /** When more work has concluded, the half that concluded first is forgotten. */
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
  private readonly underWay = new ShortLivedMap<string, Promise<Taken>>();
  /**
   * When work concluded: the later half, and the one before it. To forget a whole half costs
   * nothing for each piece of work, as the bookkeeping of a cache does.
   */
  private later = new Map<string, number>();
  private earlier = new Map<string, number>();

  constructor(
    private readonly elapsedMs: () => number,
    private readonly bounds: RecentBounds,
  ) {}

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
      if ((await begun) === 'concluded') this.remember(key);
    } finally {
      this.leave(key, begun);
    }
  }

  private leave(key: string, work: Promise<Taken>): void {
    if (this.underWay.get(key) === work) this.underWay.delete(key);
  }

  private remember(key: string): void {
    if (this.later.size >= this.bounds.entriesMax / 2) {
      this.earlier = this.later;
      this.later = new Map();
    }
    this.later.set(flat(key), this.elapsedMs());
  }

  private concludedLately(key: string): boolean {
    const at = this.later.get(key) ?? this.earlier.get(key);
    return at !== undefined && this.elapsedMs() - at < this.bounds.forMs;
  }
}

/**
 * The same text in memory of its own. A text that was joined from parts of a record holds all of
 * these parts: a kilobyte for each key.
 */
function flat(text: string): string {
  return Buffer.from(text).toString();
}
