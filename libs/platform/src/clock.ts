import { type EpochMs, epochMs } from '#contracts';

/** A timer that has not fired yet. */
export interface Timer {
  /** Stops the timer. Does nothing if the timer has fired. */
  cancel(): void;
}

/**
 * The time and the timers of a service. Code that needs either takes a `Clock`, so that tests can
 * drive it.
 */
export interface Clock {
  now(): EpochMs;
  /**
   * Calls `onFire` once, after at least `delayMs`. A delay above 2^31 - 1 ms (24.8 days) fires
   * after that time: the caller sets it again.
   */
  setTimer(delayMs: number, onFire: () => void): Timer;
}

/** Returns a random number in [0, 1). */
export type Random = () => number;

const timerMsMax = 2 ** 31 - 1;

/** The clock of this machine. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => epochMs(Date.now()),
  setTimer(delayMs, onFire) {
    const timer = setTimeout(onFire, Math.min(Math.max(0, delayMs), timerMsMax));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The random numbers of this process. */
export const systemRandom: Random = () => Math.random();
