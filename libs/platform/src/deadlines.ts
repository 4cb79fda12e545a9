import type { Clock, Timer } from './basics/clock.ts';
import { ShortLivedMap } from './short-lived-map.ts';
import { timerAt } from './time-since-arrival.ts';

/** How often all deadlines are looked at, in milliseconds. */
const lookEveryMs = 2_000;
/** A deadline within this time has a timer of its own, in milliseconds. */
const nearMs = 2 * lookEveryMs;

/** One deadline of {@link Deadlines}. */
class Deadline implements Timer {
  private near: Timer | undefined;

  constructor(
    readonly number: number,
    readonly elapsedMs: number,
    readonly onReached: () => void,
    private readonly far: ShortLivedMap<number, Deadline>,
  ) {}

  /** Sets a timer for it, which fires at the deadline and never earlier. */
  arm(clock: Pick<Clock, 'elapsedMs' | 'setTimer'>): void {
    this.far.delete(this.number);
    this.near = timerAt(clock, this.elapsedMs, this.onReached);
  }

  cancel(): void {
    this.far.delete(this.number);
    this.near?.cancel();
  }
}

/**
 * Calls back at deadlines, for many that are far away and seldom reached. One timer looks at all of
 * them every 2 s, and only near ones have a timer of their own. With 4,000 attempts in a backlog,
 * one timer each cost 600 bytes an attempt and 2,000 calls a second.
 */
export class Deadlines {
  private readonly far = new ShortLivedMap<number, Deadline>();
  private lastNumber = 0;
  private isLooking = false;

  constructor(private readonly clock: Pick<Clock, 'elapsedMs' | 'setTimer'>) {}

  /** Calls `onReached` once when the clock has elapsed so far, never earlier. */
  add(elapsedMs: number, onReached: () => void): Timer {
    const deadline = new Deadline((this.lastNumber += 1), elapsedMs, onReached, this.far);
    if (this.isNear(deadline)) deadline.arm(this.clock);
    else {
      this.far.set(deadline.number, deadline);
      this.lookLater();
    }
    return deadline;
  }

  private isNear({ elapsedMs }: Deadline): boolean {
    return elapsedMs - this.clock.elapsedMs() <= nearMs;
  }

  private lookLater(): void {
    if (this.isLooking) return;
    this.isLooking = true;
    this.clock.setTimer(lookEveryMs, () => {
      this.isLooking = false;
      for (const deadline of this.far.values()) if (this.isNear(deadline)) deadline.arm(this.clock);
      if (this.far.size > 0) this.lookLater();
    });
  }
}
