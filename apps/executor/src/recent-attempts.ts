import type { EpochMs } from '#contracts';

/** What became of a record that asked for an attempt: it is over for good, or it was put back and will come again under the same number. */
export type Taken = 'concluded' | 'put-back';

interface Seen {
  readonly at: EpochMs;
  readonly attempt: Promise<Taken>;
}

/**
 * Attempts this process has seen lately, so that a record read twice makes one attempt (I5).
 *
 * The second reading gets the first one's promise: its offset is finished when the attempt is, not before (I1). Only what was concluded
 * is remembered after that: an attempt that was put back, because it was not due by this machine's clock, comes again and must be made (I3).
 */
export class RecentAttempts {
  private readonly seen = new Map<string, Seen>();

  constructor(
    private readonly forMs: number,
    private readonly attemptsMax: number,
  ) {}

  /**
   * Makes the attempt unless it was made within the time. One that failed to be written down may be made again, and so may one that was
   * put back: its record may come round before the brokers' answer to the putting back does.
   */
  async once(key: string, now: EpochMs, make: () => Promise<Taken>): Promise<void> {
    for (let known = this.fresh(key, now); known !== undefined; known = this.fresh(key, now)) {
      if ((await known.attempt) === 'concluded') return;
      this.forget(key, known);
    }
    this.forgetOld(now);
    const entry: Seen = { at: now, attempt: make() };
    this.seen.set(key, entry);
    try {
      if ((await entry.attempt) === 'put-back') this.forget(key, entry);
    } catch (error) {
      this.forget(key, entry);
      throw error;
    }
  }

  private fresh(key: string, now: EpochMs): Seen | undefined {
    const known = this.seen.get(key);
    return known !== undefined && now - known.at < this.forMs ? known : undefined;
  }

  private forget(key: string, entry: Seen): void {
    if (this.seen.get(key) === entry) this.seen.delete(key);
  }

  private forgetOld(now: EpochMs): void {
    for (const [key, { at }] of this.seen) {
      if (now - at < this.forMs && this.seen.size < this.attemptsMax) return;
      this.seen.delete(key);
    }
  }
}
