import type { Clock, Logger, Timer } from '#platform';
import type { StatusStore } from './status-store.ts';

const sweepEveryMs = 60_000;
const sweepRecordsMax = 5_000;

/** Removes records older than the retention, 5,000 at a time. */
export class Retention {
  private timer: Timer | undefined;
  private isClosed = false;

  constructor(
    private readonly store: StatusStore,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly ageMaxMs: number,
  ) {}

  /**
   * Sweeps now, and again every 60 s until closed. After a sweep that removed 5,000 records the
   * next one starts at once.
   */
  async run(): Promise<void> {
    let swept = 0;
    try {
      swept = await this.store.sweep(this.clock.now() - this.ageMaxMs, sweepRecordsMax);
    } catch (error) {
      this.logger.warn({ err: error }, 'could not remove old records; trying again in 60 s');
    }
    if (!this.isClosed) this.timer = this.clock.setTimer(swept === sweepRecordsMax ? 0 : sweepEveryMs, () => void this.run());
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
  }
}
