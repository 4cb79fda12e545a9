/**
 * A member of a consumer group that works in parallel and out of order.
 *
 * The client runs one fetch loop for each broker. For each fetched batch it calls `onBatch`, which
 * puts the records into the feed of their partition and returns. So the fetch loop, and the
 * heartbeat with it, never waits for a handler. Feeds call the handler, and one timer commits how
 * far they are. A feed with enough records is paused: the client then fetches other partitions, or
 * none, and its heartbeats go on.
 *
 * At a rebalance the client calls `onJoin` with the assignment. Feeds of lost partitions are lost
 * at once. For new partitions the consumer asks the coordinator for the commits, then opens feeds.
 * Batches that come meanwhile wait for that.
 *
 * 1. A feed exists for each assigned partition whose commit was read, and for no other partition.
 * 2. The client is told that an offset is resolved once the feed has the record. The broker is told
 *    only of finished records (I1).
 * 3. A partition that stays here at a rebalance keeps its feed: records in flight go on, and none
 *    is handed out twice. The client forgets how far it had read, and sometimes which partitions
 *    were paused. Each join tells both to it again.
 * 4. If the client gives up its membership, a new client consumer joins with the same feeds. After
 *    a bounded number of such joins `onFatal` is called.
 */
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { type IncomingRecord, PlatformError } from '#contracts';
import { CommitTimer } from '../bookkeeping/commit-timer.ts';
import { FeedSet } from '../bookkeeping/feed-set.ts';
import type { PartitionFeed } from '../bookkeeping/partition-feed.ts';
import type { TransportLog } from '../log.ts';
import { splitOwner } from '../bookkeeping/owner-mark.ts';
import type { ConsumerOptions, PartitionProgress, RecordConsumer, RecordHandler, RecordObserver } from '../ports.ts';
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import type { AdminConnection } from './admin-connection.ts';
import type { AccessWatch } from './access-watch.ts';
import { isAccessFault, unavailable, withTimeout } from './broker-errors.ts';
import { type GroupPositions, PositionReader } from './group-positions.ts';
import { incomingRecord } from './incoming-record.ts';
import type { ClusterConnection } from './kafkajs-internals.ts';
import { assertRights } from './needed-rights.ts';

/** The gateway as its consumer sees it. */
export interface ConsumerPorts {
  /** The account in words, for errors. */
  readonly account: string;
  readonly access: Pick<AccessWatch, 'isRefused' | 'failed' | 'allowed'>;
  readonly newCluster: () => ClusterConnection;
  readonly kafka: Kafka;
  readonly admin: AdminConnection;
  /** Removes members of the group whose process was killed. @returns how many. */
  readonly removeGoneMembers: () => Promise<number>;
  readonly log: TransportLog;
  readonly observer: RecordObserver;
  /** Unexpected errors of one record after which the process should end. */
  readonly recordTriesMax: number;
  /** How often kafkajs tries to get back to the brokers before it gives the membership up. */
  readonly retriesMax: number;
  /** Called when the consumer cannot go on: the process should end and be started again. */
  readonly onFatal: (error: PlatformError) => void;
  readonly reject: (record: IncomingRecord, reason: string) => Promise<void>;
  /** The name of this process in the marks of commits. */
  readonly ownerName: string;
  /** The owner names of all members of the group. */
  readonly memberOwners: () => Promise<readonly string[]>;
  /** Called once the consumer is closed. */
  readonly onClosed: () => void;
}

/**
 * A member learns of a rebalance by its heartbeat: when another member joins, partitions stand
 * still for at most this long.
 */
const heartbeatMs = 1_000;
const rejoinsMax = 6;
const rejoinBaseMs = 500;
/** Joins after which a start gives up that the brokers refuse: after 3.5 s. */
const refusedRejoinsMax = 3;
const closeTimeoutMs = 5_000;
/** Longest wait for the mark of new partitions, while the fetch loop waits too. */
const claimTimeoutMs = 2_000;
const rebalanceTimeoutMs = 30_000;

/** A {@link RecordConsumer} over kafkajs. */
export class KafkajsConsumer implements RecordConsumer {
  private readonly positions: PositionReader;
  private readonly commits: CommitTimer;
  private consumer: Consumer | undefined;
  private feeds: FeedSet | undefined;
  /** Resolves when the feeds of the last assignment are open. */
  private feedsOpened: Promise<void> = Promise.resolve();
  private paused = new WeakSet<PartitionFeed>();
  private joins = 0;
  private rejoins = 0;
  private isClosing = false;
  /** True once no handler runs any more, or nobody waits for it. */
  private isLeaving = false;
  private hasJoined = false;
  private whenJoined: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;

  constructor(
    private readonly options: ConsumerOptions,
    private readonly ports: ConsumerPorts,
  ) {
    const { groupId, from = 'earliest' } = options;
    this.positions = new PositionReader(groupId, from, ports.admin, ports.log);
    this.commits = new CommitTimer(
      async () => (this.isLeaving ? this.feeds?.release() : this.feeds?.commit()),
      (error) => ports.log('debug', 'A commit failed and is made again', { groupId, error: String(error) }),
    );
  }

  get inFlight(): number {
    return this.feeds?.inFlight ?? 0;
  }

  /** How far the consumer is with each of its partitions. */
  progress(): readonly PartitionProgress[] {
    return this.feeds?.progress() ?? [];
  }

  async start(handler: RecordHandler): Promise<void> {
    const { log, observer, reject, recordTriesMax, onFatal } = this.ports;
    this.feeds = new FeedSet(this.options, handler, {
      log,
      observer,
      reject,
      recordTriesMax,
      onFatal,
      ownerName: this.ports.ownerName,
      flush: async () => {
        await this.commits.flush().catch((error: unknown) => {
          throw this.faultOf(error);
        });
      },
      changed: (feed) => {
        this.setPaused(feed, feed.wantsPause);
        this.commits.commitSoon();
      },
      write: async (commits) => {
        await this.consumer?.commitOffsets(commits.map((commit) => ({ ...commit, offset: String(commit.offset) })));
      },
    });
    const joined = new Promise<void>((resolve, reject) => {
      this.whenJoined = { resolve, reject };
    });
    try {
      await this.removeKilledMembers();
      await Promise.all([this.join(), joined]);
    } catch (error) {
      await this.close(0);
      throw this.faultOf(error);
    }
  }

  async close(drainMs: number): Promise<void> {
    if (this.isClosing) return;
    this.isClosing = true;
    this.commits.stop();
    const feeds = this.feeds;
    if (feeds !== undefined) {
      feeds.stop();
      for (const feed of feeds.all()) this.setPaused(feed, true);
      await feeds.drained(drainMs);
    }
    this.isLeaving = true;
    // Records that are finished but not committed are handled again by the next owner. That is
    // allowed (I5), so a failure is only logged.
    await this.orLog('The last commit of a consumer failed', 'the last commit', this.commits.commitLast());
    feeds?.loseAll();
    const leaving = this.consumer?.disconnect();
    if (leaving !== undefined) await this.orLog('A consumer did not leave its group', 'leaving the group', leaving);
    this.ports.onClosed();
  }

  private async orLog(message: string, what: string, step: Promise<void>): Promise<void> {
    try {
      await withTimeout(closeTimeoutMs, what, step);
    } catch (error) {
      this.ports.log('warn', message, { groupId: this.options.groupId, error: String(error) });
    }
  }

  /**
   * Best effort: after a failure killed members stay in the group until their session times out.
   */
  private async removeKilledMembers(): Promise<void> {
    const { groupId } = this.options;
    try {
      const count = await this.ports.removeGoneMembers();
      if (count > 0) this.ports.log('info', 'Members whose process is gone were removed from a group', { groupId, count });
    } catch (error) {
      this.ports.log('debug', 'The members of a group could not be read', { groupId, error: String(error) });
    }
  }

  private async join(): Promise<void> {
    const { groupId, topics, from = 'earliest', fetchBytesMin = 1, fetchWaitMs = 100, sessionTimeoutMs = 10_000 } = this.options;
    const consumer = this.ports.kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.min(heartbeatMs, Math.floor(sessionTimeoutMs / 4)),
      rebalanceTimeout: Math.max(rebalanceTimeoutMs, sessionTimeoutMs),
      minBytes: fetchBytesMin,
      maxWaitTimeInMs: fetchWaitMs,
      allowAutoTopicCreation: false,
      // Consumers of kafkajs do not inherit the retries of their client: without this line they are
      // 5.
      retry: { retries: this.ports.retriesMax },
    });
    this.consumer = consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (this.consumer === consumer) this.onJoin(payload.memberAssignment);
    });
    consumer.on(consumer.events.REBALANCING, () => this.commits.commitNow());
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (this.consumer === consumer && !payload.restart) void this.onCrash(payload.error);
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: from === 'earliest' });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: (payload) => this.onBatch(payload),
    });
  }

  private async onCrash(error: Error): Promise<void> {
    if (this.isClosing) return;
    const { groupId } = this.options;
    this.rejoins += 1;
    const fault = await this.explained(error);
    const isRefusedAtStart = !this.hasJoined && isAccessFault(fault) && this.rejoins > refusedRejoinsMax;
    if (this.rejoins > rejoinsMax || isRefusedAtStart) {
      this.whenJoined?.reject(fault);
      this.ports.onFatal(fault);
      return;
    }
    this.ports.access.failed(groupId, fault);
    this.ports.log('warn', 'A consumer fell out of its group and joins again', {
      groupId,
      rejoins: this.rejoins,
      error: fault.message,
    });
    await new Promise((resolve) => setTimeout(resolve, rejoinBaseMs * 2 ** (this.rejoins - 1)));
    if (this.isClosing) return;
    try {
      await this.join();
    } catch (next) {
      await this.onCrash(next instanceof Error ? next : new Error(String(next)));
    }
  }

  private faultOf(error: unknown): PlatformError {
    const { groupId, topics } = this.options;
    return unavailable(error, { groupId, topics, account: this.ports.account, operation: 'Read' });
  }

  /** The error of a consumer. A refusal names the topics, which the brokers did not say. */
  private async explained(error: Error): Promise<PlatformError> {
    const fault = this.faultOf(error);
    const mayBeRefusal = fault.code === 'BROKER_ACCESS_DENIED' || error.name === 'KafkaJSGroupCoordinatorNotFound';
    return mayBeRefusal ? ((await this.missingRights()) ?? fault) : fault;
  }

  /** @returns the error that names what the account may not read; undefined if it may read all. */
  private async missingRights(): Promise<PlatformError | undefined> {
    const { account, newCluster } = this.ports;
    const { groupId, topics } = this.options;
    const needs = { groupId, topics: topics.map((topic) => ({ topic, operations: ['Read' as const] })) };
    const cluster = newCluster();
    const check = cluster.connect().then(() => assertRights(cluster, account, needs));
    try {
      await withTimeout(closeTimeoutMs, 'asking for rights', check);
      return undefined;
    } catch (error) {
      return this.faultOf(error);
    } finally {
      void cluster.disconnect().catch(() => undefined);
    }
  }

  /** After a refusal: the group may have been joined while a topic is still refused. */
  private async checkAllowed(): Promise<void> {
    if (this.ports.access.isRefused && (await this.missingRights()) === undefined)
      this.ports.access.allowed(this.options.groupId);
  }

  private onJoin(memberAssignment: Readonly<Record<string, readonly number[]>>): void {
    const feeds = this.feeds;
    if (feeds === undefined) return;
    this.joins += 1;
    const assigned = Object.entries(memberAssignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    feeds.keepOnly(assigned);
    for (const { topic, partition } of assigned) {
      const feed = feeds.get(topic, partition);
      if (feed === undefined) {
        this.consumer?.resume([{ topic, partitions: [partition] }]);
        continue;
      }
      feed.dropBacklog();
      this.consumer?.seek({ topic, partition, offset: String(feed.position) });
      this.setPaused(feed, feed.wantsPause, true);
    }
    this.feedsOpened = this.openFeeds(assigned, this.joins).catch((error: unknown) => this.ports.onFatal(unavailable(error)));
  }

  /** Reads where the group stands, and opens the feeds of new partitions. */
  private async openFeeds(assigned: readonly TopicPartition[], join: number): Promise<void> {
    const positions = await this.positions.read(assigned);
    const feeds = this.feeds;
    const livingOwners = await this.livingOwners(assigned, positions);
    if (feeds === undefined || join !== this.joins) return;
    const opened: PartitionFeed[] = [];
    for (const { topic, partition } of assigned) {
      const committed = positions.committed({ topic, partition });
      const feed = feeds.get(topic, partition);
      // Another member had the partition in between, and came further than this one had read.
      const isBehind = feed !== undefined && committed !== undefined && committed.offset > feed.position;
      if (feed !== undefined && !isBehind) continue;
      const end = positions.end({ topic, partition });
      if (isBehind || (committed === undefined && end !== undefined))
        this.consumer?.seek({ topic, partition, offset: String(committed?.offset ?? end) });
      const { owner, metadata } = splitOwner(committed?.metadata ?? null);
      const isInterrupted = owner !== undefined && !livingOwners.has(owner);
      const start = committed === undefined ? { offset: end ?? 0n, metadata: null } : { offset: committed.offset, metadata };
      opened.push(feeds.open({ topic, partition }, start, isInterrupted));
    }
    await this.claim(feeds, opened);
    this.rejoins = 0;
    this.hasJoined = true;
    this.whenJoined?.resolve();
    void this.checkAllowed();
  }

  /** The owners of marks that are members of the group, this process included. */
  private async livingOwners(assigned: readonly TopicPartition[], positions: GroupPositions): Promise<ReadonlySet<string>> {
    const { ownerName, memberOwners, log } = this.ports;
    const isForeign = (partition: TopicPartition) => {
      const { owner } = splitOwner(positions.committed(partition)?.metadata ?? null);
      return owner !== undefined && owner !== ownerName;
    };
    if (this.options.tellsInterruptions !== true || !assigned.some(isForeign)) return new Set([ownerName]);
    try {
      return new Set([ownerName, ...(await memberOwners())]);
    } catch (error) {
      // Their records then count as begun, which costs little.
      log('debug', 'The members of a group could not be read', { groupId: this.options.groupId, error: String(error) });
      return new Set([ownerName]);
    }
  }

  /** Best effort: without a mark the end of this process is not told to the next owner. */
  private async claim(feeds: FeedSet, opened: readonly PartitionFeed[]): Promise<void> {
    try {
      await withTimeout(claimTimeoutMs, 'marking partitions', feeds.claim(opened));
    } catch (error) {
      this.ports.log('warn', 'Partitions could not be marked as owned', { error: String(error) });
    }
  }

  private async onBatch({ batch, resolveOffset, isStale }: EachBatchPayload): Promise<void> {
    await this.feedsOpened;
    if (isStale() || this.isClosing) return;
    const { topic, partition, messages } = batch;
    let feed = this.feeds?.get(topic, partition);
    if (feed === undefined) return;
    const first = BigInt(batch.firstOffset() ?? batch.lastOffset());
    if (first < feed.position && BigInt(batch.highWatermark) < feed.position) {
      // The partition ends before the position of the feed: the topic was deleted and created
      // again. Starting over handles some records twice at most.
      this.ports.log('warn', 'A partition is shorter than it was and is read from its start', { topic, partition });
      feed = this.feeds?.open({ topic, partition }, { offset: first, metadata: null });
    }
    feed?.take(
      messages.map((message) => incomingRecord(topic, partition, message)),
      BigInt(batch.highWatermark),
    );
    resolveOffset(batch.lastOffset());
  }

  /**
   * Pauses or resumes the fetching of a partition.
   * @param isForced tells kafkajs even if it should know already.
   */
  private setPaused(feed: PartitionFeed, isPaused: boolean, isForced = false): void {
    if (!isForced && isPaused === this.paused.has(feed)) return;
    const { topic, partition } = feed;
    try {
      if (isPaused) this.consumer?.pause([{ topic, partitions: [partition] }]);
      else this.consumer?.resume([{ topic, partitions: [partition] }]);
      if (isPaused) this.paused.add(feed);
      else this.paused.delete(feed);
    } catch {
      // The consumer is out of its group just now: the next join tells kafkajs again.
    }
  }
}
