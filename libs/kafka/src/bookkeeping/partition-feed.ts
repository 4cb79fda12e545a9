/**
 * One assigned partition, between the fetch loop and the handler.
 *
 * The way of a record:
 *
 * ```text
 * fetched -> backlog -> in flight -> finished -> committed
 *                         |-> left, given up or kept
 * ```
 *
 * The consumer calls `take` with each fetched batch. The feed calls the handler with the records in
 * the order of their offsets. It does not wait for one record before the next, so they finish in
 * any order. `record-in-hand.ts` tells what happens to a record in flight.
 *
 * The limits bound the records and bytes in flight. At a limit the rest of the batch stays in the
 * backlog, and at half of the limit the feed hands out more. The owner may also bound how many
 * records begin in one turn of the event loop. While many records wait in the backlog, the feed
 * asks for a pause, and the consumer fetches other partitions only. While few wait, the next ones
 * are fetched already: the feed has records to hand out while the brokers answer.
 *
 * While one record is failing, the feed hands out nothing more and asks for a pause. The usual
 * cause is a broker or a database that is down, and other records would fail the same way. The feed
 * hands out nothing either while the consumer may not act for its partitions.
 *
 * A record of a newer release is kept: it stays in the way of its partition until a service of that
 * release has the partition. The records before it finish and are committed.
 *
 * `letGo` prepares for another owner: no record may begin to act any more, those that act may
 * finish.
 *
 * The consumer asks for `uncommitted` from time to time and writes it to the broker. `stop` ends
 * the handing out; records in flight may still finish, and what follows from them is still written.
 * `lose` also aborts the records in flight, because another process owns the partition now. The
 * next owner handles each record that was left or given up.
 *
 * 1. An offset is finished only if its handler resolved or the record lies in the rejects (I1, I6).
 * 2. While a record is failing, and after one was given up, nothing is handed out or fetched.
 * 3. After `stop` nothing more is handed out. After `lose` nothing more is finished either.
 * 4. This feed commits no offset at or past a record that was left, given up or kept.
 */
import type { IncomingRecord } from '#contracts';
import { Changes, ShortLivedMap } from '#platform';
import { type Commit, OffsetLedger } from './offset-ledger.ts';
import { type Ending, type RecordFeed, RecordInHand, type RecordOwner } from './record-in-hand.ts';
import type { Interruption } from '../ports.ts';

/** The consumer as its feed sees it. */
export interface FeedOwner extends RecordOwner {
  /**
   * Called when something may have become committable, or when the feed wants to be paused or
   * resumed.
   */
  changed(feed: PartitionFeed): void;
  /**
   * Takes one record of this turn of the event loop.
   * @param again is called once in the next turn, if no more records may begin in this one.
   */
  mayHandOut(again: () => void): boolean;
}

/** How much of a partition may be in flight. */
export interface FeedLimits {
  readonly bytesMax: number;
  readonly recordsMax: number;
}

/**
 * Records of a backlog at which the next ones are fetched, at most. Records that wait for long cost
 * the garbage collector most: a notifier that held 30,000 of them spent 29 % of its time on it.
 */
const recordsAheadMost = 250;

/** One assigned partition, between the fetch loop and the handler. */
export class PartitionFeed implements RecordFeed {
  private readonly ledger: OffsetLedger;
  private readonly whenLost = new AbortController();
  /** Also cuts the waits between tries, so that a stop does not have to sit them out. */
  private readonly whenStopped = new AbortController();
  readonly lost = this.whenLost.signal;
  readonly stopped = this.whenStopped.signal;
  private backlog: readonly IncomingRecord[] = [];
  private backlogIndex = 0;
  /** Of the records in the backlog that were not handed out. */
  private backlogBytes = 0;
  /** One past the last offset that was fetched. Undefined if the backlog was dropped. */
  private fetchedTo: bigint | undefined;
  private bytesInFlight = 0;
  /** Records handed out and not finished, in the order of their offsets. */
  private readonly inHand = new ShortLivedMap<number, IncomingRecord>();
  /** Records that are failing, and records that were given up or kept. */
  private failingRecords = 0;
  private keptOffset: bigint | undefined;
  /** Records whose write fails. */
  private unwrittenRecords = 0;
  /** Records that act or write. */
  private actingRecords = 0;
  private readonly idle = Promise.withResolvers<void>();
  private isLetGo = false;
  /** Records in flight that wait for a change. */
  private readonly changes = new Changes();
  private isFull = false;
  /** False while nothing happened that could change what is committable. */
  private mayHaveProgressed = false;
  private lastCommit: Commit;
  /** Records below this offset were there when an owner ended; unknown until the first batch. */
  private interruptedBelow: bigint | undefined;

  constructor(
    readonly topic: string,
    readonly partition: number,
    committed: { readonly offset: bigint; readonly metadata: string | null },
    private readonly limits: FeedLimits,
    readonly owner: FeedOwner,
    /** Set if the owner before is gone, and had not let the partition go. */
    private readonly interruption?: Interruption,
  ) {
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
    return this.inHand.size;
  }

  /** The timestamp of the oldest record in flight; undefined if no record is in flight. */
  get oldestAt(): number | undefined {
    const [oldest] = this.inHand.values();
    return oldest?.timestamp;
  }

  /** True while the feed has no use for another fetch. */
  get wantsPause(): boolean {
    return this.hasEnoughAhead || this.failingRecords > 0 || this.stopped.aborted;
  }

  private get hasEnoughAhead(): boolean {
    const ahead = this.backlog.length - this.backlogIndex;
    if (ahead === 0) return false;
    const { recordsMax, bytesMax } = this.limits;
    const recordsAheadMax = Math.min(recordsAheadMost, recordsMax / 2);
    return ahead > recordsAheadMax || this.backlogBytes > bytesMax / 8 || !this.owner.membership.mayBegin;
  }

  /** The offset of a record that only a newer release can read; undefined if none was met. */
  get keptAt(): bigint | undefined {
    return this.keptOffset;
  }

  /** True from {@link letGo} on. */
  get isLettingGo(): boolean {
    return this.isLetGo;
  }

  get hasUnwritten(): boolean {
    return this.unwrittenRecords > 0;
  }

  /**
   * Takes a fetched batch, in the order of offsets. Records that were handed out before, or are
   * known to be finished, are skipped.
   * @param end the end of the partition when the batch was fetched. Interruptions need it.
   * @param next the offset that is fetched next. The last offsets before may hold no records, as
   *   the end of a transaction does: they are finished with the records before them.
   */
  take(records: readonly IncomingRecord[], end?: bigint, next?: bigint): void {
    if (this.stopped.aborted) return;
    this.fetchedTo = next;
    this.interruptedBelow ??= end;
    this.backlog = this.backlogIndex < this.backlog.length ? [...this.backlog.slice(this.backlogIndex), ...records] : records;
    this.backlogIndex = 0;
    for (const { bytes } of records) this.backlogBytes += bytes;
    this.handOut();
    this.owner.changed(this);
  }

  /**
   * Forgets the records that were fetched and not handed out; fetching goes on at {@link position}.
   */
  dropBacklog(): void {
    this.backlog = [];
    this.backlogIndex = 0;
    this.backlogBytes = 0;
    this.fetchedTo = undefined;
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

  /**
   * True if a commit of the group says that a record is finished which this feed has not finished.
   * Then another member had the partition in between.
   */
  isBehind(committed: { readonly offset: bigint; readonly metadata: string | null }): boolean {
    return this.ledger.isBehind(committed.offset, committed.metadata);
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
    this.whenStopped.abort();
  }

  /**
   * Stops, and refuses records that do not act yet. Resolves when none acts, or the feed is lost.
   */
  async letGo(): Promise<void> {
    this.stop();
    this.isLetGo = true;
    this.changes.tell();
    if (this.actingRecords === 0 || this.lost.aborted) this.idle.resolve();
    return this.idle.promise;
  }

  /**
   * Gives the partition up: stops, and aborts the records in flight, which this process may no
   * longer finish.
   */
  lose(): void {
    this.stop();
    this.whenLost.abort();
    this.changes.tell();
    this.idle.resolve();
  }

  /** Goes on after the membership of the owner may allow more. */
  proceed(): void {
    this.changes.tell();
    this.handOut();
    this.owner.changed(this);
  }

  failing(change: 1 | -1): void {
    this.failingRecords += change;
    if (change > 0) this.owner.changed(this);
  }

  unwritten(change: 1 | -1): void {
    this.unwrittenRecords += change;
    if (this.unwrittenRecords === 0) this.changes.tell();
  }

  acting(): void {
    this.actingRecords += 1;
  }

  async changed(): Promise<void> {
    await this.changes.next();
  }

  private readonly handOutSoon = (): void => {
    this.handOut();
    this.owner.changed(this);
  };

  private handOut(): void {
    while (!this.isFull && this.failingRecords === 0 && this.owner.membership.mayBegin) {
      const record = this.backlog[this.backlogIndex];
      if (record === undefined) return this.endBacklog();
      if (!this.owner.mayHandOut(this.handOutSoon)) return;
      this.backlogIndex += 1;
      this.backlogBytes -= record.bytes;
      this.mayHaveProgressed = true;
      if (!this.ledger.handOut(record.offset)) continue;
      this.bytesInFlight += record.bytes;
      this.inHand.set(Number(record.offset), record);
      this.isFull = this.bytesInFlight >= this.limits.bytesMax || this.inHand.size >= this.limits.recordsMax;
      this.run(record);
    }
  }

  /** All records that were fetched are handed out. */
  private endBacklog(): void {
    if (this.fetchedTo !== undefined && this.ledger.pass(this.fetchedTo)) this.mayHaveProgressed = true;
    this.dropBacklog();
  }

  private run(record: IncomingRecord): void {
    const isOld = this.interruptedBelow !== undefined && record.offset < this.interruptedBelow;
    const inHand = new RecordInHand(record, this, isOld ? this.interruption : undefined);
    void inHand.end().then((ending) => this.ended(record, inHand, ending));
  }

  private ended(record: IncomingRecord, inHand: RecordInHand, ending: Ending): void {
    if (ending === 'finished') {
      this.ledger.finish(record.offset);
      this.mayHaveProgressed = true;
    }
    if (ending === 'kept') this.keptOffset ??= record.offset;
    if (inHand.isActing) this.actingRecords -= 1;
    if (this.isLetGo && this.actingRecords === 0) this.idle.resolve();
    this.release(record);
  }

  /** Takes a record out of the counts, and hands out more when half of the limit is free. */
  private release(record: IncomingRecord): void {
    this.bytesInFlight -= record.bytes;
    this.inHand.delete(Number(record.offset));
    const { bytesMax, recordsMax } = this.limits;
    if (this.isFull && this.bytesInFlight <= bytesMax / 2 && this.inHand.size <= recordsMax / 2) this.isFull = false;
    if (!this.isFull && (this.backlogIndex < this.backlog.length || this.fetchedTo !== undefined)) this.handOut();
    this.owner.changed(this);
  }
}
