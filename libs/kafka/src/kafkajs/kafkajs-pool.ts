/**
 * The parts of the broker pool of kafkajs that our functions use or replace; see
 * `own-broker-pool.ts`.
 */
import { createRequire } from 'node:module';
import type { ISocketFactory } from 'kafkajs';
import type { Socket } from 'node:net';
import type { AskedBroker, Exchange } from './kafka-answers.ts';

/** Metadata as brokers send it. */
export interface BrokerMetadata {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number; readonly rack: string }[];
  /** The id of the broker that leads the cluster; -1 if none does. */
  readonly controllerId: number;
  readonly topicMetadata: readonly {
    readonly topicErrorCode: number;
    readonly topic: string;
    /** Another one if the topic was created again; absent in old versions of Kafka. */
    readonly topicId?: string;
    readonly partitionMetadata: readonly {
      readonly partitionId: number;
      readonly leader: number;
    }[];
  }[];
}

/** One connection to a broker. It is used again after it was closed, with a new socket. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  /** `host:port`. */
  readonly broker: string;
  readonly requestTimeout: number;
  readonly connectionTimeout: number;
  readonly socketFactory: ISocketFactory;
  /** Settings of TLS; null without. */
  readonly ssl: Parameters<ISocketFactory>[0]['ssl'];
  readonly authHandlers: { onSuccess(answer: Buffer): void; onError(): void } | null;
  readonly requestQueue: RequestQueue;
  socket?: Socket;
  connectionStatus: 'connected' | 'disconnected';
  authenticatedAt: unknown;
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  isConnected(): boolean;
  processData(data: Buffer): void;
  rejectRequests(error: Error): void;
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  send(exchange: object): Promise<unknown>;
  logDebug(message: string): void;
  logError(message: string): void;
}

/** The requests of one connection that wait or are in flight. */
export interface RequestQueue {
  readonly pending: readonly unknown[];
  inflight: Pick<ReadonlyMap<number, unknown>, 'size'>;
  /** Null if there is no bound. */
  readonly maxInFlightRequests: number | null;
  /** When the broker takes requests again, by `performance.now()`; -1 if it never asked to wait. */
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  fulfillRequest(answer: { readonly size: number; readonly correlationId: number; readonly payload: Buffer }): void;
  maybeThrottle(pauseMs: number | null): void;
  destroy(): void;
}

/** The connections to one broker. */
export interface ConnectionPool {
  readonly host: string;
  readonly port: number;
  rack: string;
  readonly connectionTimeout: number;
  readonly socketFactory: ISocketFactory;
  readonly pool: readonly Connection[];
  getConnection(index: number): Promise<Connection>;
  getConnectionByRequest(exchange: object): Promise<Connection>;
  send<Decoded, Answer>(exchange: Exchange<Decoded, Answer>): Promise<Answer>;
}

/** The versions of each request that a broker has, by the number of the request. */
export type RequestVersions = Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>;

/** One broker, with its connections. */
export interface PoolBroker extends AskedBroker {
  nodeId: string | number | null;
  versions: RequestVersions | null;
  connectionPool: ConnectionPool;
  isConnected(): boolean;
  connect(): Promise<void>;
  metadata(topics: readonly string[]): Promise<BrokerMetadata>;
}

/** The brokers that a client knows, and the metadata. */
export interface BrokerPool {
  brokers: Record<string, PoolBroker>;
  metadata: BrokerMetadata | null;
  metadataExpireAt: number | null;
  readonly metadataMaxAge: number;
  readonly rootLogger: object;
  readonly logger: { error(message: string, facts: object): void };
  readonly retrier: <Answer>(
    step: (bail: (error: unknown) => void, retryCount: number, retryTime: number) => Promise<Answer | void>,
  ) => Promise<Answer>;
  readonly connectionPoolBuilder: { build(address?: object): Promise<ConnectionPool> };
  createBroker(options: object): PoolBroker;
  hasConnectedBrokers(): boolean;
  refreshMetadata(topics: readonly string[]): Promise<void>;
  findBroker(broker: { readonly nodeId: string | number }): Promise<PoolBroker>;
}

/** An error of kafkajs. `type` is set if a broker answered with it. */
export interface ClientError extends Error {
  readonly type?: string;
  readonly retriable?: boolean;
}

type ClientErrorClass = new (message: string, facts: object) => ClientError;

const require = createRequire(import.meta.url);
export const { KafkaJSConnectionError, KafkaJSConnectionClosedError, KafkaJSRequestTimeoutError } =
  require('kafkajs/src/errors') as {
    readonly KafkaJSConnectionError: ClientErrorClass;
    readonly KafkaJSConnectionClosedError: ClientErrorClass;
    readonly KafkaJSRequestTimeoutError: ClientErrorClass;
  };

/** A part of kafkajs whose functions can be replaced for all of its objects. */
export function prototypeOf(
  module: 'cluster' | 'cluster/brokerPool' | 'network/connection' | 'network/connectionPool' | 'network/requestQueue',
): object {
  return (require(`kafkajs/src/${module}`) as { readonly prototype: object }).prototype;
}
