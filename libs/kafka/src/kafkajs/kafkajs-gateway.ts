import type { Registry as Metrics } from 'prom-client';
import type { IncomingRecord, PlatformError, Topics } from '#contracts';
import { type ComparedClock, sharedReading } from '#platform';
import { KeptByFollowers, keptByConsumers } from '../bookkeeping/kept-by-followers.ts';
import { publishReject } from '../bookkeeping/rejects.ts';
import { type GatewayNumbers, registerGatewayMetrics, unreadOf } from '../gateway-metrics.ts';
import type { TransportLog } from '../log.ts';
import type {
  ConsumerOptions,
  FollowerOptions,
  HeldPartition,
  KafkaGateway,
  KeptRecord,
  Publisher,
  RecordConsumer,
  RecordObserver,
  TopicFollower,
  UnreadRecords,
} from '../ports.ts';
import type { AdminConnection } from './admin-connection.ts';
import { AccessWatch } from './access-watch.ts';
import { ClockComparison } from './clock-comparison.ts';
import { unavailable, withTimeout } from './broker-errors.ts';
import { memberOwners, removeGoneMembers } from './gone-members.ts';
import { KafkajsAdmin } from './kafkajs-admin.ts';
import { KafkajsConsumer } from './kafkajs-consumer.ts';
import { KafkajsFollower } from './kafkajs-follower.ts';
import type { ClusterConnection } from './kafkajs-internals.ts';
import { KafkajsPublisher, type PublisherLimits } from './kafkajs-publisher.ts';
import type { ProduceClient } from './produce-client.ts';
import type { StandstillLimits } from './standstill-watch.ts';
import { RecordLookup } from './record-lookup.ts';
import { TopicEnds } from './topic-ends.ts';

/** Connections of a gateway, and settings of the consumers, followers and publisher it makes. */
export interface GatewayParts {
  readonly topics: Topics;
  readonly replication: number;
  /** `host:port` of some brokers. */
  readonly brokers: readonly string[];
  /** The account in words, for errors. */
  readonly account: string;
  /** Makes the connection of a consumer; it is not connected yet. */
  readonly newMemberCluster: () => ClusterConnection;
  /** The name of this process in the marks of commits. */
  readonly ownerName: string;
  readonly admin: AdminConnection;
  readonly adminTimeoutMs: number;
  readonly producer: ProduceClient;
  /** Makes a connection below the public face of kafkajs; it is not connected yet. */
  readonly newCluster: () => ClusterConnection;
  readonly publisherLimits: PublisherLimits;
  /** Age at which readers ask for the partitions of their topics again, in milliseconds. */
  readonly metadataAgeMaxMs: number;
  readonly standstill: StandstillLimits;
  readonly recordTriesMax: number;
  readonly onFatal: (error: PlatformError) => void;
  readonly log: TransportLog;
  readonly metrics: Metrics | undefined;
}

const probeIntervalMs = 3_000;
const probeTimeoutMs = 2_000;
/** Longest time that a broker which does not answer holds up a collection of metrics. */
const metricsTimeoutMs = 2_000;
const closeTimeoutMs = 5_000;

/** A {@link KafkaGateway} over kafkajs. It asks the brokers every 3 s whether they are there. */
export class KafkajsGateway implements KafkaGateway {
  readonly topics: Topics;
  readonly publisher: Publisher;
  readonly admin: KafkajsAdmin;
  private readonly consumers = new Set<KafkajsConsumer>();
  private readonly followers = new Set<KafkajsFollower>();
  private readonly keptByFollowers: KeptByFollowers;
  private readonly numbers: GatewayNumbers;
  private readonly observer: RecordObserver;
  private readonly probeTimer: NodeJS.Timeout;
  private readonly access: AccessWatch;
  private readonly topicEnds: TopicEnds;
  private readonly lookup: RecordLookup;
  private comparison: ClockComparison | undefined;
  private isReachable = true;
  private isProbing = false;

  constructor(private readonly parts: GatewayParts) {
    const { admin, adminTimeoutMs, producer, publisherLimits, metrics } = parts;
    this.topics = parts.topics;
    const watch = new AccessWatch(() => performance.now(), parts.log, parts.onFatal);
    this.access = watch;
    this.keptByFollowers = new KeptByFollowers(parts.log);
    this.topicEnds = new TopicEnds(parts.newCluster, parts.metadataAgeMaxMs);
    this.lookup = new RecordLookup(parts.newCluster);
    const removeGone = async (groupId: string) => removeGoneMembers(groupId, admin, parts.newCluster);
    const adminParts = { ...parts, timeoutMs: adminTimeoutMs };
    this.admin = new KafkajsAdmin(adminParts, this.topicEnds, removeGone);
    const publisher = new KafkajsPublisher(producer, publisherLimits, {
      account: parts.account,
      reached: (isReached) => {
        this.isReachable = isReached;
      },
      access: {
        get isRefused() {
          return watch.isRefused;
        },
        // A service does not need the topics of users: their deliveries fail, and nothing else.
        refused: (topic, error) => {
          if (parts.topics.has(topic)) watch.refused(`write ${topic}`, error);
        },
        allowed: (topic) => watch.allowed(`write ${topic}`),
      },
    });
    this.publisher = publisher;
    const adminForMetrics = new KafkajsAdmin({ ...adminParts, timeoutMs: metricsTimeoutMs }, this.topicEnds, removeGone);
    this.numbers = {
      publisherLoad: () => publisher.load,
      progress: () => [...this.consumers].flatMap((consumer) => consumer.progress()),
      ends: sharedReading(async (topic: string) => adminForMetrics.knownEnds(topic)),
      keptRecords: () => this.keptRecords(),
    };
    this.observer = registerGatewayMetrics(metrics, this.numbers);
    this.probeTimer = setInterval(() => void this.probeBrokers(), probeIntervalMs);
    this.probeTimer.unref();
  }

  consumer(options: ConsumerOptions): RecordConsumer {
    const { account, admin, log, metadataAgeMaxMs, standstill, recordTriesMax, onFatal, newCluster } = this.parts;
    const rejecter = { publisher: this.publisher, topics: this.topics, groupId: options.groupId };
    const consumer = new KafkajsConsumer(options, {
      account,
      access: this.access,
      newCluster: this.parts.newMemberCluster,
      removeGoneMembers: () => removeGoneMembers(options.groupId, admin, newCluster),
      ownerName: this.parts.ownerName,
      memberOwners: () => memberOwners(options.groupId, admin),
      log,
      observer: this.observer,
      recordTriesMax,
      metadataAgeMaxMs,
      standstill,
      ends: async (topic) => this.topicEnds.told(topic),
      onFatal,
      reject: async (record, fault) => publishReject(record, fault, rejecter),
      checkFormat: (record) => this.topics.checkFormat(record),
      onClosed: () => this.consumers.delete(consumer),
    });
    this.consumers.add(consumer);
    return consumer;
  }

  follower(options: FollowerOptions): TopicFollower {
    const { account, newCluster, log, metadataAgeMaxMs, standstill, onFatal } = this.parts;
    const follower = new KafkajsFollower(options, {
      account,
      access: this.access,
      newCluster,
      metadataAgeMaxMs,
      standstill,
      log,
      ends: async (name) => this.admin.knownEnds(name),
      toldEnds: async (name) => this.topicEnds.told(name),
      onFatal,
      checkFormat: (record) => this.topics.checkFormat(record),
      onKept: (record, error) => this.keptByFollowers.add(record, error),
      onClosed: () => this.followers.delete(follower),
    });
    this.followers.add(follower);
    return follower;
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

  async compareClock(clock: ComparedClock): Promise<void> {
    const { newCluster, log } = this.parts;
    this.comparison = new ClockComparison({ clock, topic: this.topics.name('clock'), newCluster, log });
    await this.comparison.start();
  }

  unread(topic: string): Promise<readonly UnreadRecords[]> {
    return unreadOf(this.numbers, topic);
  }

  async recordsFrom(partition: HeldPartition, offset: bigint, recordsMax: number): Promise<readonly IncomingRecord[]> {
    const { account, adminTimeoutMs } = this.parts;
    try {
      return await withTimeout(adminTimeoutMs, 'reading records', this.lookup.from(partition, offset, recordsMax));
    } catch (error) {
      throw unavailable(error, { topic: partition.topic, account, operation: 'Read' });
    }
  }

  isConnected(): boolean {
    const isStandingStill = [...this.consumers, ...this.followers].some((reader) => reader.isStandingStill);
    return this.isReachable && !this.access.isRefused && !isStandingStill;
  }

  async close(): Promise<void> {
    clearInterval(this.probeTimer);
    this.isReachable = false;
    const closing = [this.publisher.close(), this.parts.admin.disconnect(), this.topicEnds.close(), this.lookup.close()];
    if (this.comparison !== undefined) closing.push(this.comparison.close());
    for (const settled of await Promise.allSettled(closing.map((one) => withTimeout(closeTimeoutMs, 'disconnecting', one))))
      if (settled.status === 'rejected')
        this.parts.log('warn', 'A connection did not close in time', { error: String(settled.reason) });
  }

  private async probeBrokers(): Promise<void> {
    if (this.isProbing) return;
    this.isProbing = true;
    try {
      await this.parts.admin.ask(probeTimeoutMs, 'the probe', (admin) => admin.describeCluster());
      this.isReachable = true;
      this.access.allowed('login');
    } catch (error) {
      this.access.failed('login', error);
      if (this.isReachable) this.parts.log('warn', 'The brokers cannot be reached', { error: String(error) });
      this.isReachable = false;
    } finally {
      this.isProbing = false;
    }
  }
}
