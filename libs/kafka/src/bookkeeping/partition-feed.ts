import { setTimeout as delay } from 'node:timers/promises';
import { type IncomingRecord, PlatformError } from '#contracts';
import type { TransportLog } from '../log.ts';
import { type Commit, OffsetLedger } from './offset-ledger.ts';
import type { RecordHandler } from '../ports.ts';
import { recordBytes } from '../record-bytes.ts';
import { againDelayMs, whatToDo } from './what-to-do.ts';

/** What a feed needs of its consumer. */
export interface FeedOwner {
  readonly handler: RecordHandler;
  readonly log: TransportLog;
  /** Writes a record to the rejects. */
  reject(record: IncomingRecord, reason: string): Promise<void>;
  /** Something may have become committable, or the feed wants to be paused or resumed. */
  changed(feed: PartitionFeed): void;
}

/** How much of a partition may be handed out and not finished. */
export interface FeedLimits {
  readonly bytesMax: number;
  readonly recordsMax: number;
}

/**
 * One assigned partition on its way to the handler. Records come in as they were fetched, wait in the backlog while the marks are
 * reached, are handed out in order, and finish in any order.
 *
 * 1. An offset is finished only when its handler resolved or the record lies in the rejects (I1, I6).
 * 2. While a record is being tried again nothing more is handed out, and nothing is fetched.
 * 3. After `stop` nothing more is handed out; after `lose` nothing more is finished either.
 */
export class PartitionFeed {
  readonly topic: string;
  readonly partition: number;
  private readonly owner: FeedOwner;
  private readonly limits: FeedLimits;
  private readonly ledger: OffsetLedger;
  private readonly abort = new AbortController();
  /** Cuts the waits before another try, so that a stop does not sit them out. */
  private readonly stopped = new AbortController();
  private backlog: readonly IncomingRecord[] = [];
  private backlogIndex = 0;
  private bytes = 0;
  private running = 0;
  private failing = 0;
  private isFull = false;
  /** Has anything happened that may change what is committable? */
  private isDirty = false;
  private lastCommit: Commit;

  constructor(
    topic: string,
    partition: number,
    committed: { readonly offset: bigint; readonly metadata: string | null },
    limits: FeedLimits,
    owner: FeedOwner,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.ledger = new OffsetLedger(committed.offset, committed.metadata);
    this.lastCommit = this.ledger.committable();
    this.limits = limits;
    this.owner = owner;
  }

  /** Where fetching goes on when the backlog is dropped. */
  get position(): bigint {
    return this.ledger.position;
  }

  /** Records with the handler, or on the way to another try. */
  get inFlight(): number {
    return this.running;
  }

  /** Is there no room for another fetch? */
  get wantsPause(): boolean {
    return this.isFull || this.failing > 0 || this.backlogIndex < this.backlog.length || this.stopped.signal.aborted;
  }

  /** Takes what was fetched, ascending. Records that were handed out before, or are known to be finished, are skipped. */
  take(records: readonly IncomingRecord[]): void {
    if (this.stopped.signal.aborted) return;
    this.backlog = this.backlogIndex < this.backlog.length ? [...this.backlog.slice(this.backlogIndex), ...records] : records;
    this.backlogIndex = 0;
    this.handOut();
    this.owner.changed(this);
  }

  /** Forgets what was fetched and not handed out; fetching goes on at {@link position}. */
  dropBacklog(): void {
    this.backlog = [];
    this.backlogIndex = 0;
  }

  /** What should be committed, or `undefined` when that is what was committed last. */
  uncommitted(): Commit | undefined {
    if (!this.isDirty) return undefined;
    const commit = this.ledger.committable();
    const isNew = commit.offset !== this.lastCommit.offset || commit.metadata !== this.lastCommit.metadata;
    if (!isNew) this.isDirty = false;
    return isNew ? commit : undefined;
  }

  /** Notes that a commit is acknowledged. */
  committed(commit: Commit): void {
    this.lastCommit = commit;
  }

  /** Hands out nothing more; what is in flight may finish, what waits for another try is left. */
  stop(): void {
    this.dropBacklog();
    this.stopped.abort();
  }

  /** Gives the partition up: aborts what is in flight, which is no longer ours to finish. */
  lose(): void {
    this.stop();
    this.abort.abort();
  }

  private handOut(): void {
    while (!this.isFull && this.failing === 0) {
      const record = this.backlog[this.backlogIndex];
      if (record === undefined) return this.dropBacklog();
      this.backlogIndex += 1;
      this.isDirty = true;
      if (!this.ledger.handOut(record.offset)) continue;
      const bytes = recordBytes(record);
      this.bytes += bytes;
      this.running += 1;
      this.isFull = this.bytes >= this.limits.bytesMax || this.running >= this.limits.recordsMax;
      void this.run(record, bytes);
    }
  }

  private async run(record: IncomingRecord, bytes: number): Promise<void> {
    const { signal } = this.abort;
    try {
      await this.owner.handler(record, signal);
    } catch (error) {
      this.failing += 1;
      this.owner.changed(this);
      const isSettled = await this.retryUntilHandled(record, error);
      this.failing -= 1;
      if (!isSettled) return this.release(bytes);
    }
    if (signal.aborted) return this.release(bytes);
    this.ledger.finish(record.offset);
    this.isDirty = true;
    this.release(bytes);
  }

  /** Rejects the record or handles it until it passes. @returns false when it is left unfinished. */
  private async retryUntilHandled(record: IncomingRecord, firstError: unknown): Promise<boolean> {
    let error = firstError;
    for (let tries = 1; ; tries += 1) {
      try {
        switch (whatToDo(error, this.abort.signal.aborted)) {
          case 'leave':
            return false;
          case 'reject':
            this.report('warn', 'A record was rejected', record, error, tries);
            await this.owner.reject(record, error instanceof Error ? error.message : String(error));
            return true;
          case 'again':
            this.report(
              error instanceof PlatformError ? 'warn' : 'error',
              'A record will be handled again',
              record,
              error,
              tries,
            );
            await delay(againDelayMs(tries), undefined, { signal: this.stopped.signal });
            await this.owner.handler(record, this.abort.signal);
            return true;
        }
      } catch (next) {
        if (this.stopped.signal.aborted) return false;
        // A reject that could not be written is tried again with its own reason, not with that of the write.
        if (whatToDo(error, false) !== 'reject') error = next;
        else await delay(againDelayMs(tries), undefined, { signal: this.stopped.signal }).catch(() => undefined);
      }
    }
  }

  private release(bytes: number): void {
    this.bytes -= bytes;
    this.running -= 1;
    if (this.isFull && this.bytes <= this.limits.bytesMax / 2 && this.running <= this.limits.recordsMax / 2) this.isFull = false;
    if (!this.isFull && this.backlogIndex < this.backlog.length) this.handOut();
    this.owner.changed(this);
  }

  private report(level: 'warn' | 'error', message: string, record: IncomingRecord, error: unknown, tries: number): void {
    this.owner.log(level, message, {
      topic: record.topic,
      partition: record.partition,
      offset: String(record.offset),
      tries,
      error: error instanceof Error ? error.message : String(error),
      ...(error instanceof PlatformError || !(error instanceof Error) ? {} : { stack: error.stack }),
    });
  }
}
