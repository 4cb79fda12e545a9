/**
 * A broker cluster in memory, for tests: partitions, offsets, groups with commits and their
 * metadata, rebalances, backpressure, rejects.
 *
 * It keeps the promises of the real one for two reasons: both pass `conformance/`, and both
 * use the same bookkeeping for feeding, retrying and committing. It leaves out compaction,
 * retention and replication.
 */
import { type IncomingRecord, partitionName, PlatformError, type Topics } from '#contracts';
import { recordTriesMaxDefault, sharedReading } from '#platform';
import { KeptByFollowers, keptByConsumers } from '../bookkeeping/kept-by-followers.ts';
import { publishReject } from '../bookkeeping/rejects.ts';
import { type GatewayNumbers, registerGatewayMetrics, unreadOf } from '../gateway-metrics.ts';
import type {
  ConsumerOptions,
  FollowerOptions,
  GatewayHooks,
  HeldPartition,
  KafkaGateway,
  KeptRecord,
  Publisher,
  RecordConsumer,
  RecordObserver,
  TopicAdmin,
  TopicFollower,
  UnreadRecords,
} from '../ports.ts';
import { MemoryAdmin } from './memory-admin.ts';
import { MemoryCluster, type MemoryKafkaOptions, nextTurn } from './memory-cluster.ts';
import { MemoryConsumer } from './memory-consumer.ts';
import { MemoryFollower } from './memory-follower.ts';
import { MemoryPublisher } from './memory-publisher.ts';

/** The condition of {@link MemoryKafka.waitFor}: a number of records, or a test of the records. */
export type Awaited = number | ((records: readonly IncomingRecord[]) => boolean);

/** A broker cluster in memory: a {@link KafkaGateway}, and methods for the questions of tests. */
export class MemoryKafka implements KafkaGateway {
  readonly topics: Topics;
  readonly publisher: Publisher;
  readonly admin: TopicAdmin;
  private readonly cluster: MemoryCluster;
  private readonly consumers = new Set<MemoryConsumer>();
  private readonly keptByFollowers: KeptByFollowers;
  private readonly numbers: GatewayNumbers;
  private readonly observer: RecordObserver;

  /** @param options settings of a new cluster, or a cluster to connect to; see {@link beside}. */
  constructor(
    options: MemoryKafkaOptions | MemoryCluster = {},
    private readonly hooks: GatewayHooks = {},
  ) {
    this.cluster = options instanceof MemoryCluster ? options : new MemoryCluster(options);
    this.topics = this.cluster.names;
    this.keptByFollowers = new KeptByFollowers(this.cluster.log);
    const publisher = new MemoryPublisher(this.cluster);
    this.publisher = publisher;
    this.admin = new MemoryAdmin(this.cluster);
    this.numbers = {
      publisherLoad: () => publisher.load,
      progress: () => [...this.consumers].flatMap((consumer) => consumer.progress()),
      ends: sharedReading(async (topic: string) => this.admin.ends(topic)),
      keptRecords: () => this.keptRecords(),
    };
    this.observer = registerGatewayMetrics(hooks.metrics, this.numbers);
  }

  consumer(options: ConsumerOptions): RecordConsumer {
    const { log } = this.cluster;
    const rejecter = { publisher: this.publisher, topics: this.topics, groupId: options.groupId };
    const consumer = new MemoryConsumer(this.cluster, options, {
      observer: this.observer,
      reject: async (record, fault) => publishReject(record, fault, rejecter),
      checkFormat: (record) => this.topics.checkFormat(record),
      recordTriesMax: this.hooks.recordTriesMax ?? recordTriesMaxDefault,
      onFatal: this.hooks.onFatal ?? ((error) => log('error', 'A consumer cannot go on', { error: error.message })),
      onClosed: () => this.consumers.delete(consumer),
    });
    this.consumers.add(consumer);
    return consumer;
  }

  follower(options: FollowerOptions): TopicFollower {
    return new MemoryFollower(this.cluster, options, {
      checkFormat: (record) => this.topics.checkFormat(record),
      onKept: (record, error) => this.keptByFollowers.add(record, error),
    });
  }

  keptRecords(): readonly KeptRecord[] {
    const progress = [...this.consumers].flatMap((consumer) => consumer.progress());
    return [...this.keptByFollowers.all, ...keptByConsumers(progress)];
  }

  get isOutdated(): boolean {
    return this.keptByFollowers.all.length > 0;
  }

  onOutdated(listener: () => void): void {
    this.keptByFollowers.onFirst(listener);
  }

  /** This cluster has no clock of its own. */
  async compareClock(): Promise<void> {
    await nextTurn();
  }

  unread(topic: string): Promise<readonly UnreadRecords[]> {
    return unreadOf(this.numbers, topic);
  }

  async recordsFrom({ topic, partition }: HeldPartition, offset: bigint, recordsMax: number): Promise<readonly IncomingRecord[]> {
    await nextTurn();
    if (!this.cluster.isReachable) throw new PlatformError('BROKER_UNAVAILABLE');
    const { records } = this.cluster.partitionsOf(topic)[partition] ?? { records: [] };
    return records.filter((record) => record.offset >= offset).slice(0, recordsMax);
  }

  isConnected(): boolean {
    return this.cluster.isReachable;
  }

  close(): Promise<void> {
    return this.publisher.close();
  }

  /**
   * Connects to the same cluster as another process would: with a publisher, metrics and hooks of
   * its own.
   */
  beside(hooks: GatewayHooks = {}): MemoryKafka {
    return new MemoryKafka(this.cluster, hooks);
  }

  /**
   * Cuts the cluster off, or brings it back. While it is cut off nothing is written, committed or
   * read.
   */
  setReachable(isReachable: boolean): void {
    this.cluster.isReachable = isReachable;
    if (isReachable) for (const topic of this.cluster.topics.keys()) this.cluster.announce(topic);
  }

  /** All records of a topic, partition by partition, each in order. */
  records(topic: string): readonly IncomingRecord[] {
    return this.cluster.partitionsOf(topic).flatMap(({ records }) => records);
  }

  /** Returns the committed offset of a partition, or undefined if the group never committed one. */
  committed(groupId: string, topic: string, partition: number): bigint | undefined {
    return this.cluster.groups.get(groupId)?.commits.get(partitionName({ topic, partition }))?.offset;
  }

  /**
   * Waits until a topic holds so many records, or records that pass a test.
   * @returns all records of the topic.
   * @throws Error after `deadlineMs`, with the number of records.
   */
  waitFor(topic: string, awaited: Awaited, deadlineMs = 5_000): Promise<readonly IncomingRecord[]> {
    const isThere = typeof awaited === 'number' ? (records: readonly IncomingRecord[]) => records.length >= awaited : awaited;
    return this.cluster.until(
      topic,
      () => {
        const records = this.records(topic);
        return isThere(records) ? records : undefined;
      },
      () => `${topic} holds ${this.records(topic).length} records, awaited was ${String(awaited)}`,
      deadlineMs,
    );
  }

  /**
   * Waits until a group has committed this offset of a partition, or a later one.
   * @throws Error after `deadlineMs`.
   */
  async waitForCommit(groupId: string, topic: string, partition: number, offset: bigint, deadlineMs = 5_000): Promise<void> {
    const committed = () => this.committed(groupId, topic, partition) ?? -1n;
    await this.cluster.until(
      topic,
      () => (committed() >= offset ? true : undefined),
      () => `${groupId} stands at ${committed()}`,
      deadlineMs,
    );
  }
}
