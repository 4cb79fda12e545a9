/**
 * The time by which something is removed for good because of its age. A clock that steps forward by
 * a month must not remove what has days to go. The step may be a mistake, and a removal cannot be
 * undone.
 *
 * R1. The time goes on as elapsed time does. A step forward counts after it has lasted for a day.
 * R2. A step back counts at once: less is removed. If the clock then goes forward to where it was,
 *     that is no step.
 */
import { type EpochMs, epochMs } from '#contracts';
import type { Clock } from './basics/clock.ts';

const trustedAfterMs = 86_400_000;

/** The time of retentions; see the head of the file. */
export class RetentionClock {
  /** By how much the time of day is ahead of `elapsedMs`, as far as it is trusted. */
  private trustedMs: number;
  /** When the clock was first found ahead of that. */
  private aheadSinceMs: number | undefined;

  constructor(private readonly clock: Pick<Clock, 'now' | 'elapsedMs'>) {
    this.trustedMs = clock.now() - clock.elapsedMs();
  }

  /** The earliest time that it may be: for the age of things that may be removed. */
  now(): EpochMs {
    return epochMs(Math.floor(Math.min(this.clock.now(), this.trusted())));
  }

  /** The latest time that it may be: for the time at which something new will be removed. */
  latest(): EpochMs {
    return epochMs(Math.floor(Math.max(this.clock.now(), this.trusted())));
  }

  private trusted(): number {
    const elapsedMs = this.clock.elapsedMs();
    const aheadMs = this.clock.now() - elapsedMs;
    if (aheadMs <= this.trustedMs) this.aheadSinceMs = undefined;
    else {
      this.aheadSinceMs ??= elapsedMs;
      if (elapsedMs - this.aheadSinceMs >= trustedAfterMs) this.trustedMs = aheadMs;
    }
    return elapsedMs + this.trustedMs;
  }
}
