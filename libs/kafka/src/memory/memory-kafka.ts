/**
 * The in-memory twin of a broker cluster, for tests: partitions, offsets, groups with commits and their metadata, rebalances,
 * backpressure, rejects. It keeps the promises of the real one because both pass `kafka.conformance.ts`, and because feeding, retrying and
 * committing is the same code. What it leaves out: compaction, retention, replication.
 */
import { type IncomingRecord, type OutgoingRecord, PlatformError } from '#contracts';
import { recordTriesMaxDefault } from '#platform';
import { MemoryCluster, type MemoryKafkaOptions, nextTurn } from './memory-cluster.ts';
import { MemoryConsumer } from './memory-consumer.ts';
import { MemoryFollower } from './memory-follower.ts';
import type {
  ConsumerOptions,
  GatewayHooks,
  KafkaGateway,
  PartitionEnd,
  Publisher,
  RecordConsumer,
  TopicAdmin,
  TopicFollower,
  TopicSpec,
} from '../ports.ts';
import { recordBytes } from '../record-bytes.ts';
import { recordBytesMaxDefault } from '../record-limits.ts';
import { publishReject } from '../bookkeeping/rejects.ts';

class MemoryPublisher implements Publisher {
  private isClosed = false;

  constructor(private readonly cluster: MemoryCluster) {}

  async publish(records: OutgoingRecord | readonly OutgoingRecord[]): Promise<void> {
    if (this.isClosed) throw new PlatformError('PUBLISHER_CLOSED');
    const all = Array.isArray(records) ? (records as readonly OutgoingRecord[]) : [records as OutgoingRecord];
    for (const record of all) {
      const bytes = recordBytes(record);
      if (bytes > recordBytesMaxDefault)
        throw new PlatformError('RECORD_TOO_LARGE', { details: { topic: record.topic, bytes, bytesMax: recordBytesMaxDefault } });
    }
    await nextTurn();
    if (!this.cluster.isReachable) throw new PlatformError('BROKER_UNAVAILABLE');
    this.cluster.append(all);
    await nextTurn();
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

class MemoryAdmin implements TopicAdmin {
  constructor(private readonly cluster: MemoryCluster) {}

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    await nextTurn();
    for (const spec of specs) this.cluster.create(spec);
  }

  async ends(topic: string): Promise<readonly PartitionEnd[]> {
    await nextTurn();
    return this.cluster.partitionsOf(topic).map(({ records }, partition) => ({ partition, end: BigInt(records.length) }));
  }

  async list(): Promise<readonly string[]> {
    await nextTurn();
    return [...this.cluster.topics.keys()];
  }
}

/** What {@link MemoryKafka.waitFor} waits for: so many records, or records of which this is true. */
export type Awaited = number | ((records: readonly IncomingRecord[]) => boolean);

/** The in-memory twin of a broker cluster: a {@link KafkaGateway} with what tests ask of it. */
export class MemoryKafka implements KafkaGateway {
  readonly publisher: Publisher;
  readonly admin: TopicAdmin;
  private readonly cluster: MemoryCluster;

  /** @param options settings of a new cluster, or the cluster to join; see {@link beside}. */
  constructor(
    options: MemoryKafkaOptions | MemoryCluster = {},
    private readonly hooks: GatewayHooks = {},
  ) {
    this.cluster = options instanceof MemoryCluster ? options : new MemoryCluster(options);
    this.publisher = new MemoryPublisher(this.cluster);
    this.admin = new MemoryAdmin(this.cluster);
  }

  consumer(options: ConsumerOptions): RecordConsumer {
    const { recordTriesMax = recordTriesMaxDefault, onFatal = (error) => this.logFatal(error) } = this.hooks;
    return new MemoryConsumer(this.cluster, options, {
      reject: (record, reason) => publishReject(this.publisher, record, reason, this.cluster.prefix),
      recordTriesMax,
      onFatal,
    });
  }

  follower({ topic, from }: { readonly topic: string; readonly from: 'earliest' | 'latest' }): TopicFollower {
    return new MemoryFollower(this.cluster, topic, from);
  }

  isConnected(): boolean {
    return this.cluster.isReachable;
  }

  close(): Promise<void> {
    return this.publisher.close();
  }

  /** The same cluster as another process sees it: with a publisher of its own. */
  beside(hooks: GatewayHooks = {}): MemoryKafka {
    return new MemoryKafka(this.cluster, hooks);
  }

  /** Cuts the cluster off, or brings it back: nothing is written, committed or read meanwhile. */
  setReachable(isReachable: boolean): void {
    this.cluster.isReachable = isReachable;
    if (isReachable) for (const topic of this.cluster.topics.keys()) this.cluster.announce(topic);
  }

  /** All records of a topic, partition by partition, each in order. */
  records(topic: string): readonly IncomingRecord[] {
    return this.cluster.partitionsOf(topic).flatMap(({ records }) => records);
  }

  /** Where a group stands. @returns undefined when it never committed. */
  committed(groupId: string, topic: string, partition: number): bigint | undefined {
    return this.cluster.groups.get(groupId)?.commits.get(`${topic}/${partition}`)?.offset;
  }

  /**
   * Waits until a topic holds what is awaited.
   * @returns all its records.
   * @throws Error after `deadlineMs`, with what was there.
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

  /** Waits until a group has committed an offset of a partition, or a later one. @throws Error after `deadlineMs`. */
  async waitForCommit(groupId: string, topic: string, partition: number, offset: bigint, deadlineMs = 5_000): Promise<void> {
    const committed = () => this.committed(groupId, topic, partition) ?? -1n;
    await this.cluster.until(
      topic,
      () => (committed() >= offset ? true : undefined),
      () => `${groupId} stands at ${committed()}`,
      deadlineMs,
    );
  }

  private logFatal(error: PlatformError): void {
    this.cluster.log('error', 'A consumer cannot go on', { error: error.message });
  }
}
