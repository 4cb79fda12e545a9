/**
 * A member of a consumer group that works in parallel and out of order.
 *
 * Three parts run side by side. The {@link GroupMember} keeps the membership, the
 * {@link PartitionReader} fetches, and the feeds call the handler. Neither fetches nor heartbeats
 * wait for a handler. One timer commits how far the feeds are. A feed with enough records is
 * paused: its partition is not fetched.
 *
 * At a rebalance `onJoin` gets the assignment. A partition that the group wants back is let go as
 * soon as none of its records acts; see `hand-over.ts`. The rest goes on. The
 * consumer then asks the coordinator for the commits, until it answers. It opens feeds for new
 * partitions, and anew for those that another member has had in between. All work in hand waits
 * for that; see `membership.ts`.
 *
 * 1. A feed exists for each assigned partition whose commit was read, and for no other partition.
 * 2. The reader goes on behind a record once the feed has it. The broker is told only of finished
 *    records (I1).
 * 3. A partition that stays here at a rebalance keeps its feed, unless another member has had it
 *    in between. Its records in flight go on, and none is handed out twice.
 * 4. If the membership cannot go on, a new member joins with the same feeds. After a bounded number
 *    of such joins `onFatal` is called.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type IncomingRecord, PlatformError } from '#contracts';
import { CommitTimer } from '../bookkeeping/commit-timer.ts';
import { FeedSet } from '../bookkeeping/feed-set.ts';
import { HandOver } from '../bookkeeping/hand-over.ts';
import { Membership } from '../bookkeeping/membership.ts';
import type { PartitionFeed } from '../bookkeeping/partition-feed.ts';
import type { TransportLog } from '../log.ts';
import { splitOwner } from '../bookkeeping/owner-mark.ts';
import {
  type ConsumerOptions,
  type PartitionEnd,
  type PartitionProgress,
  type RecordConsumer,
  type RecordHandler,
  type RecordObserver,
  sessionTimeoutMsDefault,
} from '../ports.ts';
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import type { AccessWatch } from './access-watch.ts';
import { isAccessFault, severityOfRetry, unavailable, withTimeout } from './broker-errors.ts';
import { type Assignment, type CommittedPosition, GroupMember } from './group-member.ts';
import { incomingRecord } from './incoming-record.ts';
import type { ClusterConnection, FetchedBatch } from './kafkajs-internals.ts';
import { assertRights } from './needed-rights.ts';
import { offsetsOf, partitionName } from './partition-offsets.ts';
import { type PartitionBounds, PartitionReader } from './partition-reader.ts';
import { type ReadingProgress, type StandstillLimits, StandstillWatch } from './standstill-watch.ts';

/** The gateway as its consumer sees it. */
export interface ConsumerPorts {
  /** The account in words, for errors. */
  readonly account: string;
  readonly access: Pick<AccessWatch, 'isRefused' | 'failed' | 'allowed'>;
  readonly newCluster: () => ClusterConnection;
  /** Removes members of the group whose process was killed. @returns how many. */
  readonly removeGoneMembers: () => Promise<number>;
  readonly log: TransportLog;
  readonly observer: RecordObserver;
  /** Unexpected errors of one record after which the process should end. */
  readonly recordTriesMax: number;
  /** Age at which the partitions of the topics are asked for again, in milliseconds. */
  readonly metadataAgeMaxMs: number;
  readonly standstill: StandstillLimits;
  /** Ends of the partitions of a topic: only those that the brokers tell. */
  readonly ends: (topic: string) => Promise<readonly PartitionEnd[]>;
  /** Called when the consumer cannot go on: the process should end and be started again. */
  readonly onFatal: (error: PlatformError) => void;
  readonly reject: (record: IncomingRecord, fault: PlatformError) => Promise<void>;
  readonly checkFormat: (record: IncomingRecord) => void;
  /** The name of this process in the marks of commits. */
  readonly ownerName: string;
  /** The owner names of all members of the group. */
  readonly memberOwners: () => Promise<readonly string[]>;
  /** Called once the consumer is closed. */
  readonly onClosed: () => void;
}

/** A member learns of a rebalance by its heartbeat: partitions that move wait for this long. */
const heartbeatMs = 300;
const handOverMsDefault = 1_000;
/** At a close, partitions that are free within this time move first. */
const firstHandOverMs = 200;
/** Partitions that become free within this time move together. */
const handOversTogetherMs = 30;
const rejoinsMax = 6;
const rejoinBaseMs = 500;
/** Joins after which a start gives up that the brokers refuse: after 3.5 s. */
const refusedRejoinsMax = 3;
const closeTimeoutMs = 5_000;
/** Longest wait for the mark of new partitions, while the fetch loop waits too. */
const claimTimeoutMs = 2_000;
const rebalanceTimeoutMs = 30_000;
const fetchBytesMaxDefault = 10 * 1024 * 1024;
const partitionFetchBytesMax = 1024 * 1024;
const positionsAgainMs = 250;
/** After a refusal, the rights are asked for this often. */
const allowedAgainMs = 1_000;

/** The first offset of a partition that this process reads. */
interface Position {
  readonly partition: TopicPartition;
  /** Offset -1 if the group has no commit. */
  readonly committed: CommittedPosition;
  readonly start: bigint;
}

/** A membership with its connections. */
interface Seat {
  readonly cluster: ClusterConnection;
  readonly member: GroupMember;
  readonly reader: PartitionReader;
  /** Aborts when the membership has ended. */
  readonly ended: AbortController;
}

/** A {@link RecordConsumer} over kafkajs. */
export class KafkajsConsumer implements RecordConsumer {
  private readonly commits: CommitTimer;
  private readonly membership: Membership;
  private seat: Seat | undefined;
  private feeds: FeedSet | undefined;
  private handOver: HandOver | undefined;
  private handOverTimer: NodeJS.Timeout | undefined;
  private assigned: readonly TopicPartition[] = [];
  private counts: ReadonlyMap<string, number> = new Map();
  private watch: StandstillWatch | undefined;
  private allowedCheckAt = Number.NEGATIVE_INFINITY;
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
    const { groupId, sessionTimeoutMs = sessionTimeoutMsDefault } = options;
    this.membership = new Membership(sessionTimeoutMs);
    this.commits = new CommitTimer(
      async () => (this.isLeaving ? this.feeds?.release() : this.feeds?.commit()),
      (error) => ports.log('warn', 'A commit failed and is made again', { groupId, error: String(error) }),
    );
  }

  get inFlight(): number {
    return this.feeds?.inFlight ?? 0;
  }

  /** True while partitions with records stand still. */
  get isStandingStill(): boolean {
    return this.watch?.isStandingStill ?? false;
  }

  /** How far the consumer is with each of its partitions. */
  progress(): readonly PartitionProgress[] {
    return this.feeds?.progress() ?? [];
  }

  readAtOnce(): void {
    this.seat?.reader.readAtOnce();
  }

  async start(handler: RecordHandler): Promise<void> {
    const { log, observer, reject, checkFormat, recordTriesMax, onFatal } = this.ports;
    this.feeds = new FeedSet(this.options, handler, {
      log,
      observer,
      reject,
      checkFormat,
      recordTriesMax,
      onFatal,
      ownerName: this.ports.ownerName,
      membership: this.membership,
      flush: async () => {
        await this.commits.flush().catch((error: unknown) => {
          throw this.faultOf(error);
        });
      },
      changed: (feed) => {
        this.seat?.reader.setPaused(feed, feed.wantsPause);
        this.commits.commitSoon();
      },
      write: async (commits) => {
        if (this.seat === undefined) throw this.faultOf(new Error('the consumer is not in its group'));
        await this.seat.member.commit(commits);
      },
    });
    this.handOver = new HandOver({
      feeds: this.feeds,
      commits: this.commits,
      log,
      fits: async () => this.tellHeld(),
      lost: (partition) => this.onHandedOver(partition),
    });
    const joined = new Promise<void>((resolve, reject) => {
      this.whenJoined = { resolve, reject };
    });
    const { groupId } = this.options;
    this.watch = new StandstillWatch(
      {
        reader: `consumer of group ${groupId}`,
        log,
        onFatal,
        ends: this.ports.ends,
        progress: () => this.reading(),
        beginAnew: () => void this.onCrash(this.faultOf(new Error('it stands still'))),
      },
      this.ports.standstill,
    );
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
    this.watch?.stop();
    this.commits.stop();
    const feeds = this.feeds;
    if (feeds !== undefined) {
      feeds.stop();
      for (const feed of feeds.all()) this.seat?.reader.setPaused(feed, true);
      await this.drain(feeds, drainMs);
    }
    this.isLeaving = true;
    // Records that are finished but not committed are handled again by the next owner. That is
    // allowed (I5), so a failure is only logged.
    await this.orLog('The last commit of a consumer failed', 'the last commit', this.commits.commitLast());
    feeds?.loseAll();
    if (this.seat !== undefined)
      await this.orLog('A consumer did not leave its group', 'leaving the group', this.vacate(this.seat));
    this.ports.onClosed();
  }

  /** Waits for handlers. Partitions that are free go to other members meanwhile. */
  private async drain(feeds: FeedSet, drainMs: number): Promise<void> {
    if (this.options.leavesWaiting !== true || drainMs <= 0) return feeds.drained(drainMs);
    const { handOver, seat } = this;
    seat?.member.wantNothing();
    handOver?.begin([...feeds.all()], drainMs);
    const ended = handOver?.ended();
    const isEnded = await Promise.race([ended?.then(() => true), delay(firstHandOverMs, false)]);
    if (isEnded === true) return;
    seat?.member.joinAgain();
    await ended;
  }

  /** The partitions that this process may work for. */
  private async tellHeld(): Promise<void> {
    const held = [...(this.feeds?.all() ?? [])].filter(({ isLettingGo }) => !isLettingGo);
    await this.options.onHeld?.(
      held.map(({ topic, partition }) => ({ topic, partition })),
      this.counts,
    );
  }

  /** A partition was let go. Several of them move together. */
  private onHandedOver(partition: TopicPartition): void {
    const { seat } = this;
    if (seat === undefined) return;
    const isBack = this.assigned.some((one) => partitionName(one) === partitionName(partition));
    if (isBack && !this.isClosing) void this.openFeeds([partition], this.joins, seat);
    else
      this.handOverTimer ??= setTimeout(() => {
        this.handOverTimer = undefined;
        this.seat?.member.joinAgain();
      }, handOversTogetherMs);
  }

  /** Partitions that are assigned, and those that are still let go. */
  private held(): readonly TopicPartition[] {
    const feeds = [...(this.feeds?.all() ?? [])].map(({ topic, partition }) => ({ topic, partition }));
    const all = this.isClosing ? feeds : [...feeds, ...this.assigned];
    return [...new Map(all.map((one) => [partitionName(one), one])).values()];
  }

  /** Leaves the group and closes the connections. */
  private async vacate({ cluster, member, ended }: Seat): Promise<void> {
    ended.abort();
    try {
      await member.leave();
    } finally {
      void cluster.disconnect().catch(() => undefined);
    }
  }

  /** All assigned partitions, also those whose feeds are not open yet. */
  private reading(): readonly ReadingProgress[] {
    const read = new Map(this.seat?.reader.progress().map((one) => [partitionName(one), one]));
    const isMember = this.membership.isCurrent;
    return this.assigned.map((partition) => {
      const one = read.get(partitionName(partition));
      const position = one?.position ?? this.feeds?.get(partition.topic, partition.partition)?.position;
      // The reading of a process that is no member counts for nothing: it may commit nothing.
      return isMember && one !== undefined ? one : { ...partition, position, isPaused: false, progressAt: undefined };
    });
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

  /** Takes a seat in the group: connects, then joins and reads in the background. */
  private async join(): Promise<void> {
    const { groupId, topics, fetchBytesMin = 1, fetchWaitMs = 100 } = this.options;
    const { fetchBytesMax = fetchBytesMaxDefault, sessionTimeoutMs = sessionTimeoutMsDefault } = this.options;
    const { log, metadataAgeMaxMs } = this.ports;
    const cluster = this.ports.newCluster();
    const ended = new AbortController();
    const failed = (error: unknown) => this.onFailure(error);
    const isCurrent = () => this.seat?.ended === ended;
    const member = new GroupMember(
      {
        groupId,
        topics,
        sessionTimeoutMs,
        heartbeatMs: Math.min(heartbeatMs, Math.floor(sessionTimeoutMs / 4)),
        rebalanceTimeoutMs: Math.max(rebalanceTimeoutMs, sessionTimeoutMs),
        url: this.options.url,
      },
      {
        cluster,
        log,
        failed,
        held: () => this.held(),
        joined: (assignment, tookMs) => {
          if (isCurrent()) this.onJoin(assignment, tookMs);
        },
        confirmed: (tookMs) => {
          if (isCurrent()) this.onConfirmed(tookMs);
        },
        rebalancing: async () => {
          if (!isCurrent()) return;
          this.membership.rebalancing();
          await withTimeout(claimTimeoutMs, 'committing', this.commits.flush()).catch(() => undefined);
        },
        topicUnknown: () => reader.refreshSoon(),
      },
    );
    const reader = new PartitionReader(
      {
        cluster,
        failed,
        taken: (partition, messages, end) => {
          if (isCurrent()) this.onBatch(partition, messages, end);
        },
        outOfRange: (partition, position, bounds) => this.onOutOfRange(partition, position, bounds),
        answered: (isWhole) => {
          if (isWhole && isCurrent()) void this.checkAllowed();
        },
        refreshed: () => member.checkGrowth(),
      },
      {
        bytesMin: fetchBytesMin,
        waitMs: fetchWaitMs,
        bytesMax: fetchBytesMax,
        partitionBytesMax: partitionFetchBytesMax,
        metadataAgeMaxMs,
      },
    );
    this.seat = { cluster, member, reader, ended };
    await cluster.connect();
    await cluster.addMultipleTargetTopics(topics);
    const missing = topics.find((topic) => cluster.findTopicPartitionMetadata(topic).length === 0);
    if (missing !== undefined && !this.hasJoined) throw this.faultOf(new Error(`topic ${missing} does not exist`));
    void reader.run(ended.signal);
    void member.run().catch((error: unknown) => {
      if (isCurrent()) void this.onCrash(error);
    });
  }

  /** A request failed that is made again. */
  private onFailure(error: unknown): void {
    const { groupId, topics } = this.options;
    const fault = this.faultOf(error);
    this.ports.access.failed(groupId, fault);
    this.ports.log(severityOfRetry(error), 'A consumer failed to read and tries again', {
      groupId,
      topics,
      error: fault.message,
    });
  }

  private async onCrash(error: unknown): Promise<void> {
    if (this.isClosing) return;
    const { groupId } = this.options;
    const left = this.seat;
    this.seat = undefined;
    this.membership.left();
    if (left !== undefined) void this.vacate(left).catch(() => undefined);
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
    await delay(rejoinBaseMs * 2 ** (this.rejoins - 1));
    if (this.isClosing) return;
    try {
      await this.join();
    } catch (next) {
      await this.onCrash(next);
    }
  }

  private faultOf(error: unknown): PlatformError {
    const { groupId, topics } = this.options;
    return unavailable(error, { groupId, topics, account: this.ports.account, operation: 'Read' });
  }

  /** The error of a consumer. A refusal names the topics, which the brokers did not say. */
  private async explained(error: unknown): Promise<PlatformError> {
    const fault = this.faultOf(error);
    return fault.code === 'BROKER_ACCESS_DENIED' ? ((await this.missingRights()) ?? fault) : fault;
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
    const now = performance.now();
    if (!this.ports.access.isRefused || now - this.allowedCheckAt < allowedAgainMs) return;
    this.allowedCheckAt = now;
    if ((await this.missingRights()) === undefined) this.ports.access.allowed(this.options.groupId);
  }

  private onConfirmed(tookMs: number): void {
    const mayBeBack = !this.membership.mayBegin;
    this.membership.confirmed(tookMs);
    if (mayBeBack) this.feeds?.proceed();
  }

  private onJoin({ assigned, isCooperative, isContinuous, counts }: Assignment, tookMs: number): void {
    const { feeds, seat, handOver } = this;
    if (feeds === undefined || seat === undefined) return;
    this.joins += 1;
    this.assigned = assigned;
    this.counts = counts;
    const names = new Set(assigned.map(partitionName));
    const isAssigned = (feed: PartitionFeed) => names.has(partitionName(feed));
    const mayHandOver = isCooperative && isContinuous;
    if (!mayHandOver) this.membership.joined();
    this.membership.confirmed(tookMs);
    seat.reader.keepOnly(assigned);
    // Without a hand-over another member may have the others already.
    if (!mayHandOver) feeds.keepOnly([...feeds.all()].filter((feed) => isAssigned(feed) && !feed.isLettingGo));
    const { handOverMs = handOverMsDefault } = this.options;
    handOver?.begin(
      [...feeds.all()].filter((feed) => !isAssigned(feed)),
      handOverMs,
    );
    void this.tellHeld();
    void this.openFeeds(assigned, this.joins, seat).catch((error: unknown) => this.ports.onFatal(unavailable(error)));
  }

  /** Reads where the group stands, and opens the feeds of new partitions. */
  private async openFeeds(assigned: readonly TopicPartition[], join: number, seat: Seat): Promise<void> {
    const isOver = () => join !== this.joins || seat.ended.signal.aborted;
    const feeds = this.feeds;
    const positions = await this.positionsOf(assigned, seat);
    const livingOwners = await this.livingOwners(positions);
    if (feeds === undefined || isOver()) return;
    const opened: PartitionFeed[] = [];
    for (const { partition, committed, start } of positions) {
      const feed = feeds.get(partition.topic, partition.partition);
      if (feed !== undefined && !feeds.isOutdated(feed, committed)) continue;
      // A fetch for the old feed must not reach the new one, which may begin earlier.
      seat.reader.forget(partition);
      const { owner, metadata } = splitOwner(committed.metadata);
      const isInterrupted = owner !== undefined && !livingOwners.has(owner);
      opened.push(feeds.open(partition, { offset: start, metadata }, isInterrupted));
    }
    const isComplete = positions.length === assigned.length;
    if (isComplete) this.membership.checked();
    if (isComplete) feeds.proceed();
    await this.claim(feeds, opened);
    if (isOver()) return;
    for (const feed of feeds.all()) if (!feed.isLettingGo) this.readOn(feed, opened.includes(feed));
    void this.tellHeld();
    if (isComplete || positions.length > 0) this.noteJoined();
    if (isComplete) return;
    const found = new Set(positions.map(({ partition }) => partitionName(partition)));
    await delay(positionsAgainMs);
    if (!isOver())
      await this.openFeeds(
        assigned.filter((one) => !found.has(partitionName(one))),
        join,
        seat,
      );
  }

  private noteJoined(): void {
    this.rejoins = 0;
    this.hasJoined = true;
    this.whenJoined?.resolve();
    void this.checkAllowed();
  }

  /** Reads a partition where its feed stands, unless it is being read already. */
  private readOn(feed: PartitionFeed, isNew: boolean): void {
    const reader = this.seat?.reader;
    if (reader === undefined) return;
    if (isNew || reader.position(feed) === undefined) {
      feed.dropBacklog();
      reader.read(feed, feed.position);
    }
    reader.setPaused(feed, feed.wantsPause);
  }

  /**
   * Asks for the commits of the group, and for the starts of partitions without one. A partition
   * about which the brokers did not answer is missing: a guess would skip records.
   */
  private async positionsOf(assigned: readonly TopicPartition[], { cluster, member }: Seat): Promise<readonly Position[]> {
    if (assigned.length === 0) return [];
    const failed = (error: unknown) => this.onFailure(error);
    const commits = await member.commits(assigned).catch(failed);
    if (commits === undefined) return [];
    const isCommitted = (partition: TopicPartition) => (commits.get(partitionName(partition))?.offset ?? -1n) >= 0n;
    const name = this.options.from === 'latest' ? 'end' : 'start';
    const starts = await offsetsOf(
      cluster,
      assigned.filter((partition) => !isCommitted(partition)),
      name,
      failed,
    );
    return assigned.flatMap((partition) => {
      const committed = commits.get(partitionName(partition)) ?? { offset: -1n, metadata: null };
      const start = committed.offset >= 0n ? committed.offset : starts.get(partitionName(partition));
      return start === undefined ? [] : [{ partition, committed, start }];
    });
  }

  /** The owners of marks that are members of the group, this process included. */
  private async livingOwners(positions: readonly { readonly committed: CommittedPosition }[]): Promise<ReadonlySet<string>> {
    const { ownerName, memberOwners, log } = this.ports;
    const isForeign = ({ committed }: { readonly committed: CommittedPosition }) => {
      const { owner } = splitOwner(committed.metadata);
      return owner !== undefined && owner !== ownerName;
    };
    if (this.options.tellsInterruptions !== true || !positions.some(isForeign)) return new Set([ownerName]);
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

  private onBatch({ topic, partition }: TopicPartition, messages: FetchedBatch['messages'], end: bigint): void {
    if (this.isClosing) return;
    const records = messages.map((message) => incomingRecord(topic, partition, message));
    this.feeds?.get(topic, partition)?.take(records, end);
  }

  /** @returns where the partition is read on. */
  private onOutOfRange(partition: TopicPartition, position: bigint, { start, end }: PartitionBounds): bigint {
    const where = { ...partition, position: String(position), start: String(start), end: String(end) };
    if (position < start) {
      this.ports.log('error', 'Records were deleted before they were read: their retention has passed', where);
      return start;
    }
    // The topic was deleted and created again. Starting over handles some records twice at most.
    this.ports.log('warn', 'A partition is shorter than it was and is read from its start', where);
    this.feeds?.open(partition, { offset: start, metadata: null });
    return start;
  }
}
