import type { EpochMs } from '#contracts';

/** Output of one instance: a burst, and what it may send on average after it. */
const burstBytes = 4 * 1_048_576;
const bytesPerSecond = 4 * 1_048_576;
/** A piece of output costs this much besides its own bytes. */
const pieceBytes = 256;

/** Counts the output of an instance, and tells how long nothing more of it should be read. */
export class OutputBudget {
  private leftBytes = burstBytes;
  private countedAt: EpochMs;

  constructor(now: EpochMs) {
    this.countedAt = now;
  }

  /** @returns milliseconds until the output so far is within the budget; 0 if it is within. */
  spend(bytes: number, now: EpochMs): number {
    const elapsedMs = Math.max(0, now - this.countedAt);
    this.countedAt = now;
    this.leftBytes = Math.min(burstBytes, this.leftBytes + (elapsedMs * bytesPerSecond) / 1_000) - bytes - pieceBytes;
    return this.leftBytes >= 0 ? 0 : Math.ceil((-this.leftBytes * 1_000) / bytesPerSecond);
  }
}
