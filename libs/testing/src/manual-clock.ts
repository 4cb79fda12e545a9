import { type EpochMs, epochMs } from '#contracts';
import type { Clock, Timer } from '#platform';

interface PendingTimer {
  readonly firesAt: number;
  readonly order: number;
  readonly onFire: () => void;
}

/**
 * A clock that moves only when a test calls {@link ManualClock.advance}. Timers fire in order, each
 * at its own instant.
 */
export class ManualClock implements Clock {
  private instant: number;
  private order = 0;
  private readonly timers = new Set<PendingTimer>();

  constructor(start = 1_800_000_000_000) {
    this.instant = start;
  }

  now(): EpochMs {
    return epochMs(this.instant);
  }

  setTimer(delayMs: number, onFire: () => void): Timer {
    const timer = { firesAt: this.instant + Math.max(0, delayMs), order: this.order++, onFire };
    this.timers.add(timer);
    return { cancel: () => this.timers.delete(timer) };
  }

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.timers.size;
  }

  /**
   * Moves the clock by `ms`. Between two timers the event loop runs once, so that work started by a
   * timer can proceed.
   */
  async advance(ms: number): Promise<void> {
    const end = this.instant + ms;
    for (let next = this.next(end); next !== undefined; next = this.next(end)) {
      this.timers.delete(next);
      this.instant = Math.max(this.instant, next.firesAt);
      next.onFire();
      await new Promise(setImmediate);
    }
    this.instant = end;
    await new Promise(setImmediate);
  }

  private next(end: number): PendingTimer | undefined {
    return [...this.timers].filter(({ firesAt }) => firesAt <= end).sort((a, b) => a.firesAt - b.firesAt || a.order - b.order)[0];
  }
}
