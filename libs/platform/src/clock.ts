import { type EpochMs, epochMs } from '#contracts';

/** A timer that has not fired yet. */
export interface Timer {
  /** Makes sure it never fires; does nothing when it has. */
  cancel(): void;
}

/** The one source of time. */
export interface Clock {
  now(): EpochMs;
  /** Calls back once after at least `delayMs`; bounds above 2^31 - 1 fire early and must be set again by the caller. */
  setTimer(delayMs: number, onFire: () => void): Timer;
}

/** Draws a number in [0, 1). */
export type Random = () => number;

const timerMsMax = 2 ** 31 - 1;

/** The time of this machine. Its timers keep no process alive. */
export const systemClock: Clock = {
  now: () => epochMs(Date.now()),
  setTimer(delayMs, onFire) {
    const timer = setTimeout(onFire, Math.min(Math.max(0, delayMs), timerMsMax));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The dice of this process. */
export const systemRandom: Random = () => Math.random();
