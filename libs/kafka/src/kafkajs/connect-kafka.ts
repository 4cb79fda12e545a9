import { connect } from 'node:net';
import kafkajs, { type ICustomPartitioner, type ISocketFactory, type KafkaConfig, type Producer } from 'kafkajs';
import type { Topics } from '#contracts';
import { recordTriesMaxDefault } from '#platform';
import { noopLog, rateLimited, type TransportLog } from '../log.ts';
import { choosePartition } from '../partition-choice.ts';
import type { GatewayHooks, KafkaGateway } from '../ports.ts';
import { recordBytesMaxDefault } from '../record-bytes.ts';
import { AdminConnection } from './admin-connection.ts';
import { unavailable, withTimeout } from './broker-errors.ts';
import { memberClientId } from './gone-members.ts';
import { KafkajsGateway } from './kafkajs-gateway.ts';
import { newCluster } from './kafkajs-internals.ts';
import { logThrough } from './kafkajs-log.ts';
import { useOwnRecords } from './kafkajs-records.ts';

/** How to reach the brokers, and the bounds of the publisher. */
export interface KafkaOptions extends GatewayHooks {
  /** `host:port` of some brokers of the cluster. */
  readonly brokers: readonly string[];
  /** The name of this process in the logs of the brokers. */
  readonly clientId: string;
  /**
   * Tells this process from every other one. Members of groups carry it: the next member on this
   * machine then removes members whose process was killed, instead of waiting for their session
   * timeout.
   */
  readonly processName?: string;
  readonly topics: Topics;
  /** Replicas of each partition of topics created here; -1 leaves the number to the brokers. */
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
const joinRetriesMax = 120;
const keepAliveMs = 60_000;
/**
 * Always keeping 3 requests in flight split the records of 64 callers into 3 small batches. A small
 * batch costs the broker as much as a full one. With everything on two cores, 7,078 invocations a
 * second were accepted instead of 9,373.
 */
const extraRequestRecordsMin = 200;
/** The same line is logged once in this time. */
const logDedupMs = 30_000;

/**
 * Sockets as kafkajs makes them, with two changes. Small requests are sent without delay. Node does
 * not warn about many listeners: one for each request that waits for a broker that is down.
 */
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
 * @throws PlatformError `BROKER_UNAVAILABLE` if no broker answered within `connectTimeoutMs`.
 */
export async function connectKafka(options: KafkaOptions): Promise<KafkaGateway> {
  const { brokers, clientId, topics, replication, publishTimeoutMs = 5_000 } = options;
  const log = options.log ?? noopLog;
  const dedupedLog = rateLimited(log, () => performance.now(), logDedupMs);
  const common = {
    brokers: [...brokers],
    clientId,
    connectionTimeout: connectionTimeoutMs,
    requestTimeout: 30_000,
    logLevel: kafkajs.logLevel.INFO,
    logCreator: logThrough(dedupedLog),
    socketFactory,
  };
  const { adminClient, producerClient, memberClient } = newClients(common, options, publishTimeoutMs);
  const newProducer = async (): Promise<Producer> => {
    const producer = producerClient.producer({ createPartitioner, allowAutoTopicCreation: false });
    await producer.connect();
    return producer;
  };
  useOwnRecords();
  const admin = new AdminConnection(adminClient);
  const producer = await connectWithRetry(options, admin, newProducer);
  return new KafkajsGateway({
    topics,
    replication,
    kafka: memberClient,
    admin,
    adminTimeoutMs,
    producer,
    newProducer,
    newCluster: () => newCluster({ ...common, requestTimeout: adminTimeoutMs }),
    publisherLimits: publisherLimitsOf(options, publishTimeoutMs),
    joinRetriesMax,
    recordTriesMax: options.recordTriesMax ?? recordTriesMaxDefault,
    onFatal: options.onFatal ?? ((error) => log('error', 'A consumer cannot go on', { error: error.message })),
    log,
    dedupedLog,
    metrics: options.metrics,
  });
}

/** Three clients of kafkajs, because timeouts and retries are settings of a client. */
function newClients(common: KafkaConfig, { clientId, processName }: KafkaOptions, publishTimeoutMs: number) {
  return {
    adminClient: new kafkajs.Kafka({ ...common, retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 } }),
    /** A request without an answer must not outlive the timeout of `publish` by much. */
    producerClient: new kafkajs.Kafka({
      ...common,
      connectionTimeout: Math.min(connectionTimeoutMs, publishTimeoutMs),
      requestTimeout: publishTimeoutMs,
      retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 4 },
    }),
    /**
     * A member that gives up comes back as a new member. Its partitions stand still until the
     * brokers drop the old one, a session timeout later. So a member retries for about two minutes.
     */
    memberClient: new kafkajs.Kafka({
      ...common,
      clientId: memberClientId(clientId, processName),
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: joinRetriesMax },
    }),
  };
}

function publisherLimitsOf(options: KafkaOptions, timeoutMs: number) {
  const recordBytesMax = options.recordBytesMax ?? recordBytesMaxDefault;
  return {
    timeoutMs,
    requestsMax: options.publishRequestsMax ?? 3,
    extraRequestRecordsMin,
    batchBytesMax: recordBytesMax,
    requestBytesMax: 4 * 1024 * 1024,
    requestRecordsMax: 1_000,
    queueBytesMax: options.publishQueueBytesMax ?? 32 * 1024 * 1024,
    queueRecordsMax: options.publishQueueRecordsMax ?? 50_000,
    recordBytesMax,
  };
}

async function connectWithRetry(
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
