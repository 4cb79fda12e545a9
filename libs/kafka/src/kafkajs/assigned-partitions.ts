/**
 * The partitions that a group has assigned to this process: which feeds are open, and what is read.
 *
 * At a rebalance `joined` gets the assignment. A partition that the group wants back is let go as
 * soon as none of its records acts; see `hand-over.ts`. The rest goes on. The coordinator is then
 * asked for the commits, until it answers. Feeds open for new partitions, and anew for those that
 * another member has had in between. All work in hand waits for that; see `membership.ts`.
 *
 * 1. A feed exists for each assigned partition whose commit was read, and for no other partition.
 * 2. A partition that stays here at a rebalance keeps its feed, unless another member has had it
 *    in between. Its records in flight go on, and none is handed out twice.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { partitionName } from '#contracts';
import type { CommitTimer } from '../bookkeeping/commit-timer.ts';
import type { FeedSet, TopicPartition } from '../bookkeeping/feed-set.ts';
import { HandOver } from '../bookkeeping/hand-over.ts';
import type { Membership } from '../bookkeeping/membership.ts';
import { splitOwner } from '../bookkeeping/owner-mark.ts';
import type { PartitionFeed } from '../bookkeeping/partition-feed.ts';
import type { ConsumerOptions, GroupFacts } from '../ports.ts';
import { unavailable, withTimeout } from './broker-errors.ts';
import type { ConsumerPorts } from './consumer-ports.ts';
import type { Assignment } from './group-member.ts';
import type { Seat } from './group-seat.ts';
import type { FetchedRecords } from './fetched-records.ts';
import { incomingRecord } from './incoming-record.ts';
import type { PartitionBounds } from './partition-reader.ts';
import type { ReadingProgress } from './standstill-watch.ts';
import type { StartPositions } from './start-positions.ts';

/** The consumer as its partitions see it. */
export interface ConsumerParts {
  readonly feeds: FeedSet;
  readonly commits: CommitTimer;
  readonly membership: Membership;
  readonly positions: StartPositions;
  /** The present seat; undefined between two. */
  seat(): Seat | undefined;
  isClosing(): boolean;
  /** The process reads partitions of the assignment, or it has none. */
  opened(): void;
}

const handOverMsDefault = 1_000;
/** At a close, partitions that are free within this time move first. */
const firstHandOverMs = 200;
/** Partitions that become free within this time move together. */
const handOversTogetherMs = 30;
/** Longest wait for the mark of new partitions, while the fetch loop waits too. */
const claimTimeoutMs = 2_000;
const positionsAgainMs = 250;

/** See the head of this file. */
export class AssignedPartitions {
  private readonly feeds: FeedSet;
  private readonly handOver: HandOver;
  private handOverTimer: NodeJS.Timeout | undefined;
  private assigned: readonly TopicPartition[] = [];
  private group: GroupFacts = { counts: new Map(), members: 1 };
  /** Names of assigned partitions that were not compared with the commits since the last join. */
  private unchecked = new Set<string>();
  private joins = 0;

  constructor(
    private readonly options: ConsumerOptions,
    private readonly ports: Pick<ConsumerPorts, 'log' | 'onFatal'>,
    private readonly parts: ConsumerParts,
  ) {
    const { feeds, commits } = parts;
    this.feeds = feeds;
    this.handOver = new HandOver({
      feeds,
      commits,
      log: ports.log,
      fits: async () => this.tellHeld(),
      lost: (partition) => this.handedOver(partition),
    });
  }

  /** Waits for handlers. Partitions that are free go to other members meanwhile. */
  async drain(drainMs: number): Promise<void> {
    const { feeds, handOver } = this;
    if (this.options.leavesWaiting !== true || drainMs <= 0) return feeds.drained(drainMs);
    const seat = this.parts.seat();
    seat?.member.wantNothing();
    handOver.begin([...feeds.all()], drainMs);
    const ended = handOver.ended();
    const isEnded = await Promise.race([ended.then(() => true), delay(firstHandOverMs, false)]);
    if (isEnded === true) return;
    seat?.member.joinAgain();
    await ended;
  }

  /** The partitions that this process may work for. */
  private async tellHeld(): Promise<void> {
    const held = [...this.feeds.all()].filter(({ isLettingGo }) => !isLettingGo);
    await this.options.onHeld?.(
      held.map(({ topic, partition }) => ({ topic, partition })),
      this.group,
    );
  }

  /** A partition was let go. Several of them move together. */
  private handedOver(partition: TopicPartition): void {
    const seat = this.parts.seat();
    if (seat === undefined) return;
    const isBack = this.assigned.some((one) => partitionName(one) === partitionName(partition));
    if (isBack && !this.parts.isClosing()) this.open([partition], seat);
    else
      this.handOverTimer ??= setTimeout(() => {
        this.handOverTimer = undefined;
        this.parts.seat()?.member.joinAgain();
      }, handOversTogetherMs);
  }

  /** Partitions that are assigned, and those that are still let go. */
  held(): readonly TopicPartition[] {
    const feeds = [...this.feeds.all()].map(({ topic, partition }) => ({ topic, partition }));
    const all = this.parts.isClosing() ? feeds : [...feeds, ...this.assigned];
    return [...new Map(all.map((one) => [partitionName(one), one])).values()];
  }

  /** All assigned partitions, also those whose feeds are not open yet. */
  reading(): readonly ReadingProgress[] {
    const read = new Map(
      this.parts
        .seat()
        ?.reader.progress()
        .map((one) => [partitionName(one), one]),
    );
    const isMember = this.parts.membership.isCurrent;
    return this.assigned.map((partition) => {
      const one = read.get(partitionName(partition));
      const position = one?.position ?? this.feeds.get(partition.topic, partition.partition)?.position;
      // The reading of a process that is no member counts for nothing: it may commit nothing.
      return isMember && one !== undefined ? one : { ...partition, position, isPaused: false, progressAt: undefined };
    });
  }

  /** Takes over an assignment of the group. @param tookMs from the request to its answer. */
  joined({ assigned, isCooperative, isContinuous, group }: Assignment, tookMs: number): void {
    const { feeds, handOver } = this;
    const seat = this.parts.seat();
    if (seat === undefined) return;
    this.joins += 1;
    this.assigned = assigned;
    this.group = group;
    const names = new Set(assigned.map(partitionName));
    this.unchecked = new Set(names);
    const isAssigned = (feed: PartitionFeed) => names.has(partitionName(feed));
    const mayHandOver = isCooperative && isContinuous;
    const { membership } = this.parts;
    const mayBeBack = !membership.mayBegin;
    if (!mayHandOver) membership.joined();
    membership.confirmed(tookMs);
    seat.reader.keepOnly(assigned);
    // Without a hand-over another member may have the others already.
    if (!mayHandOver) feeds.keepOnly([...feeds.all()].filter((feed) => isAssigned(feed) && !feed.isLettingGo));
    const { handOverMs = handOverMsDefault } = this.options;
    handOver.begin(
      [...feeds.all()].filter((feed) => !isAssigned(feed)),
      handOverMs,
    );
    // No later heartbeat tells: the membership is confirmed already. And the positions of new
    // partitions may not be told for long.
    if (mayBeBack && membership.mayBegin) feeds.proceed();
    void this.tellHeld();
    this.open(assigned, seat);
  }

  private open(assigned: readonly TopicPartition[], seat: Seat): void {
    void this.openFeeds(assigned, this.joins, seat).catch((error: unknown) => this.ports.onFatal(unavailable(error)));
  }

  /** Reads where the group stands, and opens the feeds of new partitions. */
  private async openFeeds(assigned: readonly TopicPartition[], join: number, seat: Seat): Promise<void> {
    const isOver = () => join !== this.joins || seat.ended.signal.aborted;
    const feeds = this.feeds;
    const positions = await this.parts.positions.of(assigned, seat);
    if (isOver()) return;
    const opened: PartitionFeed[] = [];
    for (const { partition, committed, start, isInterrupted } of positions) {
      this.unchecked.delete(partitionName(partition));
      const feed = feeds.get(partition.topic, partition.partition);
      if (feed !== undefined && !feeds.isOutdated(feed, committed)) continue;
      // A fetch for the old feed must not reach the new one, which may begin earlier.
      seat.reader.forget(partition);
      // The marks of a commit tell nothing of a store that is behind it.
      const metadata = start < committed.offset ? null : splitOwner(committed.metadata).metadata;
      opened.push(feeds.open(partition, { offset: start, metadata }, isInterrupted));
    }
    const isComplete = positions.length === assigned.length;
    if (this.unchecked.size === 0) {
      this.parts.membership.checked();
      feeds.proceed();
    }
    await this.claim(feeds, opened);
    if (isOver()) return;
    for (const feed of feeds.all()) if (!feed.isLettingGo) this.readOn(feed, opened.includes(feed));
    void this.tellHeld();
    if (isComplete || positions.length > 0) this.parts.opened();
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

  /** Reads a partition where its feed stands, unless it is being read already. */
  private readOn(feed: PartitionFeed, isNew: boolean): void {
    const reader = this.parts.seat()?.reader;
    if (reader === undefined) return;
    if (isNew || reader.position(feed) === undefined) {
      feed.dropBacklog();
      reader.read(feed, feed.position, !isNew);
    }
    reader.setPaused(feed, feed.wantsPause);
  }

  /** Best effort: without a mark the end of this process is not told to the next owner. */
  private async claim(feeds: FeedSet, opened: readonly PartitionFeed[]): Promise<void> {
    try {
      await withTimeout(claimTimeoutMs, 'marking partitions', feeds.claim(opened));
    } catch (error) {
      this.ports.log('warn', 'Partitions could not be marked as owned', { error: String(error) });
    }
  }

  /** Takes fetched records. */
  take({ topic, partition }: TopicPartition, messages: FetchedRecords['messages'], end: bigint, next: bigint): void {
    if (this.parts.isClosing()) return;
    const records = messages.map((message) => incomingRecord(topic, partition, message));
    this.feeds.get(topic, partition)?.take(records, end, next);
  }

  /** The brokers do not have a position. @returns where the partition is read on. */
  outOfRange(partition: TopicPartition, position: bigint, { start, end }: PartitionBounds): bigint {
    const where = { ...partition, position: String(position), start: String(start), end: String(end) };
    if (position < start) {
      this.ports.log('error', 'Records were deleted before they were read', where);
      // The position is committed, so that everybody knows that nobody will read them.
      this.feeds.get(partition.topic, partition.partition)?.take([], end, start);
      return start;
    }
    // The topic was deleted and created again. Starting over handles some records twice at most.
    this.ports.log('warn', 'A partition is shorter than it was and is read from its start', where);
    this.feeds.open(partition, { offset: start, metadata: null });
    return start;
  }

  /** The topic of a partition was deleted and created again: what was committed counts no more. */
  madeAgain({ topic, partition }: TopicPartition, start: bigint): void {
    const where = { topic, partition, start: String(start) };
    this.ports.log('warn', 'A topic was deleted and created again, and is read from its start', where);
    const feed = this.feeds.openAgain({ topic, partition }, start);
    this.parts.seat()?.reader.setPaused(feed, feed.wantsPause);
    // The feed before may have written an offset of the old topic into the new one.
    this.feeds
      .rewind(feed)
      .catch((error: unknown) => this.ports.log('warn', 'A start could not be committed', { ...where, error: String(error) }));
  }
}
