/** Output of one instance: a burst, and what it may send on average after it. */
const burstBytes = 4 * 1_048_576;
const bytesPerSecond = 4 * 1_048_576;
/** A piece of output costs this much besides its own bytes. */
const pieceBytes = 256;

/** Counts the output of an instance, and tells how long nothing more of it should be read. */
export class OutputBudget {
  private leftBytes = burstBytes;
  /** @param countedMs the time now, by a clock that never goes back. */
  constructor(private countedMs: number) {}

  /** @returns milliseconds until the output so far is within the budget; 0 if it is within. */
  spend(bytes: number, nowMs: number): number {
    const elapsedMs = nowMs - this.countedMs;
    this.countedMs = nowMs;
    this.leftBytes = Math.min(burstBytes, this.leftBytes + (elapsedMs * bytesPerSecond) / 1_000) - bytes - pieceBytes;
    return this.leftBytes >= 0 ? 0 : Math.ceil((-this.leftBytes * 1_000) / bytesPerSecond);
  }
}
