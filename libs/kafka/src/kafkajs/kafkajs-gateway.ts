import type { Kafka, Producer } from 'kafkajs';
import type { Registry as Metrics } from 'prom-client';
import type { PlatformError, Topics } from '#contracts';
import { publishReject } from '../bookkeeping/rejects.ts';
import { registerGatewayMetrics } from '../gateway-metrics.ts';
import type { TransportLog } from '../log.ts';
import type {
  ConsumerOptions,
  KafkaGateway,
  Publisher,
  RecordConsumer,
  RecordObserver,
  TopicAdmin,
  TopicFollower,
} from '../ports.ts';
import type { AdminConnection } from './admin-connection.ts';
import { withTimeout } from './broker-errors.ts';
import { removeGoneMembers } from './gone-members.ts';
import { KafkajsAdmin } from './kafkajs-admin.ts';
import { KafkajsConsumer } from './kafkajs-consumer.ts';
import { KafkajsFollower } from './kafkajs-follower.ts';
import type { ClusterConnection } from './kafkajs-internals.ts';
import { KafkajsPublisher, type PublisherLimits } from './kafkajs-publisher.ts';

/** Connections of a gateway, and settings of the consumers, followers and publisher it makes. */
export interface GatewayParts {
  readonly topics: Topics;
  readonly replication: number;
  /** The client of the members of groups. */
  readonly kafka: Kafka;
  readonly admin: AdminConnection;
  readonly adminTimeoutMs: number;
  readonly producer: Producer;
  readonly newProducer: () => Promise<Producer>;
  /** Makes a connection below the public face of kafkajs; it is not connected yet. */
  readonly newCluster: () => ClusterConnection;
  readonly publisherLimits: PublisherLimits;
  readonly joinRetriesMax: number;
  readonly recordTriesMax: number;
  readonly onFatal: (error: PlatformError) => void;
  readonly log: TransportLog;
  /** The same log, for lines that repeat while a broker is down. */
  readonly dedupedLog: TransportLog;
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
  readonly admin: TopicAdmin;
  private readonly consumers = new Set<KafkajsConsumer>();
  private readonly observer: RecordObserver;
  private readonly probeTimer: NodeJS.Timeout;
  private isReachable = true;
  private isProbing = false;

  constructor(private readonly parts: GatewayParts) {
    const { admin, replication, adminTimeoutMs, producer, newProducer, publisherLimits, metrics } = parts;
    this.topics = parts.topics;
    this.admin = new KafkajsAdmin(admin, replication, adminTimeoutMs);
    const publisher = new KafkajsPublisher(producer, publisherLimits, {
      newProducer,
      listTopics: () => this.admin.list(),
      reached: (isReached) => {
        this.isReachable = isReached;
      },
    });
    this.publisher = publisher;
    const adminForMetrics = new KafkajsAdmin(admin, replication, metricsTimeoutMs);
    this.observer = registerGatewayMetrics(metrics, {
      publisherLoad: () => publisher.load,
      progress: () => [...this.consumers].flatMap((consumer) => consumer.progress()),
      ends: (topic) => adminForMetrics.ends(topic),
    });
    this.probeTimer = setInterval(() => void this.probeBrokers(), probeIntervalMs);
    this.probeTimer.unref();
  }

  consumer(options: ConsumerOptions): RecordConsumer {
    const { kafka, admin, log, joinRetriesMax, recordTriesMax, onFatal, newCluster } = this.parts;
    const consumer = new KafkajsConsumer(options, {
      kafka,
      admin,
      removeGoneMembers: () => removeGoneMembers(options.groupId, admin, newCluster),
      log,
      observer: this.observer,
      recordTriesMax,
      retriesMax: joinRetriesMax,
      onFatal,
      reject: (record, reason) => publishReject(this.publisher, record, reason, this.topics),
      onClosed: () => this.consumers.delete(consumer),
    });
    this.consumers.add(consumer);
    return consumer;
  }

  follower({ topic, from }: { readonly topic: string; readonly from: 'earliest' | 'latest' }): TopicFollower {
    const { newCluster, dedupedLog } = this.parts;
    return new KafkajsFollower(topic, from, {
      cluster: newCluster(),
      log: dedupedLog,
      ends: (name) => this.admin.ends(name),
    });
  }

  isConnected(): boolean {
    return this.isReachable;
  }

  async close(): Promise<void> {
    clearInterval(this.probeTimer);
    this.isReachable = false;
    const closing = [this.publisher.close(), this.parts.admin.disconnect()];
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
    } catch (error) {
      if (this.isReachable) this.parts.log('warn', 'The brokers cannot be reached', { error: String(error) });
      this.isReachable = false;
    } finally {
      this.isProbing = false;
    }
  }
}
