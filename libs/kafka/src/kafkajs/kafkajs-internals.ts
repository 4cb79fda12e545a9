/**
 * The private parts of kafkajs that this adapter uses: connections, requests and metadata. Members
 * of groups and followers are own code above them.
 *
 * The consumer of kafkajs stands still for minutes when a broker vanishes. It also believes answers
 * that say nothing about some of its partitions. The client has had no release since 2.2.4 (2023),
 * so these parts do not change; the conformance suite fails if they do.
 *
 * An answer has an error code for each topic or partition. kafkajs throws the first one, and the
 * rest of the answer is lost. `fetchedBy` and the metadata of {@link newCluster} keep it.
 */
import { createRequire } from 'node:module';
import kafkajs, { type ISocketFactory, type KafkaConfig, type logCreator } from 'kafkajs';
import type { FetchedPartition } from './fetched-records.ts';
import { answerOf, type AskedBroker, errorOf } from './kafka-answers.ts';
import type { BrokerMetadata, BrokerPool, PoolBroker, RequestVersions } from './kafkajs-pool.ts';
import { metadataWithIds } from './metadata-with-ids.ts';
import { SharedRounds } from '../shared-rounds.ts';
import { ownFetch } from './own-records.ts';

/** The answer of one fetch. */
export interface FetchAnswer {
  /** An error of the request as a whole; absent in old versions. */
  readonly errorCode?: number;
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly FetchedPartition[] }[];
}

/** One fetch. Times are in milliseconds. */
export interface FetchRequest {
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  /** 1: records of open and aborted transactions are left out. */
  readonly isolationLevel: number;
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string; readonly maxBytes: number }[];
  }[];
}

/** Answers per partition. */
interface PartitionAnswers<Answer> {
  readonly responses: readonly { readonly topic: string; readonly partitions: readonly Answer[] }[];
}

/** One broker of the cluster. */
export interface BrokerConnection extends AskedBroker {
  readonly versions: RequestVersions | null;
  disconnect(): Promise<void>;
  findGroupCoordinator(group: {
    readonly groupId: string;
    readonly coordinatorType: number;
  }): Promise<{ readonly coordinator: { readonly nodeId: number } }>;
  listOffsets(request: {
    readonly isolationLevel: number;
    readonly topics: readonly {
      readonly topic: string;
      /**
       * Timestamp -2 asks for the first offset, -1 for the end, others for the first record that is
       * not older.
       */
      readonly partitions: readonly { readonly partition: number; readonly timestamp: number }[];
    }[];
  }): Promise<PartitionAnswers<{ readonly partition: number; readonly offset: string; readonly timestamp: string }>>;
}

/** A member of a group, as its coordinator knows it. */
interface MemberOfGroup {
  readonly groupId: string;
  readonly memberId: string;
}

/**
 * The broker that coordinates a consumer group. Each request rejects with the first error of its
 * answer.
 */
export interface GroupCoordinator extends BrokerConnection {
  joinGroup(
    request: MemberOfGroup & {
      readonly sessionTimeout: number;
      readonly rebalanceTimeout: number;
      readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
    },
  ): Promise<{
    readonly generationId: number;
    /** The protocol that all members have in common. */
    readonly groupProtocol: string;
    readonly leaderId: string;
    readonly memberId: string;
    /** Empty unless this member is the leader. */
    readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
  }>;
  syncGroup(
    request: MemberOfGroup & {
      readonly generationId: number;
      readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
    },
  ): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: MemberOfGroup & { readonly groupGenerationId: number }): Promise<unknown>;
  leaveGroup(member: MemberOfGroup): Promise<unknown>;
  offsetCommit(
    request: MemberOfGroup & {
      readonly groupGenerationId: number;
      readonly topics: readonly {
        readonly topic: string;
        readonly partitions: readonly { readonly partition: number; readonly offset: string; readonly metadata: string }[];
      }[];
    },
  ): Promise<PartitionAnswers<{ readonly partition: number }>>;
  offsetFetch(request: {
    readonly groupId: string;
    readonly topics: readonly { readonly topic: string; readonly partitions: readonly { readonly partition: number }[] }[];
  }): Promise<PartitionAnswers<{ readonly partition: number; readonly offset: string; readonly metadata: string | null }>>;
}

/** A partition in the metadata of a cluster. */
export interface PartitionMetadata {
  readonly partitionId: number;
  /** The id of the broker that leads the partition; -1 if none does. */
  readonly leader: number;
}

/** A connection to a cluster, with its metadata. */
export interface ClusterConnection {
  readonly brokerPool: BrokerPool;
  /** The topics whose metadata is asked for. */
  readonly targetTopics: Set<string>;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  /** Asks for the metadata of the target topics, as it is after this call. */
  refreshMetadata(): Promise<void>;
  /** The partitions of a topic; empty if the topic does not exist. */
  findTopicPartitionMetadata(topic: string): readonly PartitionMetadata[];
  /** The ids of the known brokers. */
  getNodeIds(): readonly string[];
  /** Connects to a broker, if need be. Every broker can be asked as a coordinator. */
  findBroker(broker: { readonly nodeId: string }): Promise<GroupCoordinator>;
  findControllerBroker(): Promise<BrokerConnection>;
  findGroupCoordinator(group: { readonly groupId: string }): Promise<GroupCoordinator>;
}

const require = createRequire(import.meta.url);
const Cluster = require('kafkajs/src/cluster') as new (options: object) => ClusterConnection;
const { createLogger } = require('kafkajs/src/loggers') as { createLogger: (options: object) => unknown };
/** kafkajs writes what members of a group tell each other; `group-messages.ts` reads it. */
export const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;

/** Settings of a {@link ClusterConnection}. */
export interface ClusterOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly logCreator: logCreator;
  readonly logLevel: number;
  /** In milliseconds. */
  readonly connectionTimeout: number;
  /** In milliseconds. */
  readonly requestTimeout: number;
  readonly socketFactory: ISocketFactory;
  readonly sasl?: KafkaConfig['sasl'];
}

/** Returns a connection that is not connected yet. */
export function newCluster(options: ClusterOptions): ClusterConnection {
  const cluster = new Cluster({
    logger: createLogger({ level: options.logLevel, logCreator: options.logCreator }),
    socketFactory: options.socketFactory,
    sasl: options.sasl,
    brokers: options.brokers,
    clientId: options.clientId,
    connectionTimeout: options.connectionTimeout,
    requestTimeout: options.requestTimeout,
    // See `own-broker-pool.ts`.
    enforceRequestTimeout: false,
    metadataMaxAge: 60_000,
    allowAutoTopicCreation: false,
    // Read committed.
    isolationLevel: 1,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
  });
  const { createBroker } = cluster.brokerPool;
  cluster.brokerPool.createBroker = (brokerOptions) => {
    const broker = createBroker(brokerOptions);
    broker.metadata = (topics) => metadataFrom(broker, topics);
    return broker;
  };
  // kafkajs hands out the answer that is on its way, which may be older than the question.
  const looks = new SharedRounds(async () => cluster.brokerPool.refreshMetadata([...cluster.targetTopics]));
  cluster.refreshMetadata = async () => looks.ask();
  return cluster;
}

/** Topics that do not exist, or are being created, are like topics without partitions. */
const passingTopicErrors: ReadonlySet<string> = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/**
 * Asks for metadata. A partition without a leader and a topic that does not exist leave the others
 * alone.
 * @throws the error of a topic that the account may not see.
 */
async function metadataFrom(broker: PoolBroker, topics: readonly string[]): Promise<BrokerMetadata> {
  const answer = await metadataWithIds(broker, topics);
  for (const { topic, topicErrorCode } of answer.topicMetadata) {
    if (topicErrorCode === 0) continue;
    const error = errorOf(topicErrorCode);
    if (!passingTopicErrors.has(error.type)) throw Object.assign(error, { topic });
  }
  return answer;
}

/** Fetches records. Each partition of the answer has its own error code. */
export async function fetchedBy(broker: BrokerConnection, request: FetchRequest): Promise<FetchAnswer> {
  return answerOf<FetchAnswer>(broker, 'Fetch', request, { received: ownFetch });
}
