import type { EpochMs } from '#contracts';

/**
 * Attempts this process has seen lately, so that a record read twice makes one attempt (I5).
 *
 * The second reading gets the first one's promise: its offset is finished when the attempt is, not before (I1).
 */
export class RecentAttempts {
  private readonly seen = new Map<string, { readonly at: EpochMs; readonly attempt: Promise<void> }>();

  constructor(
    private readonly forMs: number,
    private readonly attemptsMax: number,
  ) {}

  /** Makes the attempt unless it was made within the time; one that failed to be written down may be made again. */
  async once(key: string, now: EpochMs, make: () => Promise<void>): Promise<void> {
    const known = this.seen.get(key);
    if (known !== undefined && now - known.at < this.forMs) return known.attempt;
    this.forgetOld(now);
    const attempt = make();
    this.seen.set(key, { at: now, attempt });
    try {
      await attempt;
    } catch (error) {
      this.seen.delete(key);
      throw error;
    }
  }

  private forgetOld(now: EpochMs): void {
    for (const [key, { at }] of this.seen) {
      if (now - at < this.forMs && this.seen.size < this.attemptsMax) return;
      this.seen.delete(key);
    }
  }
}
