/**
 * Watches a reader that stands still although its partitions have records to read.
 *
 * ```text
 * reading --unreadyAfterMs--> standing still: the process is not ready
 *    ^                          |  every rejoinAfterMs: new connections, and a new member
 *    +---- reads a record ------+  after endAfterMs: the process ends
 * ```
 *
 * Reading is not handling: a partition that is paused, because its handlers are busy, does not
 * stand still. Nor does one whose end nobody tells: if its leader is gone, a new member would not
 * read it either.
 *
 * 1. Times are counted by the monotonic clock. The time in which this process itself stood still
 *    does not count.
 * 2. The end of a partition comes from another connection than its records.
 */
import { partitionName, PlatformError } from '#contracts';
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import type { TransportLog } from '../log.ts';
import type { PartitionEnd } from '../ports.ts';

/** Times without progress, in milliseconds. */
export interface StandstillLimits {
  /** After this time the process is not ready. */
  readonly unreadyAfterMs: number;
  /** After each such time the reader begins anew, with new connections. */
  readonly rejoinAfterMs: number;
  /** After this time the process ends. */
  readonly endAfterMs: number;
}

/** A session timeout and 5 s; twice and eight times as long. See docs/operations.md. */
export const standstillLimitsDefault: StandstillLimits = {
  unreadyAfterMs: 15_000,
  rejoinAfterMs: 30_000,
  endAfterMs: 120_000,
};

/** A timer that comes this late says that the process itself stood still, in milliseconds. */
const ownStandstillMs = 5_000;

/** How far a reader is with one partition. */
export interface ReadingProgress extends TopicPartition {
  /** The next offset; undefined while it is not known. */
  readonly position: bigint | undefined;
  /** True while the partition is not read on purpose. */
  readonly isPaused: boolean;
  /** When it was last read on, or found to be read to its end. Undefined: not yet. */
  readonly progressAt: number | undefined;
}

/** The reader, as its watch sees it. */
export interface StandstillPorts {
  /** The reader in words, for errors. */
  readonly reader: string;
  readonly log: TransportLog;
  /** All partitions that the process is to read. */
  progress(): readonly ReadingProgress[];
  /** Ends of the partitions of a topic: only those that the brokers tell. */
  ends(topic: string): Promise<readonly PartitionEnd[]>;
  /** Begins anew: new connections, at the same positions. */
  beginAnew(): void;
  /** The process should end. */
  onFatal(error: PlatformError): void;
}

/** The watch of one reader. */
export class StandstillWatch {
  /** When each partition last made progress. */
  private readonly since = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;
  private lookedAt = performance.now();
  private begunAnewAt = 0;
  private isLooking = false;
  private stopped = false;
  private isStill = false;

  constructor(
    private readonly ports: StandstillPorts,
    private readonly limits: StandstillLimits,
  ) {
    this.timer = setInterval(() => void this.look(), this.lookMs);
    this.timer.unref();
  }

  /** True while a partition with records to read has stood still for `unreadyAfterMs`. */
  get isStandingStill(): boolean {
    return this.isStill;
  }

  stop(): void {
    this.stopped = true;
    this.isStill = false;
    clearInterval(this.timer);
  }

  private get lookMs(): number {
    return Math.min(1_000, this.limits.unreadyAfterMs / 4);
  }

  private async look(): Promise<void> {
    const now = performance.now();
    // 1.
    if (now - this.lookedAt > ownStandstillMs) for (const name of this.since.keys()) this.since.set(name, now);
    this.lookedAt = now;
    if (this.isLooking) return;
    this.isLooking = true;
    const suspects = this.suspects();
    const withRecords = suspects.length === 0 ? [] : await this.withRecords(suspects).catch(() => []);
    this.isLooking = false;
    if (!this.stopped) this.judge(withRecords);
  }

  /** Partitions without progress for `unreadyAfterMs`. */
  private suspects(): readonly ReadingProgress[] {
    const now = performance.now();
    const all = this.ports.progress();
    const names = new Set(all.map(partitionName));
    for (const name of this.since.keys()) if (!names.has(name)) this.since.delete(name);
    for (const one of all) {
      const before = this.since.get(partitionName(one)) ?? now;
      this.since.set(partitionName(one), one.isPaused ? now : Math.max(before, one.progressAt ?? before));
    }
    return all.filter((one) => this.stillMs(one) >= this.limits.unreadyAfterMs);
  }

  private stillMs(partition: TopicPartition): number {
    return performance.now() - (this.since.get(partitionName(partition)) ?? performance.now());
  }

  /** Those of the suspects that still are, and have records to read. */
  private async withRecords(suspects: readonly ReadingProgress[]): Promise<readonly ReadingProgress[]> {
    const topics = [...new Set(suspects.map(({ topic }) => topic))];
    const ends = new Map<string, bigint>();
    for (const topic of topics)
      for (const { partition, end } of await this.ports.ends(topic)) ends.set(partitionName({ topic, partition }), end);
    // 2. They may have been read meanwhile.
    return this.suspects().filter((one) => (ends.get(partitionName(one)) ?? 0n) > (one.position ?? 0n));
  }

  private judge(still: readonly ReadingProgress[]): void {
    const { log, reader, beginAnew, onFatal } = this.ports;
    const wasStill = this.isStill;
    this.isStill = still.length > 0;
    if (!this.isStill) {
      if (wasStill) log('info', 'A reader that stood still reads again', { reader });
      return;
    }
    const stillMs = Math.max(...still.map((one) => this.stillMs(one)));
    const facts = { reader, partitions: still.map(partitionName), stillMs: Math.round(stillMs) };
    if (!wasStill) log('warn', 'A reader stands still although there are records to read', facts);
    if (stillMs >= this.limits.endAfterMs) {
      const reason = `${reader} read nothing of ${facts.partitions.join(', ')} for ${facts.stillMs} ms`;
      return onFatal(new PlatformError('READING_STALLED', { details: { reason, ...facts } }));
    }
    const now = performance.now();
    if (stillMs < this.limits.rejoinAfterMs || now - this.begunAnewAt < this.limits.rejoinAfterMs) return;
    this.begunAnewAt = now;
    log('warn', 'A reader that stands still begins anew', facts);
    beginAnew();
  }
}
