import { type IncomingRecord, partitionName, type PlatformError } from '#contracts';
import { TurnBudget } from '#platform';
import type { TransportLog } from '../log.ts';
import type { Commit } from './offset-ledger.ts';
import type { MembershipState } from './membership.ts';
import { splitOwner, withOwner } from './owner-mark.ts';
import { type FeedOwner, PartitionFeed } from './partition-feed.ts';
import type { ConsumerOptions, PartitionProgress, RecordHandler, RecordObserver } from '../ports.ts';

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Limits of a partition where the options of the consumer set none. */
export const partitionBytesMaxDefault = 8 * 1024 * 1024;
export const partitionRecordsMaxDefault = 5_000;

/** Writes commits to the broker. Resolves when the broker took all of them, else rejects. */
export type CommitWriter = (commits: readonly (TopicPartition & Commit)[]) => Promise<void>;

/** The consumer as its feeds see it: the one of kafkajs, or the one in memory. */
export interface FeedSetPorts {
  readonly log: TransportLog;
  readonly observer: RecordObserver;
  /** Unexpected errors of one record after which it is given up. */
  readonly recordTriesMax: number;
  /** Tells if records may begin. Call {@link FeedSet.proceed} when it allows more. */
  readonly membership: MembershipState;
  reject(record: IncomingRecord, fault: PlatformError): Promise<void>;
  checkFormat(record: IncomingRecord): void;
  /** Called when a feed finished a record, or wants to be paused or resumed. */
  changed(feed: PartitionFeed): void;
  /** Called when a record is given up: the process should end. */
  onFatal(error: PlatformError): void;
  write: CommitWriter;
  /** Commits everything that is finished, after the commit under way. */
  flush(): Promise<void>;
  /** The name of this process in the marks of commits; see `owner-mark.ts`. */
  readonly ownerName: string;
}

/**
 * The feeds of all partitions that a consumer has now. They are opened, lost, drained and committed
 * together.
 */
export class FeedSet {
  private readonly feeds = new Map<string, PartitionFeed>();
  private readonly owner: FeedOwner;
  private isStopped = false;
  private whenIdle: (() => void) | undefined;

  constructor(
    private readonly options: ConsumerOptions,
    handler: RecordHandler,
    private readonly ports: FeedSetPorts,
  ) {
    const { recordsPerTurn } = options;
    const turns = recordsPerTurn === undefined ? undefined : new TurnBudget(recordsPerTurn);
    this.owner = {
      mayHandOut: (again) => turns?.take(again) ?? true,
      handler,
      log: ports.log,
      observer: ports.observer,
      triesMax: ports.recordTriesMax,
      membership: ports.membership,
      giveUp: (error) => ports.onFatal(error),
      reject: (record, fault) => ports.reject(record, fault),
      checkFormat: (record) => ports.checkFormat(record),
      commit: () => ports.flush(),
      changed: (feed) => {
        // A lost feed wants a pause for ever. Its partition may have another feed by now.
        if (this.get(feed.topic, feed.partition) === feed) ports.changed(feed);
        if (this.whenIdle !== undefined && this.inFlight === 0) this.whenIdle();
      },
    };
  }

  /** Records handed out and not finished, in all feeds. */
  get inFlight(): number {
    let sum = 0;
    for (const feed of this.feeds.values()) sum += feed.inFlight;
    return sum;
  }

  /**
   * Returns the feed of a partition, or `undefined` if the partition is not assigned to this
   * consumer.
   */
  get(topic: string, partition: number): PartitionFeed | undefined {
    return this.feeds.get(partitionName({ topic, partition }));
  }

  /** All feeds of this moment. */
  all(): IterableIterator<PartitionFeed> {
    return this.feeds.values();
  }

  /** How far each partition is. */
  progress(): PartitionProgress[] {
    return [...this.feeds.values()].map(({ topic, partition, lowWaterMark, position, oldestAt, wantsPause, keptAt }) => ({
      topic,
      partition,
      finishedTo: lowWaterMark,
      handedOutTo: position,
      oldestAt,
      isPaused: wantsPause,
      ...(keptAt === undefined ? {} : { keptAt }),
    }));
  }

  /**
   * Opens a feed at a committed offset. An earlier feed of the partition is lost.
   * @param isInterrupted true if the owner before is gone, and had not let the partition go.
   */
  open(
    { topic, partition }: TopicPartition,
    committed: { readonly offset: bigint; readonly metadata: string | null },
    isInterrupted = false,
  ): PartitionFeed {
    const { partitionBytesMax: bytes, partitionRecordsMax: records } = this.options;
    const limits = {
      bytesMax: (typeof bytes === 'function' ? bytes(topic) : bytes) ?? partitionBytesMaxDefault,
      recordsMax: (typeof records === 'function' ? records(topic) : records) ?? partitionRecordsMaxDefault,
    };
    const key = partitionName({ topic, partition });
    this.feeds.get(key)?.lose();
    const interruption = isInterrupted ? { topic, partition } : undefined;
    const feed = new PartitionFeed(topic, partition, committed, limits, this.owner, interruption);
    if (this.isStopped) feed.stop();
    this.feeds.set(key, feed);
    return feed;
  }

  /**
   * Opens a feed at the start of a topic that was created again. Records of the deleted topic that
   * are in flight may finish: no other process can read them.
   */
  openAgain(partition: TopicPartition, start: bigint): PartitionFeed {
    const key = partitionName(partition);
    this.feeds.get(key)?.stop();
    this.feeds.delete(key);
    return this.open(partition, { offset: start, metadata: null });
  }

  /** Gives up the partition of a feed. */
  lose(gone: PartitionFeed): void {
    this.keepOnly([...this.feeds.values()].filter((feed) => feed !== gone));
  }

  /** Loses every feed whose partition is not among those assigned. */
  keepOnly(assigned: readonly TopicPartition[]): void {
    const kept = new Set(assigned.map(partitionName));
    for (const [key, feed] of this.feeds) {
      if (kept.has(key)) continue;
      feed.lose();
      this.feeds.delete(key);
    }
    if (this.whenIdle !== undefined && this.inFlight === 0) this.whenIdle();
  }

  /** Goes on with all feeds after the membership may allow more. */
  proceed(): void {
    for (const feed of this.feeds.values()) feed.proceed();
  }

  /**
   * True if another member had the partition of a feed since this one got it. Then a commit of the
   * group has the mark of another owner, or says that more is finished.
   */
  isOutdated(feed: PartitionFeed, committed: { readonly offset: bigint; readonly metadata: string | null }): boolean {
    const { owner, metadata } = splitOwner(committed.metadata);
    const isForeign = owner !== undefined && owner !== this.ports.ownerName;
    return isForeign || feed.isBehind({ offset: committed.offset, metadata });
  }

  /**
   * Commits what is new. If the writer rejects, so does this, and the next call commits the same
   * again.
   */
  async commit(): Promise<void> {
    const due: { readonly feed: PartitionFeed; readonly commit: Commit }[] = [];
    for (const feed of this.feeds.values()) {
      const commit = feed.uncommitted();
      if (commit !== undefined) due.push({ feed, commit });
    }
    if (due.length === 0) return;
    await this.ports.write(due.map(({ feed, commit }) => this.marked(feed, commit)));
    for (const { feed, commit } of due) feed.committed(commit);
  }

  /** Marks partitions as owned, before their first record is handed out. */
  async claim(feeds: readonly PartitionFeed[]): Promise<void> {
    if (!this.isMarking || feeds.length === 0) return;
    await this.ports.write(feeds.map((feed) => this.marked(feed, feed.committable())));
  }

  /** Commits where a feed stands, also if the group has committed a later offset. */
  async rewind(feed: PartitionFeed): Promise<void> {
    await this.ports.write([this.marked(feed, feed.committable())]);
  }

  /**
   * Commits the last time. The marks go: whoever comes next need not ask what was begun.
   * @param feeds default: all.
   */
  async release(feeds: Iterable<PartitionFeed> = this.feeds.values()): Promise<void> {
    const due = [...feeds]
      .filter((feed) => this.isMarking || feed.uncommitted() !== undefined)
      .map((feed) => ({ feed, commit: feed.committable() }));
    if (due.length === 0) return;
    await this.ports.write(due.map(({ feed: { topic, partition }, commit }) => ({ topic, partition, ...commit })));
    for (const { feed, commit } of due) feed.committed(commit);
  }

  private get isMarking(): boolean {
    return this.options.tellsInterruptions === true;
  }

  private marked({ topic, partition }: PartitionFeed, { offset, metadata }: Commit): TopicPartition & Commit {
    return { topic, partition, offset, metadata: this.isMarking ? withOwner(this.ports.ownerName, metadata) : metadata };
  }

  /** Hands out nothing more. */
  stop(): void {
    this.isStopped = true;
    for (const feed of this.feeds.values()) feed.stop();
  }

  /** Resolves when nothing is in flight, or after `drainMs`. */
  async drained(drainMs: number): Promise<void> {
    if (this.inFlight === 0 || drainMs <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, drainMs);
      this.whenIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.whenIdle = undefined;
  }

  /** Loses all feeds: aborts the records that are still in flight. */
  loseAll(): void {
    this.keepOnly([]);
  }
}
