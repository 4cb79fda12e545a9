import type { Clock, Timer } from './basics/clock.ts';

/** The parts of a clock that measure the time in which this process ran. */
export type RunningClock = Pick<Clock, 'elapsedMs' | 'stoodStillMs' | 'setTimer'>;

/**
 * Calls `onFire` once after this process has run for `delayMs`, for timeouts of peers. The time in
 * which the process stood still does not count: nobody could read the answer of the peer then.
 * After a standstill of 30 s, all timers are due before the first answer is read.
 */
export function runningTimer(clock: RunningClock, delayMs: number, onFire: () => void): Timer {
  const ranMs = (): number => clock.elapsedMs() - clock.stoodStillMs();
  const endsMs = ranMs() + delayMs;
  const arm = (waitMs: number): Timer =>
    clock.setTimer(waitMs, () => {
      const leftMs = endsMs - ranMs();
      // Timers of the system may fire 1 ms early.
      if (leftMs > 1) timer = arm(leftMs);
      else onFire();
    });
  let timer = arm(delayMs);
  return { cancel: () => timer.cancel() };
}
