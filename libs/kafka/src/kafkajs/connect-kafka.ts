import { connect } from 'node:net';
import kafkajs, { type ICustomPartitioner, type ISocketFactory, type KafkaConfig, type Producer } from 'kafkajs';
import type { IncomingRecord } from '#contracts';
import { recordTriesMaxDefault } from '#platform';
import { AdminConnection } from './admin-connection.ts';
import { unavailable, withTimeout } from './broker-errors.ts';
import { memberClientId, removeGoneMembers } from './gone-members.ts';
import { KafkajsAdmin } from './kafkajs-admin.ts';
import { KafkajsConsumer } from './kafkajs-consumer.ts';
import { KafkajsFollower } from './kafkajs-follower.ts';
import { type ClusterConnection, newCluster } from './kafkajs-internals.ts';
import { logThrough } from './kafkajs-log.ts';
import { KafkajsPublisher, type PublisherLimits } from './kafkajs-publisher.ts';
import { useOwnRecords } from './kafkajs-records.ts';
import { rateLimited, noopLog, type TransportLog } from '../log.ts';
import { choosePartition } from '../partition-choice.ts';
import type {
  ConsumerOptions,
  GatewayHooks,
  KafkaGateway,
  Publisher,
  RecordConsumer,
  TopicAdmin,
  TopicFollower,
} from '../ports.ts';
import { recordBytesMaxDefault } from '../record-limits.ts';
import { publishReject } from '../bookkeeping/rejects.ts';

/** How to reach the brokers, and the bounds of the publisher. */
export interface KafkaOptions extends GatewayHooks {
  /** `host:port`, of some brokers of the cluster. */
  readonly brokers: readonly string[];
  /** How this process is called in the brokers' logs. */
  readonly clientId: string;
  /** Tells this process from every other one. Members of groups carry it, so that one that is killed need not be waited for. */
  readonly processName?: string;
  /** Of all topic names; the rejects go to `<prefix>rejects`. */
  readonly prefix: string;
  /** Copies of each partition of topics made here; -1 leaves it to the brokers. */
  readonly replication: number;
  readonly log?: TransportLog;
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
const joinRetriesMax = 120;
const keepAliveMs = 60_000;
/**
 * Three requests in flight at any time made of 64 callers three small batches, of which each costs the broker as much as a full one: 7,078
 * invocations a second were accepted instead of 9,373, everything on two cores.
 */
const extraRequestRecordsMin = 200;
const logDedupMs = 30_000;

/** As kafkajs makes its sockets, but without delay for small requests, and without a warning for those that wait for a broker that is gone. */
const socketFactory: ISocketFactory = ({ host, port, onConnect }) => {
  const socket = connect({ host, port, noDelay: true }, onConnect);
  socket.setKeepAlive(true, keepAliveMs);
  socket.setMaxListeners(0);
  return socket;
};

/** Our choice of partitions, in the shape that kafkajs asks for. */
const createPartitioner: ICustomPartitioner = () => {
  return ({ message, partitionMetadata }) => choosePartition(message, partitionMetadata);
};

/**
 * Connects to a cluster.
 * @throws PlatformError `BROKER_UNAVAILABLE` when no broker answered within `connectTimeoutMs`.
 */
export async function connectKafka(options: KafkaOptions): Promise<KafkaGateway> {
  const publishTimeoutMs = options.publishTimeoutMs ?? 5_000;
  const common: KafkaConfig = {
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: connectionTimeoutMs,
    requestTimeout: 30_000,
    logLevel: kafkajs.logLevel.INFO,
    logCreator: logThrough(rateLimited(options.log ?? noopLog, () => performance.now(), logDedupMs)),
    socketFactory,
  };
  const asking = new kafkajs.Kafka({ ...common, retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 } });
  // A client of its own for writes: a request that gets no answer must not outlive the patience of its callers by much.
  const writing = new kafkajs.Kafka({
    ...common,
    connectionTimeout: Math.min(connectionTimeoutMs, publishTimeoutMs),
    requestTimeout: publishTimeoutMs,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 4 },
  });
  // And one for members of groups: a member that gives up comes back as a stranger, and its partitions stand still until the brokers
  // have given up the old one, a session timeout later. So it holds on for about two minutes.
  const joining = new kafkajs.Kafka({
    ...common,
    clientId: memberClientId(options.clientId, options.processName),
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: joinRetriesMax },
  });
  const newProducer = async (): Promise<Producer> => {
    const producer = writing.producer({ createPartitioner, allowAutoTopicCreation: false });
    await producer.connect();
    return producer;
  };
  useOwnRecords();
  const admin = new AdminConnection(asking);
  const producer = await reach(options, admin, newProducer);
  return new KafkajsGateway(options, joining, admin, producer, newProducer, publishTimeoutMs);
}

async function reach(
  { brokers, connectTimeoutMs = 30_000 }: KafkaOptions,
  admin: AdminConnection,
  newProducer: () => Promise<Producer>,
): Promise<Producer> {
  const deadlineAt = performance.now() + connectTimeoutMs;
  for (;;) {
    const leftMs = Math.max(1, deadlineAt - performance.now());
    try {
      await admin.connect(leftMs);
      return await withTimeout(leftMs, 'connecting', newProducer());
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
  private readonly connection: AdminConnection;
  private readonly log: TransportLog;
  private readonly transportLog: TransportLog;
  private readonly probeTimer: NodeJS.Timeout;
  private isReachable = true;
  private isProbing = false;

  constructor(
    private readonly options: KafkaOptions,
    private readonly kafka: kafkajs.Kafka,
    admin: AdminConnection,
    producer: Producer,
    newProducer: () => Promise<Producer>,
    publishTimeoutMs: number,
  ) {
    this.connection = admin;
    this.log = options.log ?? noopLog;
    this.transportLog = rateLimited(this.log, () => performance.now(), logDedupMs);
    this.admin = new KafkajsAdmin(admin, options.replication, adminTimeoutMs);
    const recordBytesMax = options.recordBytesMax ?? recordBytesMaxDefault;
    const limits: PublisherLimits = {
      timeoutMs: publishTimeoutMs,
      requestsMax: options.publishRequestsMax ?? 3,
      extraRequestRecordsMin,
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
        this.isReachable = isReached;
      },
    });
    this.probeTimer = setInterval(() => void this.probeBrokers(), probeIntervalMs);
    this.probeTimer.unref();
  }

  consumer(options: ConsumerOptions): RecordConsumer {
    const reject = (record: IncomingRecord, reason: string) => publishReject(this.publisher, record, reason, this.options.prefix);
    return new KafkajsConsumer(options, {
      kafka: this.kafka,
      admin: this.connection,
      removeGoneMembers: () => removeGoneMembers(options.groupId, this.connection, () => this.newCluster()),
      log: this.log,
      retriesMax: joinRetriesMax,
      recordTriesMax: this.options.recordTriesMax ?? recordTriesMaxDefault,
      onFatal: this.options.onFatal ?? ((error) => this.log('error', 'A consumer cannot go on', { error: error.message })),
      reject,
    });
  }

  follower({ topic, from }: { readonly topic: string; readonly from: 'earliest' | 'latest' }): TopicFollower {
    const cluster = this.newCluster();
    return new KafkajsFollower(topic, from, { cluster, log: this.transportLog, ends: (name) => this.admin.ends(name) });
  }

  isConnected(): boolean {
    return this.isReachable;
  }

  async close(): Promise<void> {
    clearInterval(this.probeTimer);
    this.isReachable = false;
    const closing = [this.publisher.close(), this.connection.disconnect()];
    for (const settled of await Promise.allSettled(closing.map((one) => withTimeout(closeMs, 'disconnecting', one))))
      if (settled.status === 'rejected')
        this.log('warn', 'A connection did not close in time', { error: String(settled.reason) });
  }

  private newCluster(): ClusterConnection {
    return newCluster({
      brokers: this.options.brokers,
      clientId: this.options.clientId,
      logCreator: logThrough(this.transportLog),
      logLevel: kafkajs.logLevel.INFO,
      connectionTimeoutMs,
      requestTimeoutMs: adminTimeoutMs,
      socketFactory,
    });
  }

  private async probeBrokers(): Promise<void> {
    if (this.isProbing) return;
    this.isProbing = true;
    try {
      await this.connection.ask(probeTimeoutMs, 'the probe', (admin) => admin.describeCluster());
      this.isReachable = true;
    } catch (error) {
      if (this.isReachable) this.log('warn', 'The brokers cannot be reached', { error: String(error) });
      this.isReachable = false;
    } finally {
      this.isProbing = false;
    }
  }
}
