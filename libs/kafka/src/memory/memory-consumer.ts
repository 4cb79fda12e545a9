import { randomUUID } from 'node:crypto';
import { partitionName, PlatformError } from '#contracts';
import { FeedSet, type FeedSetPorts, type TopicPartition } from '../bookkeeping/feed-set.ts';
import { ownerName, splitOwner } from '../bookkeeping/owner-mark.ts';
import { type GroupMember, type MemoryCluster, nextTurn } from './memory-cluster.ts';
import type { ConsumerOptions, PartitionProgress, RecordConsumer, RecordHandler } from '../ports.ts';

const batchRecords = 500;

/** Members of a group in memory never fall out of it. */
const always = { mayBegin: true, mayWrite: true };

/** The gateway as its consumer sees it. */
export interface MemoryConsumerPorts
  extends Pick<FeedSetPorts, 'observer' | 'reject' | 'checkFormat' | 'recordTriesMax' | 'onFatal'> {
  /** Called once the consumer is closed. */
  readonly onClosed: () => void;
}

/** A member of a group of a {@link MemoryCluster}. */
export class MemoryConsumer implements RecordConsumer, GroupMember {
  /** Offset of the next fetch, by partition. */
  private readonly next = new Map<string, number>();
  /** How far the store of the reader was at the start, by partition. */
  private readonly stored = new Map<string, bigint>();
  private feeds: FeedSet | undefined;
  private isScheduled = false;
  readonly ownerName = ownerName(randomUUID());

  constructor(
    private readonly cluster: MemoryCluster,
    private readonly options: ConsumerOptions,
    private readonly ports: MemoryConsumerPorts,
  ) {}

  get inFlight(): number {
    return this.feeds?.inFlight ?? 0;
  }

  /** How far the consumer is with each of its partitions. */
  progress(): readonly PartitionProgress[] {
    return this.feeds?.progress() ?? [];
  }

  /** Records of this cluster are read at once anyway. */
  readAtOnce(): void {
    return undefined;
  }

  /** Topics of this cluster do not grow. */
  lookForPartitions(): void {
    return undefined;
  }

  async start(handler: RecordHandler): Promise<void> {
    const { commits, members } = this.cluster.group(this.options.groupId);
    for (const topic of this.options.topics) this.cluster.partitionsOf(topic);
    this.feeds = new FeedSet(this.options, handler, {
      log: this.cluster.log,
      ...this.ports,
      ownerName: this.ownerName,
      membership: always,
      flush: async () => this.feeds?.commit(),
      changed: () => this.schedule(),
      write: (due) => {
        if (!this.cluster.isReachable) return Promise.reject(new PlatformError('BROKER_UNAVAILABLE'));
        for (const { topic, partition, offset, metadata } of due)
          commits.set(partitionName({ topic, partition }), { offset, metadata });
        for (const topic of new Set(due.map((commit) => commit.topic))) this.cluster.announce(topic);
        return Promise.resolve();
      },
    });
    for (const one of (await this.options.storedTo?.()) ?? []) this.stored.set(partitionName(one), one.finishedTo);
    members.push(this);
    this.cluster.listeners.add(this.onAppend);
    rebalance(members);
    await nextTurn();
  }

  async close(drainMs: number): Promise<void> {
    const feeds = this.feeds;
    if (feeds === undefined) return;
    this.cluster.listeners.delete(this.onAppend);
    feeds.stop();
    await feeds.drained(drainMs);
    await feeds.release().catch(() => undefined);
    this.feeds = undefined;
    feeds.loseAll();
    const { members } = this.cluster.group(this.options.groupId);
    members.splice(members.indexOf(this), 1);
    rebalance(members);
    this.ports.onClosed();
  }

  candidates(): TopicPartition[] {
    return this.options.topics.flatMap((topic) =>
      this.cluster.partitionsOf(topic).map((_partition, partition) => ({ topic, partition })),
    );
  }

  holds({ topic, partition }: TopicPartition): boolean {
    return this.feeds?.get(topic, partition) !== undefined;
  }

  assign(assigned: readonly TopicPartition[]): void {
    const feeds = this.feeds;
    if (feeds === undefined) return;
    // Commit before the next owner reads the commits, as members of a real group do at a rebalance.
    void feeds.commit().catch(() => undefined);
    feeds.keepOnly(assigned);
    const { commits, members } = this.cluster.group(this.options.groupId);
    for (const { topic, partition } of assigned) {
      if (feeds.get(topic, partition) !== undefined) continue;
      const end = this.cluster.partitionsOf(topic)[partition]?.records.length ?? 0;
      const start = { offset: BigInt(this.options.from === 'latest' ? end : 0), metadata: null };
      const committed = commits.get(partitionName({ topic, partition })) ?? start;
      const storedTo = this.stored.get(partitionName({ topic, partition })) ?? committed.offset;
      const isBehind = storedTo < committed.offset;
      const { owner, metadata } = splitOwner(committed.metadata);
      const isInterrupted = owner !== undefined && !members.some((member) => member.ownerName === owner);
      const from = isBehind ? { offset: storedTo, metadata: null } : { offset: committed.offset, metadata };
      const feed = feeds.open({ topic, partition }, from, isInterrupted);
      void feeds.claim([feed]).catch(() => undefined);
      this.next.set(partitionName({ topic, partition }), Number(from.offset));
    }
    const counts = new Map(this.options.topics.map((topic) => [topic, this.cluster.partitionsOf(topic).length]));
    void this.options.onHeld?.(assigned, { counts, members: members.length });
    this.schedule();
  }

  private readonly onAppend = (topic: string): void => {
    if (this.options.topics.includes(topic)) this.schedule();
  };

  private schedule(): void {
    if (this.isScheduled || this.feeds === undefined) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.poll();
    });
  }

  private poll(): void {
    const feeds = this.feeds;
    if (feeds === undefined || !this.cluster.isReachable) return;
    for (const feed of feeds.all()) {
      if (feed.wantsPause) continue;
      const key = `${feed.topic}/${feed.partition}`;
      const next = this.next.get(key) ?? 0;
      const records = this.cluster.partitionsOf(feed.topic)[feed.partition]?.records.slice(next, next + batchRecords) ?? [];
      if (records.length === 0) continue;
      this.next.set(key, next + records.length);
      feed.take(records, BigInt(this.cluster.partitionsOf(feed.topic)[feed.partition]?.records.length ?? 0));
    }
    void feeds.commit().catch(() => undefined);
  }
}

/** Assigns the partitions to the members that read their topics, in turn. */
function rebalance(members: readonly GroupMember[]): void {
  const shares = new Map<GroupMember, TopicPartition[]>(members.map((member) => [member, []]));
  const seen = new Set<string>();
  let dealt = 0;
  for (const candidate of members.flatMap((member) => member.candidates())) {
    const key = `${candidate.topic}/${candidate.partition}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const able = members.filter((member) =>
      member.candidates().some(({ topic, partition }) => topic === candidate.topic && partition === candidate.partition),
    );
    const owner = able[dealt++ % able.length];
    if (owner !== undefined) shares.get(owner)?.push(candidate);
  }
  // All members lose partitions before any member takes over: no partition has two owners.
  for (const [member, share] of shares) member.assign(share.filter((candidate) => member.holds(candidate)));
  for (const [member, share] of shares) member.assign(share);
}
