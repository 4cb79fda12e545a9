import type { IncomingRecord } from '#contracts';
import type { TransportLog } from '../log.ts';
import type { Commit } from './offset-ledger.ts';
import { type FeedOwner, PartitionFeed } from './partition-feed.ts';
import type { ConsumerOptions, RecordHandler } from '../ports.ts';

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Marks where the options leave them open. */
export const partitionBytesMaxDefault = 8 * 1024 * 1024;
export const partitionRecordsMaxDefault = 5_000;

/** Somewhere to write commits. Either all of them are taken or the promise rejects. */
export type CommitWriter = (commits: readonly (TopicPartition & Commit)[]) => Promise<void>;

/** What differs between the brokers' consumer and its twin. */
export interface FeedSetPorts {
  readonly log: TransportLog;
  reject(record: IncomingRecord, reason: string): Promise<void>;
  /** A feed finished a record, or its wish to be paused changed. */
  changed(feed: PartitionFeed): void;
  write: CommitWriter;
}

/** The feeds of all partitions a consumer has now: assigned, lost, drained and committed together. */
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
    this.owner = {
      handler,
      log: ports.log,
      reject: (record, reason) => ports.reject(record, reason),
      changed: (feed) => {
        ports.changed(feed);
        if (this.whenIdle !== undefined && this.inFlight === 0) this.whenIdle();
      },
    };
  }

  /** Records handed out and not finished, of all feeds. */
  get inFlight(): number {
    let sum = 0;
    for (const feed of this.feeds.values()) sum += feed.inFlight;
    return sum;
  }

  /** The feed of a partition, or `undefined` when it is not ours. */
  get(topic: string, partition: number): PartitionFeed | undefined {
    return this.feeds.get(keyOf(topic, partition));
  }

  /** The feeds there are now. */
  all(): IterableIterator<PartitionFeed> {
    return this.feeds.values();
  }

  /** Starts a feed where the group stands; one that was there is given up. */
  open(
    { topic, partition }: TopicPartition,
    committed: { readonly offset: bigint; readonly metadata: string | null },
  ): PartitionFeed {
    const { partitionBytesMax: bytes, partitionRecordsMax: records } = this.options;
    const limits = {
      bytesMax: (typeof bytes === 'function' ? bytes(topic) : bytes) ?? partitionBytesMaxDefault,
      recordsMax: (typeof records === 'function' ? records(topic) : records) ?? partitionRecordsMaxDefault,
    };
    const key = keyOf(topic, partition);
    this.feeds.get(key)?.lose();
    const feed = new PartitionFeed(topic, partition, committed, limits, this.owner);
    if (this.isStopped) feed.stop();
    this.feeds.set(key, feed);
    return feed;
  }

  /** Gives up every partition that is not among these. */
  keepOnly(assigned: readonly TopicPartition[]): void {
    const kept = new Set(assigned.map(({ topic, partition }) => keyOf(topic, partition)));
    for (const [key, feed] of this.feeds) {
      if (kept.has(key)) continue;
      feed.lose();
      this.feeds.delete(key);
    }
    if (this.whenIdle !== undefined && this.inFlight === 0) this.whenIdle();
  }

  /** Commits what is new. Rejects as the writer does; then the same is committed next time. */
  async commit(): Promise<void> {
    const due: { readonly feed: PartitionFeed; readonly commit: Commit }[] = [];
    for (const feed of this.feeds.values()) {
      const commit = feed.uncommitted();
      if (commit !== undefined) due.push({ feed, commit });
    }
    if (due.length === 0) return;
    await this.ports.write(due.map(({ feed, commit }) => ({ topic: feed.topic, partition: feed.partition, ...commit })));
    for (const { feed, commit } of due) feed.committed(commit);
  }

  /** Hands out nothing more. */
  stop(): void {
    this.isStopped = true;
    for (const feed of this.feeds.values()) feed.stop();
  }

  /** Resolves when nothing is in flight, or when the time is over. */
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

  /** Aborts whatever is still in flight. */
  loseAll(): void {
    this.keepOnly([]);
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
