/**
 * Tells tries that find the queue of their target full when to come back.
 *
 * Each gets a time of its own, behind those that were sent back before: the queue then takes them
 * as they come. With one wait for all, 2,400 tries that had gathered during a freeze came back
 * together every 10 s. Most of them found the queue full again.
 *
 * The pace may rise meanwhile, when the machine is less busy. So the first of them comes back when
 * half of the queue should have drained. The others follow twice as fast as tries end now, and at
 * most 2 ms behind one another: 500 a second at least. Those that find the queue full again cost a
 * write and a read each. By the pace alone, 5,000 tries came back up to 30 s after their target had
 * become idle.
 */

/** Shortest wait, in milliseconds: each return costs a write and a read. */
const waitMsMin = 200;
/** Longest wait, in milliseconds: the target may have become faster meanwhile. */
const waitMsMax = 30_000;
/** Longest time until the first of them comes back, in milliseconds. */
const firstBackMsMax = 5_000;
/** Longest time between the returns of two tries, in milliseconds. */
const spacingMsMax = 2;
/** Tries come back so many times as fast as they end. */
const returnsPerEnd = 2;
/** Assumed until the first tries have ended, in milliseconds. */
const msPerTryFirst = 1;
/** Ends are counted for so long, in milliseconds: they come in bursts. */
const countedMs = 500;
/** Weight of the newest count in the average. */
const newestWeight = 0.5;

/** How fast the queue of one target drains. All times are those in which the process ran. */
export class DrainPace {
  private msPerTry = msPerTryFirst;
  /** Since when ends are counted; undefined while nothing waits. */
  private countedSinceMs: number | undefined;
  private ends = 0;
  /** When the last try that was sent back comes. */
  private lastBackMs = 0;

  /**
   * Notes that a try ended.
   * @param isFull true if others wait: the target then has as much to do as it can.
   */
  ended(nowMs: number, isFull: boolean): void {
    this.ends += 1;
    const tookMs = this.countedSinceMs === undefined ? 0 : nowMs - this.countedSinceMs;
    if (tookMs >= countedMs) this.msPerTry += newestWeight * (tookMs / this.ends - this.msPerTry);
    if (!isFull) this.countedSinceMs = undefined;
    else if (this.countedSinceMs === undefined || tookMs >= countedMs) {
      this.countedSinceMs = nowMs;
      this.ends = 0;
    }
  }

  /** Tries that end within a time, as fast as they end now. */
  triesWithin(durationMs: number): number {
    return durationMs / this.msPerTry;
  }

  /** Takes the next free time for a try. @returns how long it waits, in milliseconds. */
  takeWaitMs(nowMs: number, waiting: number): number {
    const spacingMs = Math.min(this.msPerTry / returnsPerEnd, spacingMsMax);
    const halfDrainedMs = (waiting * this.msPerTry) / 2;
    const backMs = Math.max(this.lastBackMs, nowMs + Math.min(halfDrainedMs, firstBackMsMax)) + spacingMs;
    this.lastBackMs = Math.min(backMs, nowMs + waitMsMax);
    return Math.max(waitMsMin, Math.round(this.lastBackMs - nowMs));
  }
}
