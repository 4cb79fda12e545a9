/**
 * Reads a whole topic without a group.
 *
 * One loop runs for each broker that leads a partition of the topic, because a broker answers the
 * requests of one connection in turn. Any failure ends all loops of this round. After a wait the
 * next round asks for the leaders again and goes on at the same positions.
 *
 * 1. A position is one past the last offset that was handed out. The records of a partition are
 *    handed out once and in order.
 * 2. `caughtUp` asks for the ends after it was called, so every record acknowledged before is below
 *    them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type IncomingRecord, PlatformError } from '#contracts';
import type { AccessWatch } from './access-watch.ts';
import { isAccessFault, rootCause, unavailable } from './broker-errors.ts';
import { incomingRecord } from './incoming-record.ts';
import { type ClusterConnection, newBatch } from './kafkajs-internals.ts';
import type { TransportLog } from '../log.ts';
import type { PartitionEnd, TopicFollower } from '../ports.ts';

/** The gateway as its follower sees it. */
export interface FollowerPorts {
  /** The account in words, for errors. */
  readonly account: string;
  readonly access: Pick<AccessWatch, 'isRefused' | 'failed' | 'allowed'>;
  readonly cluster: ClusterConnection;
  readonly log: TransportLog;
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
  private readonly positions = new Map<number, bigint>();
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
  ) {}

  async start(onRecord: (record: IncomingRecord) => void): Promise<void> {
    const { cluster } = this.ports;
    this.onRecord = onRecord;
    try {
      await cluster.connect();
      await cluster.addTargetTopic(this.topic);
      await this.locateFirst(performance.now() + startTimeoutMs);
    } catch (error) {
      await this.close();
      throw this.faultOf(error);
    }
    const refused = new Promise<never>((_resolve, reject) => {
      this.failStart = reject;
    });
    this.reading = this.read();
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
  private async locateFirst(deadlineAt: number): Promise<void> {
    for (;;) {
      try {
        return await this.locate(this.from === 'earliest');
      } catch (error) {
        if (rootCause(error).retriable !== true || performance.now() >= deadlineAt) throw error;
        await delay(againMs, undefined, { signal: this.closed.signal });
        await this.ports.cluster.refreshMetadata();
      }
    }
  }

  /** Asks for the beginning or the end of partitions without a position. */
  private async locate(fromBeginning: boolean): Promise<void> {
    const { cluster } = this.ports;
    const partitions = cluster
      .findTopicPartitionMetadata(this.topic)
      .map(({ partitionId }) => ({ partition: partitionId }))
      .filter(({ partition }) => !this.positions.has(partition));
    if (partitions.length === 0) return;
    const answer = await cluster.fetchTopicsOffset([{ topic: this.topic, partitions, fromBeginning }]);
    for (const topic of answer)
      for (const { partition, offset } of topic.partitions) this.positions.set(partition, BigInt(offset));
  }

  private async read(): Promise<void> {
    while (!this.closed.signal.aborted) {
      const round = new AbortController();
      try {
        // A partition that was added later is read from its start.
        await this.locate(true);
        const leaders = this.ports.cluster.findLeaderForPartitions(this.topic, [...this.positions.keys()]);
        await Promise.all(Object.entries(leaders).map(([nodeId, partitions]) => this.readFrom(nodeId, partitions, round.signal)));
      } catch (error) {
        round.abort();
        await this.recover(error);
      }
    }
  }

  private faultOf(error: unknown): PlatformError {
    return unavailable(error, { topic: this.topic, account: this.ports.account, operation: 'Read' });
  }

  private async recover(error: unknown): Promise<void> {
    const fault = this.faultOf(error);
    if (isAccessFault(fault)) this.failStart?.(fault);
    this.ports.access.failed(`read ${this.topic}`, fault);
    const { type, name, message } = rootCause(error);
    const level = type === 'NOT_LEADER_FOR_PARTITION' || name === 'KafkaJSConnectionClosedError' ? 'debug' : 'warn';
    if (this.closed.signal.aborted) return;
    this.ports.log(level, 'A follower failed to read its topic and tries again', { topic: this.topic, error: message });
    // Retention deleted records that this follower never read: it goes on with the oldest record
    // that is left.
    if (type === 'OFFSET_OUT_OF_RANGE') this.positions.clear();
    await delay(againMs, undefined, { signal: this.closed.signal }).catch(() => undefined);
    try {
      await this.ports.cluster.connect();
      await this.ports.cluster.refreshMetadata();
    } catch (next) {
      this.ports.log('debug', 'A follower cannot reach the brokers', { topic: this.topic, error: rootCause(next).message });
    }
  }

  private async readFrom(nodeId: string, partitions: readonly number[], round: AbortSignal): Promise<void> {
    const broker = await this.ports.cluster.findBroker({ nodeId });
    while (!round.aborted && !this.closed.signal.aborted) {
      const asked = partitions.map((partition) => ({ partition, offset: this.positions.get(partition) ?? 0n }));
      const { responses } = await broker.fetch({
        maxWaitTime: fetchWaitMs,
        minBytes: 1,
        maxBytes: fetchBytesMax,
        isolationLevel: 1,
        topics: [
          {
            topic: this.topic,
            partitions: asked.map(({ partition, offset }) => ({
              partition,
              fetchOffset: String(offset),
              maxBytes: partitionBytesMax,
            })),
          },
        ],
      });
      if (this.ports.access.isRefused) this.ports.access.allowed(`read ${this.topic}`);
      for (const data of responses.flatMap((response) => response.partitions)) {
        const batch = newBatch(this.topic, this.positions.get(data.partition) ?? 0n, data);
        if (batch.rawMessages.length === 0) continue;
        for (const message of batch.messages) this.handOut(incomingRecord(this.topic, data.partition, message));
        const next = BigInt(batch.lastOffset()) + 1n;
        if (next > (this.positions.get(data.partition) ?? 0n)) this.positions.set(data.partition, next);
      }
      this.checkGoals();
    }
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
      if (goal.ends.every(({ partition, end }) => end === 0n || (this.positions.get(partition) ?? 0n) >= end)) goal.reached();
    }
  }
}
