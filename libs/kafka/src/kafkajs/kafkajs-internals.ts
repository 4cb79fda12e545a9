/**
 * The private parts of kafkajs that this adapter uses: to remove members from a group, and to read
 * a topic without a group.
 *
 * A public consumer always joins a group. That costs the coordinator work and takes
 * `group.initial.rebalance.delay.ms`, by default 3 s. It also leaves a group behind if the process
 * is killed. The client has had no release since 2.2.4 (2023), so these parts do not change; the
 * conformance suite fails if they do.
 */
import { createRequire } from 'node:module';
import type { ISocketFactory, KafkaConfig, KafkaMessage, logCreator } from 'kafkajs';

/** The answer of one fetch for one partition. */
export interface FetchedPartition {
  readonly partition: number;
  readonly highWatermark: string;
}

/** One broker of the cluster. */
export interface BrokerConnection {
  /** The versions of each request that the broker has, by the number of the request. */
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>> | null;
  findGroupCoordinator(group: { readonly groupId: string; readonly coordinatorType: number }): Promise<unknown>;
  readonly connectionPool: {
    /** Sends a request that kafkajs has no code for. */
    send<Decoded, Answer>(exchange: {
      readonly request: {
        readonly apiKey: number;
        readonly apiVersion: number;
        readonly apiName: string;
        readonly encode: () => Promise<unknown>;
      };
      readonly response: {
        readonly decode: (bytes: Buffer) => Promise<Decoded>;
        readonly parse: (decoded: Decoded) => Promise<Answer>;
      };
    }): Promise<Answer>;
  };
  fetch(request: {
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly isolationLevel: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string; readonly maxBytes: number }[];
    }[];
  }): Promise<{
    readonly responses: readonly { readonly topicName: string; readonly partitions: readonly FetchedPartition[] }[];
  }>;
}

/** The broker that coordinates a consumer group. */
export interface GroupCoordinator {
  leaveGroup(member: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

/** A connection to a cluster, with its metadata. */
export interface ClusterConnection {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number }[];
  /** Partitions by the id of the broker that leads them. */
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, readonly number[]>>;
  findBroker(broker: { readonly nodeId: string }): Promise<BrokerConnection>;
  findControllerBroker(): Promise<BrokerConnection>;
  findGroupCoordinator(group: { readonly groupId: string }): Promise<GroupCoordinator>;
  fetchTopicsOffset(
    topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number }[];
      readonly fromBeginning: boolean;
    }[],
  ): Promise<readonly { readonly partitions: readonly { readonly partition: number; readonly offset: string }[] }[]>;
}

/** The records of one fetch, without those below the offset that was asked for. */
export interface FetchedBatch {
  readonly messages: readonly KafkaMessage[];
  readonly rawMessages: readonly unknown[];
  lastOffset(): string;
}

const require = createRequire(import.meta.url);
const Cluster = require('kafkajs/src/cluster') as new (options: object) => ClusterConnection;
const Batch = require('kafkajs/src/consumer/batch') as new (
  topic: string,
  offset: string,
  data: FetchedPartition,
) => FetchedBatch;
const { createLogger } = require('kafkajs/src/loggers') as { createLogger: (options: object) => unknown };

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
  return new Cluster({
    logger: createLogger({ level: options.logLevel, logCreator: options.logCreator }),
    socketFactory: options.socketFactory,
    sasl: options.sasl,
    brokers: options.brokers,
    clientId: options.clientId,
    connectionTimeout: options.connectionTimeout,
    requestTimeout: options.requestTimeout,
    enforceRequestTimeout: true,
    metadataMaxAge: 60_000,
    allowAutoTopicCreation: false,
    // Read committed, as the consumers do.
    isolationLevel: 1,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
  });
}

/** Decodes the answer of one fetch for one partition. */
export function newBatch(topic: string, offset: bigint, data: FetchedPartition): FetchedBatch {
  return new Batch(topic, String(offset), data);
}
