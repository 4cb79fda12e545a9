import type { Clock, Logger, Timer } from '#platform';
import type { StatusStore } from './status-store.ts';

const sweepEveryMs = 60_000;
const sweepMax = 5_000;

/** Removes records past their age, a bounded number at a time. */
export class Retention {
  private timer: Timer | undefined;
  private isClosed = false;

  constructor(
    private readonly store: StatusStore,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly ageMaxMs: number,
  ) {}

  /** Sweeps now and then until closed; a full sweep is followed by another at once. */
  async run(): Promise<void> {
    let swept = 0;
    try {
      swept = await this.store.sweep(this.clock.now() - this.ageMaxMs, sweepMax);
    } catch (error) {
      this.logger.warn({ err: error }, 'old records could not be removed');
    }
    if (!this.isClosed) this.timer = this.clock.setTimer(swept === sweepMax ? 0 : sweepEveryMs, () => void this.run());
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
  }
}
