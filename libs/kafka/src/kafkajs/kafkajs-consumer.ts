/**
 * A member of a consumer group that works in parallel and out of order.
 *
 * Who runs: kafkajs runs one fetch loop per broker; `onBatch` puts what was fetched into the feed of its partition and returns, so that the
 * loop, and with it the heartbeat, never waits for a handler. Feeds hand records out; one timer commits how far they are.
 * A feed that has enough is paused: kafkajs then fetches other partitions, or none, and its heartbeats go on.
 *
 * 1. A feed exists for each assigned partition once its commit was read, and for no other.
 * 2. kafkajs is told an offset is resolved when the feed has it; the broker is told only what is finished (I1).
 * 3. A partition kept over a rebalance keeps its feed: what is in flight goes on, nothing is handed out twice. kafkajs forgets how far it
 *    had read, and sometimes what was paused: both are told again on every join.
 * 4. When kafkajs gives up on its own, a new consumer joins with the feeds as they are, a bounded number of times; then `onFatal`.
 */
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { type IncomingRecord, PlatformError } from '#contracts';
import type { AdminConnection } from './admin-connection.ts';
import { unavailable, withTimeout } from './broker-errors.ts';
import { FeedSet, type TopicPartition } from '../bookkeeping/feed-set.ts';
import { incomingRecord } from './incoming.ts';
import type { TransportLog } from '../log.ts';
import type { PartitionFeed } from '../bookkeeping/partition-feed.ts';
import type { ConsumerOptions, RecordConsumer, RecordHandler } from '../ports.ts';

/** What a consumer needs of its gateway. */
export interface ConsumerPorts {
  readonly kafka: Kafka;
  readonly admin: AdminConnection;
  /** Puts members out of the group that were killed. @returns how many. */
  readonly removeGoneMembers: () => Promise<number>;
  readonly log: TransportLog;
  /** Unexpected errors of one record after which the process should end. */
  readonly recordTriesMax: number;
  /** How often kafkajs tries to get back to the brokers before it gives the membership up. */
  readonly retriesMax: number;
  /** The consumer is beyond help: the process should end and be started again. */
  readonly onFatal: (error: PlatformError) => void;
  readonly reject: (record: IncomingRecord, reason: string) => Promise<void>;
}

const commitIntervalMs = 250;
/** A member learns of a rebalance by its heartbeat: this is how long partitions stand still at worst when another one joins. */
const heartbeatMs = 1_000;
const rejoinsMax = 6;
const rejoinBaseMs = 500;
/** Longest wait for one question at a join; far below any session timeout, because the fetch loop waits with it. */
const joinQuestionMs = 2_000;
const joinTries = 2;
const closeMs = 5_000;
const rebalanceTimeoutMs = 30_000;

interface Committed {
  readonly offset: bigint;
  readonly metadata: string | null;
}

/** A {@link RecordConsumer} over kafkajs. */
export class KafkajsConsumer implements RecordConsumer {
  private consumer: Consumer | undefined;
  private feeds: FeedSet | undefined;
  private feedsOpened: Promise<void> = Promise.resolve();
  private paused = new WeakSet<PartitionFeed>();
  private joins = 0;
  private rejoins = 0;
  private isClosing = false;
  private commitTimer: NodeJS.Timeout | undefined;
  private committing: Promise<void> = Promise.resolve();
  private whenJoined: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;

  constructor(
    private readonly options: ConsumerOptions,
    private readonly ports: ConsumerPorts,
  ) {}

  get inFlight(): number {
    return this.feeds?.inFlight ?? 0;
  }

  async start(handler: RecordHandler): Promise<void> {
    this.feeds = new FeedSet(this.options, handler, {
      log: this.ports.log,
      reject: this.ports.reject,
      recordTriesMax: this.ports.recordTriesMax,
      onFatal: this.ports.onFatal,
      changed: (feed) => this.onChanged(feed),
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
      throw unavailable(error, { groupId: this.options.groupId });
    }
  }

  async close(drainMs: number): Promise<void> {
    if (this.isClosing) return;
    this.isClosing = true;
    const { groupId } = this.options;
    const feeds = this.feeds;
    if (feeds !== undefined) {
      feeds.stop();
      for (const feed of feeds.all()) this.setPaused(feed, true);
      await feeds.drained(drainMs);
    }
    clearTimeout(this.commitTimer);
    // Whatever is finished but not committed is handled again by the next owner: worth a wait, not worth an error.
    await withTimeout(
      closeMs,
      'the last commit',
      this.committing.then(() => feeds?.commit()),
    ).catch((error: unknown) => {
      this.ports.log('warn', 'The last commit of a consumer failed', { groupId, error: String(error) });
    });
    feeds?.loseAll();
    const consumer = this.consumer;
    if (consumer !== undefined)
      await withTimeout(closeMs, 'leaving the group', consumer.disconnect()).catch((error: unknown) => {
        this.ports.log('warn', 'A consumer did not leave its group', { groupId, error: String(error) });
      });
  }

  /** Worth a moment, not worth an error: whoever stays is waited for until its session is over. */
  private async removeKilledMembers(): Promise<void> {
    const { groupId } = this.options;
    try {
      const count = await this.ports.removeGoneMembers();
      if (count > 0) this.ports.log('info', 'Members of a group whose processes are gone were put out', { groupId, count });
    } catch (error) {
      this.ports.log('debug', 'The members of a group could not be looked at', { groupId, error: String(error) });
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
      // kafkajs puts 5 in place of what its client was told.
      retry: { retries: this.ports.retriesMax },
    });
    this.consumer = consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (this.consumer === consumer) this.onJoin(payload.memberAssignment);
    });
    consumer.on(consumer.events.REBALANCING, () => this.commitSoon(0));
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
    if (this.rejoins > rejoinsMax) {
      const fatal = unavailable(error, { groupId });
      this.whenJoined?.reject(fatal);
      this.ports.onFatal(fatal);
      return;
    }
    this.ports.log('warn', 'A consumer fell out of its group and joins again', {
      groupId,
      rejoins: this.rejoins,
      error: error.message,
    });
    await new Promise((resolve) => setTimeout(resolve, rejoinBaseMs * 2 ** (this.rejoins - 1)));
    if (this.isClosing) return;
    try {
      await this.join();
    } catch (next) {
      await this.onCrash(next instanceof Error ? next : new Error(String(next)));
    }
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
    this.feedsOpened = this.openNewFeeds(assigned, this.joins).catch((error: unknown) => this.ports.onFatal(unavailable(error)));
  }

  /** Reads where the group stands and opens the feeds of what is new. */
  private async openNewFeeds(assigned: readonly TopicPartition[], join: number): Promise<void> {
    const committed = await this.readCommits(assigned);
    const ends = await this.readEnds(assigned.filter((partition) => committed?.get(nameOf(partition)) === undefined));
    const feeds = this.feeds;
    if (feeds === undefined || join !== this.joins) return;
    for (const { topic, partition } of assigned) {
      const stand = committed?.get(nameOf({ topic, partition }));
      const feed = feeds.get(topic, partition);
      // Whoever had the partition in between has come further than we had read.
      const isBehind = feed !== undefined && stand !== undefined && stand.offset > feed.position;
      if (feed !== undefined && !isBehind) continue;
      const end = ends.get(nameOf({ topic, partition }));
      if (isBehind || (stand === undefined && end !== undefined))
        this.consumer?.seek({ topic, partition, offset: String(stand?.offset ?? end) });
      feeds.open({ topic, partition }, stand ?? { offset: end ?? 0n, metadata: null });
    }
    this.rejoins = 0;
    this.whenJoined?.resolve();
  }

  /** @returns undefined when the coordinator did not say in time: then what was finished out of order is handled again (I5). */
  private async readCommits(assigned: readonly TopicPartition[]): Promise<ReadonlyMap<string, Committed> | undefined> {
    const topics = [...new Set(assigned.map(({ topic }) => topic))];
    if (topics.length === 0) return new Map();
    const { groupId } = this.options;
    for (let tries = 1; tries <= joinTries; tries += 1) {
      try {
        const answer = await this.ports.admin.ask(joinQuestionMs, 'reading commits', (admin) =>
          admin.fetchOffsets({ groupId, topics }),
        );
        return new Map(
          answer.flatMap(({ topic, partitions }) =>
            partitions
              .filter(({ offset }) => Number(offset) >= 0)
              .map(
                ({ partition, offset, metadata }) =>
                  [nameOf({ topic, partition }), { offset: BigInt(offset), metadata }] as const,
              ),
          ),
        );
      } catch (error) {
        this.ports.log('warn', 'The commits of a group could not be read', { groupId, tries, error: String(error) });
      }
    }
    return undefined;
  }

  /** Where partitions start that were never committed and are to be read from the end. */
  private async readEnds(assigned: readonly TopicPartition[]): Promise<ReadonlyMap<string, bigint>> {
    const ends = new Map<string, bigint>();
    if (this.options.from !== 'latest') return ends;
    for (const topic of new Set(assigned.map((one) => one.topic))) {
      const offsets = await this.ports.admin
        .ask(joinQuestionMs, 'reading ends', (admin) => admin.fetchTopicOffsets(topic))
        .catch(() => []);
      for (const { partition, high } of offsets) ends.set(nameOf({ topic, partition }), BigInt(high));
    }
    return ends;
  }

  private async onBatch({ batch, resolveOffset, isStale }: EachBatchPayload): Promise<void> {
    await this.feedsOpened;
    if (isStale() || this.isClosing) return;
    const { topic, partition, messages } = batch;
    let feed = this.feeds?.get(topic, partition);
    if (feed === undefined) return;
    const first = BigInt(batch.firstOffset() ?? batch.lastOffset());
    if (first < feed.position && BigInt(batch.highWatermark) < feed.position) {
      // The log ends before what we have read: the topic was made anew. Reading on from its start repeats at most, skipping would lose.
      this.ports.log('warn', 'A partition is shorter than it was and is read from its start', { topic, partition });
      feed = this.feeds?.open({ topic, partition }, { offset: first, metadata: null });
    }
    feed?.take(messages.map((message) => incomingRecord(topic, partition, message)));
    resolveOffset(batch.lastOffset());
  }

  private onChanged(feed: PartitionFeed): void {
    this.setPaused(feed, feed.wantsPause);
    this.commitSoon(commitIntervalMs);
  }

  /** Pauses or resumes fetching, where that is not what it does already. */
  private setPaused(feed: PartitionFeed, isPaused: boolean, isForced = false): void {
    if (!isForced && isPaused === this.paused.has(feed)) return;
    const { topic, partition } = feed;
    try {
      if (isPaused) this.consumer?.pause([{ topic, partitions: [partition] }]);
      else this.consumer?.resume([{ topic, partitions: [partition] }]);
      if (isPaused) this.paused.add(feed);
      else this.paused.delete(feed);
    } catch {
      // Out of the group just now: the next join tells kafkajs again.
    }
  }

  private commitSoon(delayMs: number): void {
    if (this.isClosing) return;
    if (delayMs === 0) clearTimeout(this.commitTimer);
    else if (this.commitTimer !== undefined) return;
    this.commitTimer = setTimeout(() => {
      this.commitTimer = undefined;
      this.committing = this.committing
        .then(() => this.feeds?.commit())
        .catch((error: unknown) => {
          this.ports.log('debug', 'A commit failed and is made again', { groupId: this.options.groupId, error: String(error) });
          this.commitSoon(commitIntervalMs);
        });
    }, delayMs);
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
