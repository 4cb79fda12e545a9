/**
 * A member of a consumer group that works in parallel and out of order.
 *
 * Three parts run side by side. The {@link GroupMember} keeps the membership, the
 * {@link PartitionReader} fetches, and the feeds call the handler. Neither fetches nor heartbeats
 * wait for a handler. One timer commits how far the feeds are. A feed with enough records is
 * paused: its partition is not fetched. `assigned-partitions.ts` tells what happens at a rebalance.
 *
 * 1. The reader goes on behind a record once the feed has it. The broker is told only of finished
 *    records (I1).
 * 2. If the membership cannot go on, a new member joins with the same feeds. After a bounded number
 *    of such joins `onFatal` is called.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { CommitTimer } from '../bookkeeping/commit-timer.ts';
import { FeedSet } from '../bookkeeping/feed-set.ts';
import { Membership } from '../bookkeeping/membership.ts';
import {
  type ConsumerOptions,
  type PartitionProgress,
  type RecordConsumer,
  type RecordHandler,
  sessionTimeoutMsDefault,
} from '../ports.ts';
import { AssignedPartitions } from './assigned-partitions.ts';
import { isAccessFault, severityOfRetry, withTimeout } from './broker-errors.ts';
import type { ConsumerPorts } from './consumer-ports.ts';
import { newSeat, type Seat, vacate } from './group-seat.ts';
import { ReadRights } from './read-rights.ts';
import { StandstillWatch } from './standstill-watch.ts';
import { StartPositions } from './start-positions.ts';
import { TopicIds } from './topic-ids.ts';

const rejoinsMax = 6;
const rejoinBaseMs = 500;
/** Joins after which a start gives up that the brokers refuse: after 3.5 s. */
const refusedRejoinsMax = 3;
const closeTimeoutMs = 5_000;
/** Longest wait for a last commit before the group deals anew, in milliseconds. */
const commitTimeoutMs = 2_000;

/** A {@link RecordConsumer} over kafkajs. */
export class KafkajsConsumer implements RecordConsumer {
  private readonly commits: CommitTimer;
  private readonly membership: Membership;
  private readonly rights: ReadRights;
  private seat: Seat | undefined;
  private feeds: FeedSet | undefined;
  private partitions: AssignedPartitions | undefined;
  private watch: StandstillWatch | undefined;
  private readonly topicIds = new TopicIds();
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
    this.rights = new ReadRights(options, ports);
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

  lookForPartitions(): void {
    this.seat?.reader.refreshSoon();
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
          throw this.rights.faultOf(error);
        });
      },
      changed: (feed) => {
        this.seat?.reader.setPaused(feed, feed.wantsPause);
        this.commits.commitSoon();
      },
      write: async (commits) => {
        if (this.seat === undefined) throw this.rights.faultOf(new Error('the consumer is not in its group'));
        await this.seat.member.commit(commits);
      },
    });
    const partitions = new AssignedPartitions(this.options, this.ports, {
      feeds: this.feeds,
      commits: this.commits,
      membership: this.membership,
      positions: new StartPositions(this.options, this.ports, (error) => this.onFailure(error)),
      seat: () => this.seat,
      isClosing: () => this.isClosing,
      opened: () => this.onOpened(),
    });
    this.partitions = partitions;
    const joined = new Promise<void>((resolve, reject) => {
      this.whenJoined = { resolve, reject };
    });
    // A close may reject it before anybody waits for it.
    joined.catch(() => undefined);
    const { groupId } = this.options;
    this.watch = new StandstillWatch(
      {
        reader: `consumer of group ${groupId}`,
        log,
        onFatal,
        ends: this.ports.ends,
        progress: () => partitions.reading(),
        beginAnew: () => {
          // Without a seat it is about to begin anew already.
          if (this.seat !== undefined) void this.onCrash(this.rights.faultOf(new Error('it stands still')));
        },
      },
      this.ports.standstill,
    );
    try {
      await this.removeKilledMembers();
      await Promise.all([this.join(), joined]);
    } catch (error) {
      await this.close(0);
      throw this.rights.faultOf(error);
    }
  }

  async close(drainMs: number): Promise<void> {
    if (this.isClosing) return;
    this.isClosing = true;
    this.whenJoined?.reject(new Error('the consumer was closed before it had joined its group'));
    this.watch?.stop();
    this.commits.stop();
    const feeds = this.feeds;
    if (feeds !== undefined) {
      feeds.stop();
      for (const feed of feeds.all()) this.seat?.reader.setPaused(feed, true);
      await this.partitions?.drain(drainMs);
    }
    this.isLeaving = true;
    // Records that are finished but not committed are handled again by the next owner. That is
    // allowed (I5), so a failure is only logged.
    await this.orLog('The last commit of a consumer failed', 'the last commit', this.commits.commitLast());
    feeds?.loseAll();
    if (this.seat !== undefined) await this.orLog('A consumer did not leave its group', 'leaving the group', vacate(this.seat));
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

  /**
   * Takes a seat in the group: connects, then joins and reads in the background. Does nothing more
   * once the consumer has left the seat.
   */
  private async join(): Promise<void> {
    if (this.isClosing) return;
    const { topics } = this.options;
    const seat = newSeat(this.options, this.ports, {
      isCurrent: (ended) => this.seat?.ended === ended,
      held: () => this.partitions?.held() ?? [],
      joined: (assignment, tookMs) => this.partitions?.joined(assignment, tookMs),
      confirmed: (tookMs) => this.onConfirmed(tookMs),
      rebalancing: async () => {
        this.membership.rebalancing();
        await withTimeout(commitTimeoutMs, 'committing', this.commits.flush()).catch(() => undefined);
      },
      failed: (error) => this.onFailure(error),
      taken: (partition, messages, end, next) => this.partitions?.take(partition, messages, end, next),
      outOfRange: (partition, position, bounds) => this.partitions?.outOfRange(partition, position, bounds) ?? position,
      madeAgain: (partition, start) => this.partitions?.madeAgain(partition, start),
      topicIds: this.topicIds,
      answered: (isWhole) => {
        if (isWhole) void this.rights.checkAllowed();
      },
    });
    const { cluster, reader, member, ended } = seat;
    this.seat = seat;
    try {
      await cluster.connect();
      await cluster.addMultipleTargetTopics(topics);
    } catch (error) {
      if (ended.signal.aborted) return;
      throw error;
    }
    if (ended.signal.aborted) return void cluster.disconnect().catch(() => undefined);
    const missing = topics.find((topic) => cluster.findTopicPartitionMetadata(topic).length === 0);
    if (missing !== undefined && !this.hasJoined) throw this.rights.faultOf(new Error(`topic ${missing} does not exist`));
    void reader.run(ended.signal);
    void member.run().catch((error: unknown) => {
      if (this.seat === seat) void this.onCrash(error);
    });
  }

  /** A request failed that is made again. */
  private onFailure(error: unknown): void {
    const { groupId, topics } = this.options;
    const fault = this.rights.faultOf(error);
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
    if (left !== undefined) void vacate(left).catch(() => undefined);
    this.rejoins += 1;
    const fault = await this.rights.explained(error);
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

  private onConfirmed(tookMs: number): void {
    const mayBeBack = !this.membership.mayBegin;
    this.membership.confirmed(tookMs);
    if (mayBeBack) this.feeds?.proceed();
  }

  private onOpened(): void {
    this.rejoins = 0;
    this.hasJoined = true;
    this.whenJoined?.resolve();
    void this.rights.checkAllowed();
  }
}
