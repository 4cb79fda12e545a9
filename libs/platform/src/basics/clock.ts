import { uptime } from 'node:os';
import { type EpochMs, epochMs } from '#contracts';

/** A timer that has not fired yet. */
export interface Timer {
  /** Stops the timer. Does nothing if the timer has fired. */
  cancel(): void;
}

/**
 * The time and the timers of a service. Code that needs either takes a `Clock`, so that tests can
 * drive it.
 * @see docs/adr/0027-one-clock-judges-one-instant.md
 */
export interface Clock {
  /**
   * The time of day. For instants that are written down, or that another process judges. It may
   * step forward or back, so it measures no duration.
   */
  now(): EpochMs;
  /**
   * Milliseconds since an instant in the past, with fractions. No setting of a clock changes it: it
   * never goes back. It goes on while the machine sleeps. For waits and durations in this process.
   */
  elapsedMs(): number;
  /**
   * How much of `elapsedMs` this process stood still: frozen, starved of its CPU, or on a machine
   * that slept. Never goes back. Standstills shorter than 1 s do not count.
   */
  stoodStillMs(): number;
  /**
   * Calls `onFire` once, after at least `delayMs`. A delay above 2^31 - 1 ms (24.8 days) fires
   * after that time: the caller sets it again.
   */
  setTimer(delayMs: number, onFire: () => void): Timer;
}

/** Returns a random number in [0, 1). */
export type Random = () => number;

const timerMsMax = 2 ** 31 - 1;

/** A timer of this process. It does not keep the process alive. */
export function processTimer(delayMs: number, onFire: () => void): Timer {
  const timer = setTimeout(onFire, Math.min(Math.max(0, delayMs), timerMsMax));
  timer.unref();
  return { cancel: () => clearTimeout(timer) };
}

/** The clock of this machine, as it is set. Nothing watches for standstills. */
export const systemClock: Clock = {
  now: () => epochMs(Date.now()),
  elapsedMs: () => performance.now(),
  stoodStillMs: () => 0,
  setTimer: processTimer,
};

/** The readings of the machine, in milliseconds. */
export interface MachineTime {
  /** The time of day as the machine is set, in whole milliseconds. */
  wallMs(): number;
  /** By how much it was ahead of `steadyMs` at the start, with fractions. */
  readonly wallAheadMs: number;
  /** Goes on while the process can run. */
  steadyMs(): number;
  /** Since the machine was started, with the time it slept. Precise to 1 s or better. */
  uptimeMs(): number;
}

/** The readings of the machine that this process runs on. */
export const thisMachine: MachineTime = {
  wallMs: () => Date.now(),
  wallAheadMs: performance.timeOrigin,
  steadyMs: () => performance.now(),
  uptimeMs: () => uptime() * 1_000,
};

/** The random numbers of this process. */
export const systemRandom: Random = () => Math.random();
