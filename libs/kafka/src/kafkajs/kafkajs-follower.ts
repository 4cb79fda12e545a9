/**
 * Reads a whole topic without a group, with a {@link PartitionReader}.
 *
 * 1. A position is one past the last offset that was handed out. The records of a partition are
 *    handed out once and in order.
 * 2. `caughtUp` asks for the ends after it was called, so every record acknowledged before is below
 *    them.
 * 3. A partition that is added later is read from its start, once the metadata has its age.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type IncomingRecord, PlatformError } from '#contracts';
import type { AccessWatch } from './access-watch.ts';
import { isAccessFault, rootCause, unavailable } from './broker-errors.ts';
import { incomingRecord } from './incoming-record.ts';
import type { ClusterConnection, FetchedBatch } from './kafkajs-internals.ts';
import { type OffsetName, offsetsOf, partitionName } from './partition-offsets.ts';
import { type PartitionBounds, PartitionReader } from './partition-reader.ts';
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import type { TransportLog } from '../log.ts';
import type { PartitionEnd, TopicFollower } from '../ports.ts';

/** The gateway as its follower sees it. */
export interface FollowerPorts {
  /** The account in words, for errors. */
  readonly account: string;
  readonly access: Pick<AccessWatch, 'isRefused' | 'failed' | 'allowed'>;
  readonly cluster: ClusterConnection;
  readonly log: TransportLog;
  /** Age at which the partitions of the topic are asked for again, in milliseconds. */
  readonly metadataAgeMaxMs: number;
  ends(topic: string): Promise<readonly PartitionEnd[]>;
}

const fetchWaitMs = 500;
const fetchBytesMax = 4 * 1024 * 1024;
const partitionBytesMax = 1024 * 1024;
const againMs = 200;
const startTimeoutMs = 30_000;

interface Goal {
  readonly ends: readonly PartitionEnd[];
  readonly reached: () => void;
}

/** A {@link TopicFollower} over the connections of kafkajs. */
export class KafkajsFollower implements TopicFollower {
  private readonly reader: PartitionReader;
  private readonly goals = new Set<Goal>();
  private readonly closed = new AbortController();
  private onRecord: ((record: IncomingRecord) => void) | undefined;
  private reading: Promise<void> = Promise.resolve();
  /** Set while the follower starts: a topic that may not be read fails the start at once. */
  private failStart: ((error: PlatformError) => void) | undefined;

  constructor(
    private readonly topic: string,
    private readonly from: 'earliest' | 'latest',
    private readonly ports: FollowerPorts,
  ) {
    const { cluster, metadataAgeMaxMs } = ports;
    this.reader = new PartitionReader(
      {
        cluster,
        taken: (partition, messages) => this.take(partition, messages),
        outOfRange: (partition, position, bounds) => this.onOutOfRange(partition, position, bounds),
        failed: (error) => this.onFailure(error),
        answered: () => this.onAnswer(),
        refreshed: () => void this.readNew('start'),
      },
      { bytesMin: 1, waitMs: fetchWaitMs, bytesMax: fetchBytesMax, partitionBytesMax, metadataAgeMaxMs },
    );
  }

  async start(onRecord: (record: IncomingRecord) => void): Promise<void> {
    const { cluster } = this.ports;
    this.onRecord = onRecord;
    try {
      await cluster.connect();
      await cluster.addMultipleTargetTopics([this.topic]);
      await this.readFirst(performance.now() + startTimeoutMs);
    } catch (error) {
      await this.close();
      throw this.faultOf(error);
    }
    const refused = new Promise<never>((_resolve, reject) => {
      this.failStart = reject;
    });
    this.reading = this.reader.run(this.closed.signal);
    try {
      await Promise.race([this.caughtUp(startTimeoutMs), refused]);
    } catch (error) {
      if (isAccessFault(error)) await this.close();
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
      const ends = await this.ports.ends(this.topic);
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

  close(): Promise<void> {
    if (!this.closed.signal.aborted) {
      this.closed.abort();
      this.onRecord = undefined;
      // The fetch under way ends within its wait. Nobody needs its answer, so `close` does not wait
      // for it.
      void this.reading.then(() => this.ports.cluster.disconnect()).catch(() => undefined);
    }
    return Promise.resolve();
  }

  /** Retries while the topic has no leader yet, because it was created a moment ago. */
  private async readFirst(deadlineAt: number): Promise<void> {
    for (;;) {
      const error = await this.readNew(this.from === 'earliest' ? 'start' : 'end');
      if (error === undefined) return;
      if (rootCause(error).retriable === false || performance.now() >= deadlineAt) throw error;
      await delay(againMs, undefined, { signal: this.closed.signal });
      await this.ports.cluster.refreshMetadata();
    }
  }

  /**
   * Begins to read the partitions that are not read yet.
   * @returns why one of them is not read now; undefined if all are.
   */
  private async readNew(from: OffsetName): Promise<unknown> {
    const { topic } = this;
    const all = this.ports.cluster.findTopicPartitionMetadata(topic).map(({ partitionId: partition }) => ({ topic, partition }));
    if (all.length === 0) return new Error(`topic ${topic} does not exist`);
    const unread = all.filter((one) => this.reader.position(one) === undefined);
    let fault: unknown;
    const offsets = await offsetsOf(this.ports.cluster, unread, from, (error) => {
      fault = error;
    });
    for (const one of unread) {
      const offset = offsets.get(partitionName(one));
      if (offset !== undefined && this.reader.position(one) === undefined) this.reader.read(one, offset);
      if (offset === undefined) fault ??= new Error(`the offsets of ${partitionName(one)} are not told`);
    }
    if (fault !== undefined) {
      this.onFailure(fault);
      this.reader.refreshSoon();
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
    const { type, name, message } = rootCause(error);
    const level = type === 'NOT_LEADER_FOR_PARTITION' || name === 'KafkaJSConnectionClosedError' ? 'debug' : 'warn';
    this.ports.log(level, 'A follower failed to read its topic and tries again', { topic: this.topic, error: message });
  }

  private onAnswer(): void {
    if (this.ports.access.isRefused) this.ports.access.allowed(`read ${this.topic}`);
    this.checkGoals();
  }

  /** Retention deleted records, or the topic was created again: reading goes on at the start. */
  private onOutOfRange(partition: TopicPartition, position: bigint, { start, end }: PartitionBounds): bigint {
    const where = { ...partition, position: String(position), start: String(start), end: String(end) };
    this.ports.log('warn', 'A follower goes on at the oldest record that is left', where);
    return start;
  }

  private take({ topic, partition }: TopicPartition, messages: FetchedBatch['messages']): void {
    for (const message of messages) this.handOut(incomingRecord(topic, partition, message));
  }

  private handOut(record: IncomingRecord): void {
    if (record.unreadable !== undefined) {
      const { topic, partition, offset, unreadable: error } = record;
      return this.ports.log('error', 'A follower skips a record that cannot be read', {
        topic,
        partition,
        offset: String(offset),
        error,
      });
    }
    try {
      this.onRecord?.(record);
    } catch (error) {
      const { topic, partition, offset } = record;
      this.ports.log('error', 'A follower failed to process a record', {
        topic,
        partition,
        offset: String(offset),
        error: String(error),
      });
    }
  }

  private checkGoals(): void {
    for (const goal of this.goals) {
      if (goal.ends.every(({ partition, end }) => end === 0n || this.positionOf(partition) >= end)) goal.reached();
    }
  }

  private positionOf(partition: number): bigint {
    return this.reader.position({ topic: this.topic, partition }) ?? 0n;
  }
}
