import kafkajs, { type Admin, type Producer } from 'kafkajs';
import { type IncomingRecord, PlatformError } from '#contracts';
import { unavailable, within } from './broker-errors.ts';
import { KafkajsAdmin } from './kafkajs-admin.ts';
import { KafkajsConsumer } from './kafkajs-consumer.ts';
import { KafkajsFollower } from './kafkajs-follower.ts';
import { newCluster } from './kafkajs-internals.ts';
import { logThrough } from './kafkajs-log.ts';
import { KafkajsPublisher, type PublisherLimits } from './kafkajs-publisher.ts';
import { silence, type TransportLog } from './log.ts';
import { choosePartition } from './partition-choice.ts';
import type { ConsumerOptions, KafkaGateway, Publisher, RecordConsumer, TopicAdmin, TopicFollower } from './ports.ts';
import { recordBytesMaxDefault } from './record-limits.ts';
import { publishReject } from './rejects.ts';

/** How to reach the brokers, and the bounds of the publisher. */
export interface KafkaOptions {
  /** `host:port`, of some brokers of the cluster. */
  readonly brokers: readonly string[];
  /** How this process is called in the brokers' logs. */
  readonly clientId: string;
  /** Of all topic names; the rejects go to `<prefix>rejects`. */
  readonly prefix: string;
  /** Copies of each partition of topics made here; -1 leaves it to the brokers. */
  readonly replication: number;
  readonly log?: TransportLog;
  /** A consumer is beyond help: the process should end and be started again. */
  readonly onFatal?: (error: PlatformError) => void;
  /** How long `publish` may take, in milliseconds. Default 5,000. */
  readonly publishTimeoutMs?: number;
  /** How long {@link connectKafka} tries, in milliseconds. Default 30,000. */
  readonly connectTimeoutMs?: number;
  /** Produce requests in flight. Default 3. */
  readonly publishRequestsMax?: number;
  /** Bytes that may wait for an acknowledgement. Default 32 MiB. */
  readonly publishQueueBytesMax?: number;
  /** Records that may wait for an acknowledgement. Default 50,000. */
  readonly publishQueueRecordsMax?: number;
  /** Largest record, in bytes; stay below the brokers' `message.max.bytes`. Default 1,000,000. */
  readonly recordBytesMax?: number;
}

const connectionTimeoutMs = 3_000;
const adminTimeoutMs = 15_000;
const probeIntervalMs = 3_000;
const probeTimeoutMs = 2_000;
const closeMs = 5_000;

/**
 * Connects to a cluster.
 * @throws PlatformError `BROKER_UNAVAILABLE` when no broker answered within `connectTimeoutMs`.
 */
export async function connectKafka(options: KafkaOptions): Promise<KafkaGateway> {
  const publishTimeoutMs = options.publishTimeoutMs ?? 5_000;
  const logCreator = logThrough(options.log ?? silence);
  const kafka = new kafkajs.Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: connectionTimeoutMs,
    requestTimeout: 30_000,
    logLevel: kafkajs.logLevel.INFO,
    logCreator,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
  });
  // A client of its own for writes: a request that gets no answer must not outlive the patience of its callers by much.
  const writing = new kafkajs.Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: Math.min(connectionTimeoutMs, publishTimeoutMs),
    requestTimeout: publishTimeoutMs,
    logLevel: kafkajs.logLevel.INFO,
    logCreator,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 4 },
  });
  const newProducer = async (): Promise<Producer> => {
    const producer = writing.producer({ createPartitioner: () => choosePartition, allowAutoTopicCreation: false });
    await producer.connect();
    return producer;
  };
  const admin = kafka.admin();
  const producer = await reach(options, admin, newProducer);
  return new KafkajsGateway(options, kafka, admin, producer, newProducer, publishTimeoutMs);
}

async function reach(
  { brokers, connectTimeoutMs = 30_000 }: KafkaOptions,
  admin: Admin,
  newProducer: () => Promise<Producer>,
): Promise<Producer> {
  const deadlineAt = performance.now() + connectTimeoutMs;
  for (;;) {
    const leftMs = Math.max(1, deadlineAt - performance.now());
    try {
      await within(leftMs, 'connecting', admin.connect());
      return await within(leftMs, 'connecting', newProducer());
    } catch (error) {
      if (performance.now() >= deadlineAt) {
        void admin.disconnect().catch(() => undefined);
        throw unavailable(error, { brokers });
      }
    }
  }
}

class KafkajsGateway implements KafkaGateway {
  readonly publisher: Publisher;
  readonly admin: TopicAdmin;
  readonly #options: KafkaOptions;
  readonly #kafka: kafkajs.Kafka;
  readonly #rawAdmin: Admin;
  readonly #log: TransportLog;
  readonly #probe: NodeJS.Timeout;
  #isConnected = true;
  #isProbing = false;

  constructor(
    options: KafkaOptions,
    kafka: kafkajs.Kafka,
    admin: Admin,
    producer: Producer,
    newProducer: () => Promise<Producer>,
    publishTimeoutMs: number,
  ) {
    this.#options = options;
    this.#kafka = kafka;
    this.#rawAdmin = admin;
    this.#log = options.log ?? silence;
    this.admin = new KafkajsAdmin(admin, options.replication, adminTimeoutMs);
    const recordBytesMax = options.recordBytesMax ?? recordBytesMaxDefault;
    const limits: PublisherLimits = {
      timeoutMs: publishTimeoutMs,
      requestsMax: options.publishRequestsMax ?? 3,
      batchBytesMax: recordBytesMax,
      requestBytesMax: 4 * 1024 * 1024,
      requestRecordsMax: 1_000,
      queueBytesMax: options.publishQueueBytesMax ?? 32 * 1024 * 1024,
      queueRecordsMax: options.publishQueueRecordsMax ?? 50_000,
      recordBytesMax,
    };
    this.publisher = new KafkajsPublisher(producer, limits, {
      newProducer,
      listTopics: () => this.admin.list(),
      reached: (isReached) => {
        this.#isConnected = isReached;
      },
    });
    this.#probe = setInterval(() => void this.#ask(), probeIntervalMs);
    this.#probe.unref();
  }

  consumer(options: ConsumerOptions): RecordConsumer {
    const reject = (record: IncomingRecord, reason: string) =>
      publishReject(this.publisher, record, reason, this.#options.prefix);
    return new KafkajsConsumer(options, {
      kafka: this.#kafka,
      admin: this.#rawAdmin,
      log: this.#log,
      onFatal: this.#options.onFatal ?? ((error) => this.#log('error', 'A consumer has ended', { error: error.message })),
      reject,
    });
  }

  follower({ topic, from }: { readonly topic: string; readonly from: 'earliest' | 'latest' }): TopicFollower {
    const cluster = newCluster({
      brokers: this.#options.brokers,
      clientId: this.#options.clientId,
      logCreator: logThrough(this.#log),
      logLevel: kafkajs.logLevel.INFO,
      connectionTimeoutMs,
      requestTimeoutMs: adminTimeoutMs,
    });
    return new KafkajsFollower(topic, from, { cluster, log: this.#log, ends: (name) => this.admin.ends(name) });
  }

  isConnected(): boolean {
    return this.#isConnected;
  }

  async close(): Promise<void> {
    clearInterval(this.#probe);
    this.#isConnected = false;
    const closing = [this.publisher.close(), this.#rawAdmin.disconnect()];
    for (const settled of await Promise.allSettled(closing.map((one) => within(closeMs, 'disconnecting', one))))
      if (settled.status === 'rejected')
        this.#log('warn', 'A connection did not close in time', { error: String(settled.reason) });
  }

  async #ask(): Promise<void> {
    if (this.#isProbing) return;
    this.#isProbing = true;
    try {
      await within(probeTimeoutMs, 'the probe', this.#rawAdmin.describeCluster());
      this.#isConnected = true;
    } catch (error) {
      if (this.#isConnected) this.#log('warn', 'The brokers cannot be reached', { error: String(error) });
      this.#isConnected = false;
    } finally {
      this.#isProbing = false;
    }
  }
}
