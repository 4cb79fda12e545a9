import { workTopicRetentionMs } from '#contracts';
import { type FoldedRecord, lostEvents } from '#lifecycle';
import { type Clock, FailureStreak, type Logger, RetentionClock, type Timer } from '#platform';
import type { LostRecords } from './lost-records.ts';
import type { StatusStore } from './status-store.ts';

const sweepEveryMs = 60_000;
const sweepRecordsMax = 5_000;

/**
 * Removes records that were over longer ago than the retention, 5,000 at a time. Records of
 * invocations that live are never removed; those that Kafka has lost are ended first.
 */
export class Retention {
  private timer: Timer | undefined;
  private isClosed = false;
  /** The last record that was looked at; undefined to begin with the oldest one. */
  private lookedAt: FoldedRecord | undefined;
  private readonly time: RetentionClock;
  private readonly removals: FailureStreak;
  private readonly ends: FailureStreak;

  constructor(
    private readonly store: StatusStore,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly ageMaxMs: number,
    private readonly lost: Pick<LostRecords, 'end'>,
  ) {
    this.time = new RetentionClock(clock);
    this.removals = new FailureStreak(logger, {
      fails: 'could not remove old records; trying again in 60 s',
      works: 'old records are removed again',
    });
    this.ends = new FailureStreak(logger, {
      fails: 'could not end lost invocations; trying again in 60 s',
      works: 'lost invocations are ended again',
    });
  }

  /** Removes old records now, and looks after all records every 60 s until closed. */
  async start(): Promise<void> {
    this.schedule(await this.removeOld());
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
  }

  /**
   * Starts the next sweep at once if the last one was full. A start ends no lost invocation: the
   * service reads first what the topics hold.
   */
  private schedule(isFull: boolean): void {
    if (this.isClosed) return;
    this.timer = this.clock.setTimer(isFull ? 0 : sweepEveryMs, () => void this.sweep());
  }

  private async sweep(): Promise<void> {
    const hasEndedMany = await this.endLost();
    const hasRemovedMany = await this.removeOld();
    this.schedule(hasEndedMany || hasRemovedMany);
  }

  /** @returns true if there may be more. */
  private async removeOld(): Promise<boolean> {
    return this.orLater(this.removals, async () => {
      const count = await this.store.sweep(this.time.now() - this.ageMaxMs, sweepRecordsMax);
      return count >= sweepRecordsMax;
    });
  }

  /**
   * Looks at 5,000 records, and at the next ones in the next sweep. So those that live longer than
   * the topics keep records hide no lost one.
   * @returns true if there may be more.
   */
  private async endLost(): Promise<boolean> {
    return this.orLater(this.ends, async () => {
      const now = this.time.now();
      const records = await this.store.notOver(now - workTopicRetentionMs, sweepRecordsMax, this.lookedAt);
      this.lookedAt = records.length === sweepRecordsMax ? records.at(-1) : undefined;
      const losses = records
        .map((record) => ({ record, events: lostEvents(record, now) }))
        .filter(({ events }) => events.length > 0);
      if (losses.length === 0) return false;
      this.logger.warn(
        { invocations: await this.lost.end(losses) },
        'invocations or deliveries were lost: Kafka removed their records before a service read them',
      );
      return records.length === sweepRecordsMax;
    });
  }

  private async orLater(failures: FailureStreak, step: () => Promise<boolean>): Promise<boolean> {
    try {
      const isFull = await step();
      failures.worked();
      return isFull;
    } catch (error) {
      failures.failed(error);
      return false;
    }
  }
}
