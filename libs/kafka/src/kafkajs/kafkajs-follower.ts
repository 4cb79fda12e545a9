/**
 * Reads a whole topic without a group, with a {@link PartitionReader}.
 *
 * 1. A position is one past the last offset that was handed out. The records of a partition are
 *    handed out once and in order.
 * 2. `caughtUp` asks for the ends after it was called, so every record acknowledged before is below
 *    them.
 * 3. A partition is read no further at a record that only a newer release can read.
 * 4. A partition that is added later is read from its start, once the metadata has its age.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type IncomingRecord, partitionName, PlatformError } from '#contracts';
import type { AccessWatch } from './access-watch.ts';
import { isAccessFault, rootCause, severityOfRetry, unavailable } from './broker-errors.ts';
import type { FetchedRecords } from './fetched-records.ts';
import { incomingRecord } from './incoming-record.ts';
import type { ClusterConnection } from './kafkajs-internals.ts';
import { type OffsetName, offsetsOf } from './partition-offsets.ts';
import { type PartitionBounds, PartitionReader } from './partition-reader.ts';
import { type StandstillLimits, StandstillWatch } from './standstill-watch.ts';
import { TopicIds } from './topic-ids.ts';
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import type { TransportLog } from '../log.ts';
import { isTooNew } from '../bookkeeping/what-to-do.ts';
import type { FollowerOptions, PartitionEnd, TopicFollower } from '../ports.ts';

/** The gateway as its follower sees it. */
export interface FollowerPorts {
  /** The account in words, for errors. */
  readonly account: string;
  readonly access: Pick<AccessWatch, 'isRefused' | 'failed' | 'allowed'>;
  /** Makes a connection; it is not connected yet. */
  readonly newCluster: () => ClusterConnection;
  readonly log: TransportLog;
  /** Age at which the partitions of the topic are asked for again, in milliseconds. */
  readonly metadataAgeMaxMs: number;
  readonly standstill: StandstillLimits;
  /** Ends of the partitions of a topic: only those that the brokers tell. */
  readonly toldEnds: (topic: string) => Promise<readonly PartitionEnd[]>;
  /** The process should end. */
  readonly onFatal: (error: PlatformError) => void;
  /** @throws PlatformError `RECORD_TOO_NEW`, `CONTRACT_VIOLATED`. */
  readonly checkFormat: (record: IncomingRecord) => void;
  /** The partition of this record is read no further. */
  readonly onKept: (record: IncomingRecord, error: PlatformError) => void;
  /** Called once the follower is closed. */
  readonly onClosed: () => void;
  ends(topic: string): Promise<readonly PartitionEnd[]>;
}

const fetchWaitMs = 500;
const fetchBytesMax = 4 * 1024 * 1024;
const partitionBytesMax = 1024 * 1024;
const againMs = 200;
const startTimeoutMs = 30_000;

/** The connections of a follower, and its reader. */
interface Reading {
  readonly cluster: ClusterConnection;
  readonly reader: PartitionReader;
  /** Aborts when another one takes over, or at the end. */
  readonly ended: AbortController;
}

interface Goal {
  readonly ends: readonly PartitionEnd[];
  readonly reached: () => void;
}

/** A {@link TopicFollower} over the connections of kafkajs. */
export class KafkajsFollower implements TopicFollower {
  private reading: Reading;
  private watch: StandstillWatch | undefined;
  /** Offsets of records that only a newer release can read, by partition. */
  private readonly kept = new Map<number, bigint>();
  private readonly topicIds = new TopicIds();
  private readonly goals = new Set<Goal>();
  private readonly closed = new AbortController();
  private onRecord: ((record: IncomingRecord) => void) | undefined;
  /** Set while the follower starts: a topic that cannot be read fails the start at once. */
  private failStart: ((error: PlatformError) => void) | undefined;

  constructor(
    private readonly options: FollowerOptions,
    private readonly ports: FollowerPorts,
  ) {
    this.reading = this.open();
  }

  private get topic(): string {
    return this.options.topic;
  }

  /** True while partitions with records stand still. */
  get isStandingStill(): boolean {
    return this.watch?.isStandingStill ?? false;
  }

  async start(onRecord: (record: IncomingRecord) => void): Promise<void> {
    this.onRecord = onRecord;
    try {
      await this.connect(this.reading);
      await this.readFirst(performance.now() + startTimeoutMs);
    } catch (error) {
      await this.close();
      throw this.faultOf(error);
    }
    const refused = new Promise<never>((_resolve, reject) => {
      this.failStart = reject;
    });
    this.run(this.reading);
    this.watch = new StandstillWatch(
      {
        reader: `follower of topic ${this.topic}`,
        log: this.ports.log,
        onFatal: this.ports.onFatal,
        ends: this.ports.toldEnds,
        progress: () => this.reading.reader.progress(),
        beginAnew: () => void this.beginAnew().catch((error: unknown) => this.onFailure(error)),
      },
      this.ports.standstill,
    );
    try {
      await Promise.race([this.caughtUp(startTimeoutMs), refused]);
    } catch (error) {
      if (isAccessFault(error) || isTooNew(error)) await this.close();
      throw error;
    } finally {
      this.failStart = undefined;
    }
  }

  async caughtUp(timeoutMs: number): Promise<void> {
    const timer = new AbortController();
    const behind = (cause?: unknown) =>
      new PlatformError('REGISTRY_BEHIND', {
        details: { topic: this.topic, timeoutMs },
        ...(cause === undefined ? {} : { cause }),
      });
    let goal: Goal | undefined;
    const arrival = (async () => {
      const ends = await this.ends(timer.signal);
      await new Promise<void>((resolve) => {
        goal = { ends, reached: resolve };
        this.goals.add(goal);
        this.checkGoals();
      });
    })();
    try {
      const timeout = delay(timeoutMs, undefined, { signal: timer.signal }).then(() => Promise.reject(behind()));
      await Promise.race([arrival, timeout]);
    } catch (error) {
      throw error instanceof PlatformError && error.code === 'REGISTRY_BEHIND' ? error : behind(error);
    } finally {
      timer.abort();
      if (goal !== undefined) this.goals.delete(goal);
      arrival.catch(() => undefined);
    }
  }

  /** Asks again while a broker does not know the topic yet, because it was created just now. */
  private async ends(signal: AbortSignal): Promise<readonly PartitionEnd[]> {
    for (;;) {
      try {
        return await this.ports.ends(this.topic);
      } catch (error) {
        if (isAccessFault(error) || signal.aborted) throw error;
        this.onFailure(error);
        await delay(againMs, undefined, { signal });
      }
    }
  }

  close(): Promise<void> {
    if (!this.closed.signal.aborted) {
      this.closed.abort();
      this.onRecord = undefined;
      this.watch?.stop();
      // The fetch under way ends within its wait. Nobody needs its answer, so `close` does not wait
      // for it.
      this.reading.ended.abort();
      void this.reading.cluster.disconnect().catch(() => undefined);
      this.ports.onClosed();
    }
    return Promise.resolve();
  }

  private open(): Reading {
    const cluster = this.ports.newCluster();
    const ended = new AbortController();
    const reader = new PartitionReader(
      {
        cluster,
        taken: (partition, messages) => {
          if (!ended.signal.aborted) this.take(partition, messages);
        },
        outOfRange: (partition, position, bounds) => this.onOutOfRange(partition, position, bounds),
        madeAgain: (partition, start) => this.onMadeAgain(partition, start),
        topicIds: this.topicIds,
        failed: (error) => this.onFailure(error),
        answered: (isWhole) => this.onAnswer(isWhole),
        refreshed: () => void this.readNew('start'),
      },
      {
        bytesMin: 1,
        waitMs: fetchWaitMs,
        bytesMax: fetchBytesMax,
        partitionBytesMax,
        metadataAgeMaxMs: this.ports.metadataAgeMaxMs,
      },
    );
    return { cluster, reader, ended };
  }

  private async connect({ cluster }: Reading): Promise<void> {
    await cluster.connect();
    await cluster.addMultipleTargetTopics([this.topic]);
  }

  private run({ reader, ended }: Reading): void {
    void reader.run(ended.signal);
  }

  /** Goes on at the same positions, with new connections. */
  private async beginAnew(): Promise<void> {
    const next = this.open();
    await this.connect(next);
    const former = this.reading;
    former.ended.abort();
    void former.cluster.disconnect().catch(() => undefined);
    for (const one of former.reader.progress()) {
      next.reader.read(one, one.position ?? 0n, true);
      next.reader.setPaused(one, one.isPaused);
    }
    this.reading = next;
    if (this.closed.signal.aborted) return void next.cluster.disconnect().catch(() => undefined);
    this.run(next);
  }

  /** Retries while the topic has no leader yet, because it was created a moment ago. */
  private async readFirst(deadlineAt: number): Promise<void> {
    for (;;) {
      const error = await this.readNew(this.options.from === 'earliest' ? 'start' : 'end');
      if (error === undefined) return;
      if (rootCause(error).retriable === false || performance.now() >= deadlineAt) throw error;
      await delay(againMs, undefined, { signal: this.closed.signal });
      await this.reading.cluster.refreshMetadata();
    }
  }

  /**
   * Begins to read the partitions that are not read yet.
   * @returns why one of them is not read now; undefined if all are.
   */
  private async readNew(from: OffsetName): Promise<unknown> {
    const { topic } = this;
    const { cluster, reader } = this.reading;
    const all = cluster.findTopicPartitionMetadata(topic).map(({ partitionId: partition }) => ({ topic, partition }));
    if (all.length === 0) return new Error(`topic ${topic} does not exist`);
    const unread = all.filter((one) => reader.position(one) === undefined);
    let fault: unknown;
    const offsets = await offsetsOf(cluster, unread, from, (error) => {
      fault = error;
    });
    for (const one of unread) {
      const offset = offsets.get(partitionName(one));
      if (offset !== undefined && reader.position(one) === undefined) reader.read(one, offset);
      if (offset === undefined) fault ??= new Error(`the offsets of ${partitionName(one)} are not told`);
    }
    if (fault !== undefined) {
      this.onFailure(fault);
      reader.refreshSoon();
    }
    return fault;
  }

  private faultOf(error: unknown): PlatformError {
    return unavailable(error, { topic: this.topic, account: this.ports.account, operation: 'Read' });
  }

  private onFailure(error: unknown): void {
    if (this.closed.signal.aborted) return;
    const fault = this.faultOf(error);
    if (isAccessFault(fault)) this.failStart?.(fault);
    this.ports.access.failed(`read ${this.topic}`, fault);
    const { message } = rootCause(error);
    this.ports.log(severityOfRetry(error), 'A follower failed to read its topic and tries again', {
      topic: this.topic,
      error: message,
    });
  }

  private onAnswer(isWhole: boolean): void {
    if (isWhole && this.ports.access.isRefused) this.ports.access.allowed(`read ${this.topic}`);
    this.checkGoals();
  }

  /** Retention deleted records, or the topic was created again: reading goes on at the start. */
  private onOutOfRange(partition: TopicPartition, position: bigint, { start, end }: PartitionBounds): bigint {
    const where = { ...partition, position: String(position), start: String(start), end: String(end) };
    this.ports.log('warn', 'A follower goes on at the oldest record that is left', where);
    this.options.onLoss?.();
    return start;
  }

  private onMadeAgain({ topic, partition }: TopicPartition, start: bigint): void {
    const where = { topic, partition, start: String(start) };
    this.ports.log('warn', 'A topic was deleted and created again, and a follower reads it from its start', where);
    this.options.onLoss?.();
  }

  private take({ topic, partition }: TopicPartition, messages: FetchedRecords['messages']): void {
    for (const message of messages) {
      const record = incomingRecord(topic, partition, message);
      const fault = this.handOut(record);
      if (fault !== undefined) return this.keep(record, fault);
    }
  }

  /** 3. */
  private keep(record: IncomingRecord, fault: PlatformError): void {
    this.kept.set(record.partition, record.offset);
    this.reading.reader.setPaused(record, true);
    this.ports.onKept(record, fault);
    this.failStart?.(fault);
  }

  /** @returns the error of a record that only a newer release can read. */
  private handOut(record: IncomingRecord): PlatformError | undefined {
    if (record.unreadable !== undefined) {
      const { topic, partition, offset, unreadable: error } = record;
      this.ports.log('error', 'A follower skips a record that cannot be read', {
        topic,
        partition,
        offset: String(offset),
        error,
      });
      return undefined;
    }
    try {
      if (this.options.checksFormatItself !== true) this.ports.checkFormat(record);
      this.onRecord?.(record);
    } catch (error) {
      if (isTooNew(error)) return error;
      const { topic, partition, offset } = record;
      this.ports.log('error', 'A follower failed to process a record', {
        topic,
        partition,
        offset: String(offset),
        error: String(error),
      });
    }
    return undefined;
  }

  private checkGoals(): void {
    for (const goal of this.goals) {
      if (goal.ends.every(({ partition, end }) => end === 0n || this.positionOf(partition) >= end)) goal.reached();
    }
  }

  private positionOf(partition: number): bigint {
    return this.kept.get(partition) ?? this.reading.reader.position({ topic: this.topic, partition }) ?? 0n;
  }
}
