import { type EpochMs, epochMs } from '#contracts';
import type { Clock, Timer } from './basics/clock.ts';

/** Longest time until a wait is examined again, in milliseconds. */
const examineEveryMs = 2_000;
/** More than the rounding error of an instant with fractions. */
const roundingMs = 0.001;

/**
 * The time of day as it goes on from the arrival of a record in this process. It is the clock's
 * time at the arrival, plus what has elapsed since. A step of the clock after the arrival does not
 * change it. So a wait of 10 s ends after 10 s, although the clock was set back meanwhile.
 */
export class TimeSinceArrival {
  private readonly aheadMs: number;

  constructor(private readonly clock: Pick<Clock, 'now' | 'elapsedMs'>) {
    this.aheadMs = clock.now() - clock.elapsedMs();
  }

  /** The time of day. */
  now(): EpochMs {
    return epochMs(Math.floor(this.clock.elapsedMs() + this.aheadMs + roundingMs));
  }

  /** The value of `elapsedMs` of the clock at an instant. */
  elapsedAt(instant: EpochMs): number {
    return instant - this.aheadMs;
  }
}

/**
 * Calls `onFire` once when the clock has elapsed so far, never earlier. The timer is set anew every
 * 2 s at the latest: timers of the system stand still while the machine sleeps.
 */
export function timerAt(clock: Pick<Clock, 'elapsedMs' | 'setTimer'>, elapsedMs: number, onFire: () => void): Timer {
  let timer: Timer;
  const arm = (): Timer => {
    const leftMs = elapsedMs - clock.elapsedMs();
    // Timers of the system may fire 1 ms early.
    return clock.setTimer(Math.min(Math.max(1, leftMs), examineEveryMs), () => {
      if (clock.elapsedMs() < elapsedMs) timer = arm();
      else onFire();
    });
  };
  timer = arm();
  return { cancel: () => timer.cancel() };
}
