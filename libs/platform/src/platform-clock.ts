/**
 * The clock of a service. It shows the time of the brokers, because all processes reach the same
 * brokers, and each machine may be set to another time.
 *
 * C1. The time goes on by a timer that no setting changes. A step of the machine's clock alone does
 *     not change it.
 * C2. A measurement gives bounds: the brokers read their clock between a question and its answer.
 *     The time changes only if it lies outside of these bounds. Machines whose clocks agree within
 *     the duration of a request keep their own time, to the millisecond.
 * C3. If the machine and the brokers differ by more than `refuseMs`, nobody knows which of them is
 *     wrong. The clock is refused then: the service takes no work. The time stays as it was before;
 *     at the start it is the time of the brokers.
 */
import { type EpochMs, epochMs } from '#contracts';
import { type Clock, type MachineTime, processTimer, type Timer } from './basics/clock.ts';

/** When the brokers read their clock. */
export interface BrokerTime {
  /** The time that their clock showed. */
  readonly brokersAt: EpochMs;
  /** `elapsedMs` of the clock just before the question and just after the answer. */
  readonly askedMs: number;
  readonly answeredMs: number;
}

/** A clock that is compared with the one of the brokers. */
export interface ComparedClock extends Clock {
  /**
   * Takes a measurement into account.
   * @returns true if the time has changed. Another measurement then makes it more precise.
   */
  compare(measured: BrokerTime): boolean;
  /** True while the service should take no work, because of the clock. */
  readonly isRefused: boolean;
  /** Calls back each time {@link isRefused} has changed. */
  onRefusal(listener: (isRefused: boolean) => void): void;
  /** Calls back after each step of the machine's clock: the brokers should be asked again. */
  onStep(listener: () => void): void;
  /**
   * By how much the clock of this machine is ahead of the brokers, at least; negative if it is
   * behind. 0 if no difference can be seen. Undefined before the first measurement.
   */
  readonly skewMs: number | undefined;
}

/** Receives steps and skew of the clock, for metrics and the log. */
export interface ClockObserver {
  /** The clock of this machine was set by so many milliseconds. */
  stepped(byMs: number): void;
  /** After each measurement. @see ComparedClock.skewMs */
  compared(skewMs: number, isRefused: boolean): void;
}

/** Parts of a {@link PlatformClock}. */
export interface PlatformClockParts {
  readonly machine: MachineTime;
  /** The largest skew at which the service takes work, in milliseconds. */
  readonly refuseMs: number;
  readonly observer: ClockObserver;
}

/** Smaller steps are not reported. */
const stepMinMs = 1_000;
/** A smaller difference is the inaccuracy of `uptimeMs`. */
const sleepMinMs = 2_000;
/** A smaller difference comes from reading the wall clock in whole milliseconds. */
const wallRoundingMs = 2;
const lookEveryMs = 1_000;
/** A look that comes this late says that the process stood still. */
const standstillMinMs = 1_000;

/** The clock of a service; see the head of the file. */
export class PlatformClock implements ComparedClock {
  isRefused = false;
  skewMs: number | undefined;
  /** By how much the time of day is ahead of `elapsedMs`. */
  private aheadMs: number;
  /** The same for the clock of the machine. */
  private wallAheadMs: number;
  private sleptMs = 0;
  private uptimeAheadMs: number;
  private wasUsable = false;
  private readonly refusalListeners: ((isRefused: boolean) => void)[] = [];
  private readonly stepListeners: (() => void)[] = [];
  private timer: Timer | undefined;
  /** When {@link watch} last looked. Undefined if nothing watches. */
  private watchedMs: number | undefined;
  private stoodMs = 0;

  constructor(private readonly parts: PlatformClockParts) {
    this.wallAheadMs = parts.machine.wallAheadMs;
    this.aheadMs = this.wallAheadMs;
    this.uptimeAheadMs = this.readUptimeAhead();
  }

  now(): EpochMs {
    return epochMs(Math.floor(this.elapsedMs() + this.aheadMs));
  }

  elapsedMs(): number {
    return this.parts.machine.steadyMs() + this.sleptMs;
  }

  stoodStillMs(): number {
    return this.stoodMs + this.standstillMs();
  }

  setTimer(delayMs: number, onFire: () => void): Timer {
    return processTimer(delayMs, onFire);
  }

  onRefusal(listener: (isRefused: boolean) => void): void {
    this.refusalListeners.push(listener);
  }

  onStep(listener: () => void): void {
    this.stepListeners.push(listener);
  }

  /** Looks every second if the machine slept, its clock was set, or the process stood still. */
  watch(): void {
    this.watchedMs = this.elapsedMs();
    this.timer = this.setTimer(lookEveryMs, () => {
      this.look();
      this.stoodMs += this.standstillMs();
      this.watch();
    });
  }

  close(): void {
    this.timer?.cancel();
  }

  /** Looks if the machine slept or its clock was set since the last look. */
  look(): void {
    const asleepMs = this.readUptimeAhead() - this.uptimeAheadMs;
    if (asleepMs >= sleepMinMs) this.sleptMs += asleepMs;
    if (asleepMs < 0) this.uptimeAheadMs += asleepMs;
    const stepMs = this.readWallAhead() - this.wallAheadMs;
    if (Math.abs(stepMs) <= wallRoundingMs) return;
    this.wallAheadMs += stepMs;
    // Until brokers are asked, the clock of the machine is the only one.
    if (!this.wasUsable && !this.isRefused) this.aheadMs = this.wallAheadMs;
    if (Math.abs(stepMs) < stepMinMs) return;
    this.parts.observer.stepped(Math.round(stepMs));
    for (const listener of this.stepListeners) listener();
  }

  compare({ brokersAt, askedMs, answeredMs }: BrokerTime): boolean {
    this.look();
    const low = brokersAt - answeredMs;
    const high = brokersAt + 1 - askedMs;
    const skewMs = beyond(this.wallAheadMs, low, high);
    const isRefused = Math.abs(skewMs) > this.parts.refuseMs;
    const before = this.aheadMs;
    if (!isRefused || !this.wasUsable) this.aheadMs = this.agreed(low, high);
    if (!isRefused) this.wasUsable = true;
    this.skewMs = skewMs;
    this.parts.observer.compared(skewMs, isRefused);
    if (isRefused !== this.isRefused) {
      this.isRefused = isRefused;
      for (const listener of this.refusalListeners) listener(isRefused);
    }
    return this.aheadMs !== before;
  }

  /** C2. After a step of all clocks, that of the machine is exact again. */
  private agreed(low: number, high: number): number {
    for (const aheadMs of [this.aheadMs, this.wallAheadMs]) if (beyond(aheadMs, low, high) === 0) return aheadMs;
    return (low + high) / 2;
  }

  /** By how much the look of {@link watch} is late. */
  private standstillMs(): number {
    if (this.watchedMs === undefined) return 0;
    const lateMs = this.elapsedMs() - this.watchedMs - lookEveryMs;
    return lateMs < standstillMinMs ? 0 : lateMs;
  }

  /** The middle of the millisecond that the wall clock shows. */
  private readWallAhead(): number {
    return this.parts.machine.wallMs() + 0.5 - this.elapsedMs();
  }

  /** Grows while the machine sleeps. */
  private readUptimeAhead(): number {
    return this.parts.machine.uptimeMs() - this.elapsedMs();
  }
}

/** How far a value lies above `high`, or below `low` as a negative number; 0 between them. */
function beyond(value: number, low: number, high: number): number {
  return value > high ? value - high : Math.min(0, value - low);
}
