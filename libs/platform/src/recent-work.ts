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

/** One piece of work that is under way, or concluded lately. */
interface Piece {
  /** Absent once it has ended. */
  underWay: Promise<Taken> | undefined;
  /** When it concluded; minus infinity if it did not. */
  concludedAt: number;
  /** The half that it is in. */
  half: Map<string, Piece>;
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
  /**
   * The later half of the work, and the one before it. To forget a whole half costs nothing for
   * each piece of work, as the bookkeeping of a cache does.
   */
  private later = new Map<string, Piece>();
  private earlier = new Map<string, Piece>();

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
   *
   * @param key is kept, so make it by `join`. A text that was cut out of a record, or added up by
   *   `+`, holds all that it was made from.
   */
  once(key: string, work: () => Promise<Taken>): Promise<void> {
    const piece = this.find(key);
    if (piece?.underWay !== undefined) return this.onceEnded(piece.underWay, piece, key, work);
    if (piece !== undefined && this.elapsedMs() - piece.concludedAt < this.bounds.forMs) return Promise.resolve();
    return this.begin(key, work());
  }

  /** As {@link once}, after the same work that is under way. */
  private async onceEnded(underWay: Promise<Taken>, piece: Piece, key: string, work: () => Promise<Taken>): Promise<void> {
    if ((await underWay.catch(() => 'failed')) === 'concluded') return;
    if (piece.underWay === underWay) piece.underWay = undefined;
    return this.once(key, work);
  }

  private find(key: string): Piece | undefined {
    return this.later.get(key) ?? this.earlier.get(key);
  }

  private async begin(key: string, underWay: Promise<Taken>): Promise<void> {
    const piece: Piece = { underWay, concludedAt: Number.NEGATIVE_INFINITY, half: this.later };
    this.remember(key, piece);
    try {
      if ((await underWay) === 'concluded') this.conclude(key, piece);
    } finally {
      piece.underWay = undefined;
    }
  }

  /** The half in which it was remembered may be forgotten before its time. */
  private conclude(key: string, piece: Piece): void {
    piece.concludedAt = this.elapsedMs();
    if (piece.half !== this.later) this.remember(key, piece);
  }

  private remember(key: string, piece: Piece): void {
    if (this.later.size >= this.bounds.entriesMax / 2) this.beginHalf();
    piece.half = this.later;
    this.later.set(key, piece);
  }

  /** Forgets the earlier half, but for the work in it that is under way. */
  private beginHalf(): void {
    const forgotten = this.earlier;
    this.earlier = this.later;
    this.later = new Map();
    for (const [key, piece] of forgotten) {
      if (piece.underWay === undefined || piece.half !== forgotten) continue;
      piece.half = this.later;
      this.later.set(key, piece);
    }
  }
}
