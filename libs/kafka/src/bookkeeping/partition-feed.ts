/**
 * One assigned partition, between the fetch loop and the handler.
 *
 * The way of a record:
 *
 * ```text
 * fetched -> backlog -> in flight -> finished -> committed
 *                         |  ^
 *     the handler fails   v  |   after a wait the handler is called again
 *                       failing
 *                         |-> finished:  the error is final, the record lies in the rejects
 *                         |-> left:      the partition was lost, or the feed was stopped
 *                         '-> given up:  too many unexpected errors, the process ends
 * ```
 *
 * The consumer calls `take` with each fetched batch. The feed calls the handler with the records in
 * the order of their offsets. It does not wait for one record before the next, so they finish in
 * any order.
 *
 * The limits bound the records and bytes in flight. At a limit the rest of the batch stays in the
 * backlog. The feed then asks for a pause, and the consumer fetches other partitions only. At half
 * of the limit the feed hands out more.
 *
 * While one record is failing, the feed hands out nothing more and asks for a pause. The usual
 * cause is a broker or a database that is down, and other records would fail the same way.
 *
 * The consumer asks for `uncommitted` from time to time and writes it to the broker. `stop` ends
 * the handing out; records in flight may still finish. `lose` also aborts the records in flight,
 * because another process owns the partition now. The next owner handles each record that was left
 * or given up.
 *
 * 1. An offset is finished only if its handler resolved or the record lies in the rejects (I1, I6).
 * 2. While a record is failing, and after one was given up, nothing is handed out or fetched.
 * 3. After `stop` nothing more is handed out. After `lose` nothing more is finished either.
 * 4. This feed commits no offset at or past a record that was left or given up.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type IncomingRecord, PlatformError } from '#contracts';
import type { TransportLog } from '../log.ts';
import { type Commit, OffsetLedger } from './offset-ledger.ts';
import type { Interruption, RecordDelivery, RecordHandler, RecordObserver } from '../ports.ts';
import { recordBytes } from '../record-bytes.ts';
import { againDelayMs, isUnexpected, whatToDo } from './what-to-do.ts';

/** The consumer as its feed sees it. */
export interface FeedOwner {
  readonly handler: RecordHandler;
  readonly log: TransportLog;
  readonly observer: RecordObserver;
  /** Unexpected errors of one record after which the feed gives it up. */
  readonly triesMax: number;
  /** Writes a record to the rejects. */
  reject(record: IncomingRecord, reason: string): Promise<void>;
  /**
   * Called when something may have become committable, or when the feed wants to be paused or
   * resumed.
   */
  changed(feed: PartitionFeed): void;
  /**
   * Called when a record is given up: the process should end.
   * @param error `RECORD_UNHANDLED`, which names the record.
   */
  giveUp(error: PlatformError): void;
  /** Commits everything that is finished. */
  commit(): Promise<void>;
}

/** How much of a partition may be in flight. */
export interface FeedLimits {
  readonly bytesMax: number;
  readonly recordsMax: number;
}

/** How the handling of a failing record ended. */
type Ending = 'finished' | 'left' | 'given-up';

/** One assigned partition, between the fetch loop and the handler. */
export class PartitionFeed {
  private readonly ledger: OffsetLedger;
  private readonly lost = new AbortController();
  /** Also cuts the waits between tries, so that a stop does not have to sit them out. */
  private readonly stopped = new AbortController();
  private backlog: readonly IncomingRecord[] = [];
  private backlogIndex = 0;
  private bytesInFlight = 0;
  private recordsInFlight = 0;
  /** Records that are failing, and records that were given up. */
  private failing = 0;
  private isFull = false;
  /** False while nothing happened that could change what is committable. */
  private mayHaveProgressed = false;
  private lastCommit: Commit;
  /** Records below this offset were there when an owner ended; unknown until the first batch. */
  private interruptedBelow: bigint | undefined;
  private readonly usual: RecordDelivery;
  private readonly interrupted: RecordDelivery | undefined;

  constructor(
    readonly topic: string,
    readonly partition: number,
    committed: { readonly offset: bigint; readonly metadata: string | null },
    private readonly limits: FeedLimits,
    private readonly owner: FeedOwner,
    /** Set if the owner before is gone, and had not let the partition go. */
    interruption?: Interruption,
  ) {
    const commit = async () => owner.commit();
    this.usual = { commit };
    this.interrupted = interruption === undefined ? undefined : { interruption, commit };
    this.ledger = new OffsetLedger(committed.offset, committed.metadata);
    this.lastCommit = this.ledger.committable();
  }

  /** The offset at which fetching goes on if the backlog is dropped. */
  get position(): bigint {
    return this.ledger.position;
  }

  /** Every record below this offset is finished. */
  get lowWaterMark(): bigint {
    return this.ledger.lowWaterMark;
  }

  /** Records handed out and not finished, failing ones included. */
  get inFlight(): number {
    return this.recordsInFlight;
  }

  /** True while the feed has no use for another fetch. */
  get wantsPause(): boolean {
    return this.isFull || this.failing > 0 || this.backlogIndex < this.backlog.length || this.stopped.signal.aborted;
  }

  /**
   * Takes a fetched batch, in the order of offsets. Records that were handed out before, or are
   * known to be finished, are skipped.
   * @param end the end of the partition when the batch was fetched. Interruptions need it.
   */
  take(records: readonly IncomingRecord[], end?: bigint): void {
    if (this.stopped.signal.aborted) return;
    this.interruptedBelow ??= end;
    this.backlog = this.backlogIndex < this.backlog.length ? [...this.backlog.slice(this.backlogIndex), ...records] : records;
    this.backlogIndex = 0;
    this.handOut();
    this.owner.changed(this);
  }

  /**
   * Forgets the records that were fetched and not handed out; fetching goes on at {@link position}.
   */
  dropBacklog(): void {
    this.backlog = [];
    this.backlogIndex = 0;
  }

  /**
   * Returns the commit to write now, or `undefined` if it equals the last one that was
   * acknowledged.
   */
  uncommitted(): Commit | undefined {
    if (!this.mayHaveProgressed) return undefined;
    const commit = this.ledger.committable();
    const isNew = commit.offset !== this.lastCommit.offset || commit.metadata !== this.lastCommit.metadata;
    if (!isNew) this.mayHaveProgressed = false;
    return isNew ? commit : undefined;
  }

  /** The commit that is allowed now. */
  committable(): Commit {
    return this.ledger.committable();
  }

  /** Notes that the broker acknowledged a commit. */
  committed(commit: Commit): void {
    this.lastCommit = commit;
  }

  /** Hands out nothing more. Records in flight may finish; failing ones are left. */
  stop(): void {
    this.dropBacklog();
    this.stopped.abort();
  }

  /**
   * Gives the partition up: stops, and aborts the records in flight, which this process may no
   * longer finish.
   */
  lose(): void {
    this.stop();
    this.lost.abort();
  }

  private handOut(): void {
    while (!this.isFull && this.failing === 0) {
      const record = this.backlog[this.backlogIndex];
      if (record === undefined) return this.dropBacklog();
      this.backlogIndex += 1;
      this.mayHaveProgressed = true;
      if (!this.ledger.handOut(record.offset)) continue;
      const bytes = recordBytes(record);
      this.bytesInFlight += bytes;
      this.recordsInFlight += 1;
      this.isFull = this.bytesInFlight >= this.limits.bytesMax || this.recordsInFlight >= this.limits.recordsMax;
      void this.run(record, bytes);
    }
  }

  private async run(record: IncomingRecord, bytes: number): Promise<void> {
    const { signal } = this.lost;
    try {
      if (record.unreadable !== undefined) throw unreadable(record.unreadable);
      await this.handle(record);
    } catch (error) {
      this.failing += 1;
      this.owner.changed(this);
      const ending = await this.retryUntilHandled(record, error);
      if (ending !== 'given-up') this.failing -= 1;
      if (ending !== 'finished') return this.release(bytes);
    }
    if (signal.aborted) return this.release(bytes);
    this.ledger.finish(record.offset);
    this.mayHaveProgressed = true;
    this.release(bytes);
  }

  private async handle(record: IncomingRecord): Promise<void> {
    const isOld = this.interruptedBelow !== undefined && record.offset < this.interruptedBelow;
    await this.owner.handler(record, this.lost.signal, (isOld ? this.interrupted : undefined) ?? this.usual);
  }

  /**
   * Rejects a record, or handles it again until its handler resolves, the feed stops, or the record
   * must be given up.
   */
  private async retryUntilHandled(record: IncomingRecord, firstError: unknown): Promise<Ending> {
    // The error of the handler decides; the latest error may also come from the write to the
    // rejects.
    let handlerError = firstError;
    let latestError = firstError;
    let unexpectedErrors = 0;
    for (let tries = 1; ; tries += 1) {
      if (isUnexpected(latestError)) unexpectedErrors += 1;
      const { triesMax } = this.owner;
      const reaction = whatToDo(handlerError, { isAborted: this.lost.signal.aborted, unexpectedErrors, triesMax });
      try {
        switch (reaction) {
          case 'leave':
            return 'left';
          case 'give-up':
            return this.giveUp(record, latestError, tries);
          case 'reject':
            this.report('warn', 'A record was rejected', record, handlerError, tries);
            await this.owner.reject(record, textOf(handlerError));
            this.owner.observer.rejected(record.topic);
            return 'finished';
          case 'again':
            this.report(
              isUnexpected(handlerError) ? 'error' : 'warn',
              'A record will be handled again',
              record,
              handlerError,
              tries,
            );
            await this.waitBeforeRetry(tries);
            this.owner.observer.handledAgain(record.topic);
            await this.handle(record);
            return 'finished';
        }
      } catch (error) {
        if (this.stopped.signal.aborted) return 'left';
        latestError = error;
        if (reaction === 'again') handlerError = error;
        else await this.waitBeforeRetry(tries).catch(() => undefined);
      }
    }
  }

  /** Rejects when the feed is stopped meanwhile. */
  private async waitBeforeRetry(tries: number): Promise<void> {
    await delay(againDelayMs(tries), undefined, { signal: this.stopped.signal });
  }

  private giveUp({ topic, partition, offset }: IncomingRecord, error: unknown, tries: number): Ending {
    if (this.stopped.signal.aborted) return 'left';
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const reason = `the handler failed ${tries} times on the record of ${topic}, partition ${partition}, offset ${offset}: ${text}`;
    const details = { reason, topic, partition, offset: String(offset), tries };
    this.owner.giveUp(new PlatformError('RECORD_UNHANDLED', { details, cause: error }));
    return 'given-up';
  }

  /** Takes a record out of the counts, and hands out more when half of the limit is free. */
  private release(bytes: number): void {
    this.bytesInFlight -= bytes;
    this.recordsInFlight -= 1;
    const { bytesMax, recordsMax } = this.limits;
    if (this.isFull && this.bytesInFlight <= bytesMax / 2 && this.recordsInFlight <= recordsMax / 2) this.isFull = false;
    if (!this.isFull && this.backlogIndex < this.backlog.length) this.handOut();
    this.owner.changed(this);
  }

  private report(level: 'warn' | 'error', message: string, record: IncomingRecord, error: unknown, tries: number): void {
    this.owner.log(level, message, {
      topic: record.topic,
      partition: record.partition,
      offset: String(record.offset),
      tries,
      error: textOf(error),
      ...(isUnexpected(error) && error instanceof Error ? { stack: error.stack } : {}),
    });
  }
}

/** No handler can read the record, so it goes to the rejects (I6). */
function unreadable(reason: string): PlatformError {
  return new PlatformError('CONTRACT_VIOLATED', { details: { reason } });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
