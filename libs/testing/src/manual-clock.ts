import { type EpochMs, epochMs } from '#contracts';
import type { ComparedClock, Timer } from '#platform';

interface PendingTimer {
  firesAt: number;
  readonly order: number;
  readonly onFire: () => void;
}

/**
 * A clock that moves only when a test calls {@link ManualClock.advance}. Timers fire in order, each
 * at its own instant.
 */
export class ManualClock implements ComparedClock {
  isRefused = false;
  readonly skewMs = undefined;
  private elapsed = 0;
  private stoodMs = 0;
  private order = 0;
  private readonly timers = new Set<PendingTimer>();
  private readonly refusalListeners: ((isRefused: boolean) => void)[] = [];

  /** @param aheadMs the time of day when nothing has elapsed. */
  constructor(private aheadMs = 1_800_000_000_000) {}

  now(): EpochMs {
    return epochMs(this.aheadMs + this.elapsed);
  }

  elapsedMs(): number {
    return this.elapsed;
  }

  stoodStillMs(): number {
    return this.stoodMs;
  }

  setTimer(delayMs: number, onFire: () => void): Timer {
    const timer = { firesAt: this.elapsed + Math.max(0, delayMs), order: this.order++, onFire };
    this.timers.add(timer);
    return { cancel: () => this.timers.delete(timer) };
  }

  /** Nothing of the test is a broker with another clock. */
  compare(): boolean {
    return false;
  }

  /** Refuses the clock, or accepts it again. */
  refuse(isRefused: boolean): void {
    this.isRefused = isRefused;
    for (const listener of this.refusalListeners) listener(isRefused);
  }

  onRefusal(listener: (isRefused: boolean) => void): void {
    this.refusalListeners.push(listener);
  }

  onStep(): void {
    return undefined;
  }

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.timers.size;
  }

  /** Sets the time of day forward, or back if `ms` is negative. No time elapses, no timer fires. */
  step(ms: number): void {
    this.aheadMs += ms;
  }

  /** Lets time pass in which timers stand still, as while the machine sleeps. */
  sleep(ms: number): void {
    this.elapsed += ms;
    for (const timer of this.timers) timer.firesAt += ms;
  }

  /** Lets time pass in which the process is frozen: its timers fire late, at the next advance. */
  freeze(ms: number): void {
    this.elapsed += ms;
    this.stoodMs += ms;
  }

  /**
   * Moves the clock by `ms`. Between two timers the event loop runs once, so that work started by a
   * timer can proceed.
   */
  async advance(ms: number): Promise<void> {
    const end = this.elapsed + ms;
    for (let next = this.next(end); next !== undefined; next = this.next(end)) {
      this.timers.delete(next);
      this.elapsed = Math.max(this.elapsed, next.firesAt);
      next.onFire();
      await new Promise(setImmediate);
    }
    this.elapsed = end;
    await new Promise(setImmediate);
  }

  private next(end: number): PendingTimer | undefined {
    return [...this.timers].filter(({ firesAt }) => firesAt <= end).sort((a, b) => a.firesAt - b.firesAt || a.order - b.order)[0];
  }
}
