import { Counter, type Registry as Metrics } from 'prom-client';
import type { Clock } from './basics/clock.ts';
import { gaugeOf } from './gauge-of.ts';
import type { Logger } from './logger.ts';
import type { ClockObserver } from './platform-clock.ts';

/** The same state of the clock is logged once in this time, in milliseconds. */
const logAgainMs = 60_000;

/** The skews, in milliseconds, from which the clock is warned of and refused. */
export interface SkewBounds {
  readonly warnMs: number;
  readonly refuseMs: number;
}

/** Shows steps and skew of the clock in the log and in metrics. */
export class ClockReports implements ClockObserver {
  private skewMs = Number.NaN;
  private loggedMs = Number.NEGATIVE_INFINITY;
  private wasRefused = false;
  private readonly steps: Counter;

  constructor(
    private readonly logger: Logger,
    metrics: Metrics,
    private readonly bounds: SkewBounds,
    private readonly time: Pick<Clock, 'elapsedMs'>,
  ) {
    gaugeOf(
      metrics,
      'sendoff_clock_skew_seconds',
      'By how much the clock of this machine is ahead of that of the brokers, at least; NaN before the first measurement.',
      () => this.skewMs / 1_000,
    );
    this.steps = new Counter({
      name: 'sendoff_clock_steps_total',
      help: 'Changes of the clock of this machine by 1 s or more.',
      registers: [metrics],
    });
  }

  stepped(byMs: number): void {
    this.steps.inc();
    this.logger.warn({ byMs }, 'the clock of this machine was set forward or back; waits go on as before');
  }

  compared(skewMs: number, isRefused: boolean): void {
    this.skewMs = skewMs;
    const hasChanged = isRefused !== this.wasRefused;
    this.wasRefused = isRefused;
    if (!hasChanged && this.time.elapsedMs() - this.loggedMs < logAgainMs) return;
    if (!hasChanged && Math.abs(skewMs) < this.bounds.warnMs) return;
    this.loggedMs = this.time.elapsedMs();
    const facts = { skewMs: Math.round(skewMs), ...this.bounds };
    if (isRefused)
      this.logger.error(
        facts,
        'this service takes no work: the clocks of this machine and of the brokers differ by more than CLOCK_SKEW_MAX_MS; set the wrong one',
      );
    else if (hasChanged) this.logger.warn(facts, 'the clocks agree again, and this service takes work');
    else this.logger.warn(facts, 'the clocks of this machine and of the brokers differ; this service uses that of the brokers');
  }
}
