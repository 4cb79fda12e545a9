import type { EpochMs } from '#contracts';

/** What became of a record that asked for an attempt: it is over for good, or it was put back and will come again under the same number. */
export type Taken = 'concluded' | 'put-back';

/** How long concluded attempts are remembered. */
export interface RecentBounds {
  readonly forMs: number;
  /** The oldest is forgotten first. */
  readonly attemptsMax: number;
}

/**
 * Attempts under way in this process and those concluded lately, so that a record read twice makes one attempt (I5).
 *
 * A second reading during the attempt gets the first one's promise, however long that takes: its offset is finished when the attempt is,
 * not before (I1). Afterwards only what was concluded is remembered: an attempt that was put back, because it was not due by this
 * machine's clock, comes again and must be made (I3).
 */
export class RecentAttempts {
  private readonly underWay = new Map<string, Promise<Taken>>();
  /** In the order of their ends. */
  private readonly concludedAt = new Map<string, EpochMs>();

  constructor(
    private readonly now: () => EpochMs,
    private readonly bounds: RecentBounds,
  ) {}

  /**
   * Makes the attempt unless it is under way or was concluded within the time. One that failed to be written down may be made again, and so
   * may one that was put back: its record may come round before the brokers' answer to the putting back does.
   */
  async once(key: string, make: () => Promise<Taken>): Promise<void> {
    for (let known = this.underWay.get(key); known !== undefined; known = this.underWay.get(key)) {
      if ((await known) === 'concluded') return;
      this.leave(key, known);
    }
    this.forgetOld();
    if (this.concludedAt.has(key)) return;
    const attempt = make();
    this.underWay.set(key, attempt);
    try {
      if ((await attempt) === 'concluded') this.concludedAt.set(key, this.now());
    } finally {
      this.leave(key, attempt);
    }
  }

  private leave(key: string, attempt: Promise<Taken>): void {
    if (this.underWay.get(key) === attempt) this.underWay.delete(key);
  }

  private forgetOld(): void {
    const before = this.now() - this.bounds.forMs;
    for (const [key, at] of this.concludedAt) {
      if (at > before && this.concludedAt.size <= this.bounds.attemptsMax) return;
      this.concludedAt.delete(key);
    }
  }
}
