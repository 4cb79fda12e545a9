import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { PlatformError, type Topics } from '#contracts';
import { batchBytesMaxDefault, recordTriesMaxDefault } from '#platform';
import { noopLog, type TransportLog } from '../log.ts';
import type { GatewayHooks, KafkaGateway } from '../ports.ts';
import { recordBytesMaxDefault } from '../record-bytes.ts';
import { AdminConnection } from './admin-connection.ts';
import { isAccessFault, unavailable, withTimeout } from './broker-errors.ts';
import { ownerName } from '../bookkeeping/owner-mark.ts';
import { memberClientId } from './gone-members.ts';
import { toKafkajs } from './broker-address.ts';
import { accountName, type KafkaAccess, saslOf, socketFactoryOf } from './kafka-access.ts';
import { KafkajsGateway } from './kafkajs-gateway.ts';
import { type ClusterConnection, newCluster } from './kafkajs-internals.ts';
import { logThrough } from './kafkajs-log.ts';
import { promptPace, type RequestPace } from './leader.ts';
import { probeListener } from './listener-probe.ts';
import { assertRequests } from './needed-requests.ts';
import { assertRights, type KafkaNeeds } from './needed-rights.ts';
import { useOwnBrokerPool } from './own-broker-pool.ts';
import { useOwnRecords } from './own-records.ts';
import { KafkajsProduceClient, type ProduceClient } from './produce-client.ts';
import { SilentBrokers, type SilenceLimits } from './silent-brokers.ts';
import { type StandstillLimits, standstillLimitsDefault } from './standstill-watch.ts';

/** How to reach the brokers, and the bounds of the publisher. */
export interface KafkaOptions extends GatewayHooks {
  /** `host:port` of some brokers of the cluster. */
  readonly brokers: readonly string[];
  /** Encryption and account. Default: neither. */
  readonly access?: KafkaAccess;
  /** The name of this process in the logs of the brokers. */
  readonly clientId: string;
  /**
   * Tells this process from every other one. Members of groups carry it: the next member on this
   * machine then removes members whose process was killed, instead of waiting for their session
   * timeout.
   */
  readonly processName?: string;
  readonly topics: Topics;
  /** The process must be allowed to use these. Default: nothing is checked. */
  readonly needs?: KafkaNeeds;
  /** Replicas of each partition of topics created here; -1 leaves the number to the brokers. */
  readonly replication: number;
  readonly log?: TransportLog;
  /** How long `publish` may take, in milliseconds. Default 5,000. */
  readonly publishTimeoutMs?: number;
  /** How long {@link connectKafka} tries, in milliseconds. Default 30,000. */
  readonly connectTimeoutMs?: number;
  /** Produce requests in flight to one broker. Default 3. */
  readonly publishRequestsMax?: number;
  /** See docs/adr/0042-busy-publishers-keep-a-distance.md. Default {@link promptPace}. */
  readonly publishPace?: RequestPace;
  /** Bytes that may wait for an acknowledgement. Default 32 MiB. */
  readonly publishQueueBytesMax?: number;
  /** Records that may wait for an acknowledgement. Default 50,000. */
  readonly publishQueueRecordsMax?: number;
  /** Bytes that one record batch may unpack to. Default 32 MiB. */
  readonly batchBytesMax?: number;
  /** Partitions added to a topic are read after this many milliseconds. Default 30,000. */
  readonly metadataAgeMaxMs?: number;
  /** When a broker that does not answer counts as gone. */
  readonly silence?: SilenceLimits;
  /** When a reader without progress makes the process unready, begins anew, and ends it. */
  readonly standstill?: StandstillLimits;
  /** Largest record, in bytes; stay below the brokers' `message.max.bytes`. Default 1,000,000. */
  readonly recordBytesMax?: number;
}

const connectionTimeoutMs = 3_000;
/** A broker that owes the answer to an ordinary request for longer has vanished. */
const answerTimeoutMs = 3_000;
const adminTimeoutMs = 15_000;
/** Longest wait for an answer to a heartbeat, a fetch or a commit: less than a session timeout. */
const memberTimeoutMs = 8_000;
/**
 * Partitions that are added to a topic are read after this time, in milliseconds. One question for
 * each reader and minute costs the brokers nothing.
 */
const metadataAgeMaxMsDefault = 30_000;
/**
 * Always keeping 3 requests in flight split the records of 64 callers into 3 small batches. A small
 * batch costs the broker as much as a full one. With everything on two cores, 7,078 invocations a
 * second were accepted instead of 9,373.
 */
const extraRequestRecordsMin = 200;
/**
 * How long a start goes on trying when its account, its rights or its certificates are refused, in
 * milliseconds. Accounts reach each broker of a cluster a moment after they were created.
 */
const accessPatienceMs = 4_000;
const accessAgainMs = 250;

/**
 * Connects to a cluster.
 * @throws PlatformError `BROKER_UNAVAILABLE` if no broker answered within `connectTimeoutMs`;
 *   within seconds `BROKER_LOGIN_FAILED`, `BROKER_TLS_FAILED`, `BROKER_TOKEN_UNAVAILABLE` or
 *   `BROKER_ACCESS_DENIED` if a broker is there, and refuses the process. `BROKER_UNSUITABLE` if it
 *   lacks a request.
 */
export async function connectKafka(options: KafkaOptions): Promise<KafkaGateway> {
  const { brokers, access = {}, clientId, topics, replication, publishTimeoutMs = 5_000 } = options;
  const log = options.log ?? noopLog;
  const common = {
    brokers: brokers.map(toKafkajs),
    clientId,
    connectionTimeout: connectionTimeoutMs,
    requestTimeout: 30_000,
    // See `own-broker-pool.ts`.
    enforceRequestTimeout: false,
    logLevel: kafkajs.logLevel.INFO,
    logCreator: logThrough(log),
    socketFactory: new SilentBrokers(socketFactoryOf(access), log, options.silence).socketFactory,
    ...saslOf(access),
  };
  const account = accountName(access);
  const adminClient = new kafkajs.Kafka({
    ...common,
    requestTimeout: answerTimeoutMs,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
  });
  const memberId = memberClientId(clientId, options.processName);
  useOwnBrokerPool();
  useOwnRecords({ batchBytesMax: options.batchBytesMax ?? batchBytesMaxDefault });
  const admin = new AdminConnection(adminClient, account);
  const newClusterConnection = () => newCluster({ ...common, requestTimeout: adminTimeoutMs });
  const producer = await connectWithRetry(options, admin, async () => {
    if (options.needs !== undefined) await checkRights(newClusterConnection(), account, options.needs);
    const cluster = newCluster({
      ...common,
      connectionTimeout: Math.min(connectionTimeoutMs, publishTimeoutMs),
      requestTimeout: answerTimeoutMs,
    });
    const client = new KafkajsProduceClient(cluster);
    try {
      await cluster.connect();
      await assertRequests(cluster.brokerPool);
    } catch (error) {
      await client.disconnect();
      throw error;
    }
    return client;
  });
  return new KafkajsGateway({
    topics,
    replication,
    brokers,
    account,
    newMemberCluster: () => newCluster({ ...common, clientId: memberId, requestTimeout: memberTimeoutMs }),
    // Without the name of its process a client id says nothing about one.
    ownerName: ownerName(options.processName === undefined ? randomUUID() : memberId),
    admin,
    adminTimeoutMs,
    producer,
    newCluster: newClusterConnection,
    publisherLimits: publisherLimitsOf(options, publishTimeoutMs),
    metadataAgeMaxMs: options.metadataAgeMaxMs ?? metadataAgeMaxMsDefault,
    standstill: options.standstill ?? standstillLimitsDefault,
    recordTriesMax: options.recordTriesMax ?? recordTriesMaxDefault,
    onFatal: options.onFatal ?? ((error) => log('error', 'A consumer cannot go on', { error: error.message })),
    log,
    metrics: options.metrics,
  });
}

async function checkRights(cluster: ClusterConnection, account: string, needs: KafkaNeeds): Promise<void> {
  try {
    await cluster.connect();
    await assertRights(cluster, account, needs);
  } finally {
    void cluster.disconnect().catch(() => undefined);
  }
}

function publisherLimitsOf(options: KafkaOptions, timeoutMs: number) {
  const recordBytesMax = options.recordBytesMax ?? recordBytesMaxDefault;
  return {
    timeoutMs,
    requestsMax: options.publishRequestsMax ?? 3,
    extraRequestRecordsMin,
    pace: options.publishPace ?? promptPace,
    batchBytesMax: recordBytesMax,
    requestBytesMax: 4 * 1024 * 1024,
    requestRecordsMax: 1_000,
    givingWayRecordsMax: 200,
    queueBytesMax: options.publishQueueBytesMax ?? 32 * 1024 * 1024,
    queueRecordsMax: options.publishQueueRecordsMax ?? 50_000,
    recordBytesMax,
  };
}

async function connectWithRetry(
  options: KafkaOptions,
  admin: AdminConnection,
  newProduceClient: () => Promise<ProduceClient>,
): Promise<ProduceClient> {
  const { brokers, access = {}, connectTimeoutMs = 30_000 } = options;
  const account = accountName(access);
  const startedAt = performance.now();
  const deadlineAt = startedAt + connectTimeoutMs;
  for (;;) {
    const leftMs = Math.max(1, deadlineAt - performance.now());
    try {
      await admin.connect(leftMs);
      // The first request that needs an account.
      await admin.ask(leftMs, 'connecting', (asking) => asking.describeCluster());
      return await withTimeout(leftMs, 'connecting', newProduceClient(), { account });
    } catch (error) {
      const known = unavailable(error, { account });
      const fault = isAccessFault(known) ? known : await misunderstandingWith(brokers, access);
      const isOver = performance.now() >= (fault === undefined ? deadlineAt : Math.min(deadlineAt, startedAt + accessPatienceMs));
      if (isOver) {
        void admin.disconnect().catch(() => undefined);
        throw fault ?? unavailable(error, { brokers });
      }
      if (fault !== undefined) await new Promise((resolve) => setTimeout(resolve, accessAgainMs));
    }
  }
}

/**
 * Explains a connection that a broker closed without a reason: one side speaks TLS or expects an
 * account, and the other does not.
 * @returns undefined if no broker answers, or if this is not the cause.
 */
async function misunderstandingWith(brokers: readonly string[], access: KafkaAccess): Promise<PlatformError | undefined> {
  const { tls, login } = access;
  for (const broker of brokers) {
    const kind = await probeListener(broker);
    if (kind === 'tls' && tls === undefined)
      return new PlatformError('BROKER_TLS_FAILED', {
        details: { reason: `${broker} speaks TLS: set KAFKA_SECURITY_PROTOCOL to ssl or sasl_ssl`, broker },
      });
    if ((kind === 'open' || kind === 'account') && tls !== undefined)
      return new PlatformError('BROKER_TLS_FAILED', {
        details: { reason: `${broker} does not speak TLS: check the port in KAFKA_BROKERS and KAFKA_SECURITY_PROTOCOL`, broker },
      });
    const behindTls = tls === undefined || login !== undefined ? kind : await probeListener(broker, socketFactoryOf(access));
    if (behindTls === 'account' && login === undefined)
      return new PlatformError('BROKER_LOGIN_FAILED', {
        details: {
          reason: `${broker} expects an account: set KAFKA_SECURITY_PROTOCOL to ${tls === undefined ? 'sasl_plaintext or sasl_ssl' : 'sasl_ssl'}, KAFKA_USERNAME and the password`,
          broker,
        },
      });
    if (kind === 'open' && login !== undefined)
      return new PlatformError('BROKER_LOGIN_FAILED', {
        details: {
          reason: `${broker} takes no accounts on this port: check the port in KAFKA_BROKERS and KAFKA_SECURITY_PROTOCOL`,
          broker,
        },
      });
  }
  return undefined;
}
