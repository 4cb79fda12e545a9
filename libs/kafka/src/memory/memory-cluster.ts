import { epochMs, type IncomingRecord, type OutgoingRecord, PlatformError, Topics, defaultTopicPrefix } from '#contracts';
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import { noopLog, type TransportLog } from '../log.ts';
import { choosePartition } from '../partition-choice.ts';
import type { TopicSpec } from '../ports.ts';
import { recordBytes } from '../record-bytes.ts';
import { topicSpecs } from '../topic-specs.ts';

/** Settings of a {@link MemoryKafka}. */
export interface MemoryKafkaOptions {
  /** Default: names with the prefix `sendoff.`. */
  readonly topics?: Topics;
  /** Partitions of the platform's topics, which exist from the start. Default 3. */
  readonly partitions?: number;
  readonly log?: TransportLog;
  /** The clock for the timestamps of records. Default: the clock of the system. */
  readonly now?: () => number;
}

/** A member of a group, as the cluster sees it. */
export interface GroupMember {
  /** Its name in the marks of commits. */
  readonly ownerName: string;
  /** All partitions of the topics of this member. */
  candidates(): readonly TopicPartition[];
  holds(partition: TopicPartition): boolean;
  /** Loses the partitions that are not among these, and opens new ones. */
  assign(assigned: readonly TopicPartition[]): void;
}

/** The log of a partition. */
export interface Partition {
  readonly records: IncomingRecord[];
}

/** The commit of a group for one partition. */
export interface CommittedOffset {
  readonly offset: bigint;
  readonly metadata: string | null;
}

/** A consumer group: its commits and its members. */
export interface Group {
  readonly commits: Map<string, CommittedOffset>;
  readonly members: GroupMember[];
}

/** The state that all gateways of a cluster share. */
export class MemoryCluster {
  readonly names: Topics;
  readonly log: TransportLog;
  readonly topics = new Map<string, Partition[]>();
  readonly groups = new Map<string, Group>();
  readonly listeners = new Set<(topic: string) => void>();
  readonly now: () => number;
  isReachable = true;
  private batchNumber = 0;

  constructor({ topics = new Topics(defaultTopicPrefix), partitions = 3, log = noopLog, now = Date.now }: MemoryKafkaOptions) {
    this.names = topics;
    this.log = log;
    this.now = now;
    for (const spec of topicSpecs(topics, partitions)) this.create(spec);
  }

  create({ topic, partitions }: Pick<TopicSpec, 'topic' | 'partitions'>): void {
    if (!this.topics.has(topic))
      this.topics.set(
        topic,
        Array.from({ length: partitions }, () => ({ records: [] })),
      );
  }

  partitionsOf(topic: string): Partition[] {
    const partitions = this.topics.get(topic);
    if (partitions === undefined)
      throw new PlatformError('BROKER_UNAVAILABLE', { details: { reason: `topic ${topic} does not exist`, topic } });
    return partitions;
  }

  append(records: readonly OutgoingRecord[]): void {
    const batchNumber = this.batchNumber++;
    for (const { topic } of records) this.partitionsOf(topic);
    for (const record of records) {
      const partitions = this.partitionsOf(record.topic);
      const partition = choosePartition(
        { ...record, batchNumber },
        partitions.map((_partition, partitionId) => ({ partitionId, leader: 0 })),
      );
      const log = partitions[partition]?.records;
      if (log === undefined)
        throw new PlatformError('BROKER_UNAVAILABLE', { details: { reason: `${record.topic} has no partition ${partition}` } });
      log.push({
        topic: record.topic,
        partition,
        offset: BigInt(log.length),
        timestamp: epochMs(this.now()),
        key: record.key ?? null,
        value: record.value === null ? null : Buffer.from(record.value),
        headers: Object.fromEntries(
          Object.entries({ ...record.headers, ...record.binaryHeaders }).map(([name, text]) => [
            name.toLowerCase(),
            String(text),
          ]),
        ),
        bytes: recordBytes(record),
      });
    }
    for (const topic of new Set(records.map((record) => record.topic))) this.announce(topic);
  }

  /** Tells the listeners that a topic got records or commits. */
  announce(topic: string): void {
    for (const listener of this.listeners) listener(topic);
  }

  /**
   * Waits until `ask` returns a value; it is called again after each event of the topic.
   * @param excuse describes the present state, for the error.
   * @throws Error after `deadlineMs`.
   */
  until<Answer>(topic: string, ask: () => Answer | undefined, excuse: () => string, deadlineMs: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const settle = (): boolean => {
        const answer = ask();
        if (answer === undefined) return false;
        clearTimeout(timer);
        this.listeners.delete(listener);
        resolve(answer);
        return true;
      };
      const listener = (changed: string): void => {
        if (changed === topic) settle();
      };
      const timer = setTimeout(() => {
        this.listeners.delete(listener);
        reject(new Error(`Not within ${deadlineMs} ms: ${excuse()}`));
      }, deadlineMs);
      if (!settle()) this.listeners.add(listener);
    });
  }

  group(groupId: string): Group {
    const group = this.groups.get(groupId) ?? { commits: new Map(), members: [] };
    this.groups.set(groupId, group);
    return group;
  }
}

/** Resolves in the next turn of the event loop, as an answer over the network would. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
