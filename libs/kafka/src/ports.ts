import type { IncomingRecord, OutgoingRecord, PlatformError } from '#contracts';

/**
 * Writes records and resolves when the brokers have acknowledged all of them (acks=all).
 *
 * Bounded: past its limits of waiting bytes or records `publish` waits for room, and past its patience it fails.
 */
export interface Publisher {
  /**
   * @throws PlatformError `BROKER_UNAVAILABLE` when no acknowledgement came in time; the record may or may not be there.
   * @throws PlatformError `PUBLISHER_SATURATED` when no room came free in time; nothing was written.
   * @throws PlatformError `RECORD_TOO_LARGE`, `PUBLISHER_CLOSED`.
   */
  publish(records: OutgoingRecord | readonly OutgoingRecord[]): Promise<void>;
  /** Sends what has gathered, then disconnects. */
  close(): Promise<void>;
}

/**
 * Handles one record. Its offset becomes committable only when this resolves; many run at once, in any order.
 * @param signal aborts when the partition is lost or the consumer closes without waiting any longer.
 * @throws PlatformError not retryable: the record goes to rejects and the partition moves on; retryable: it is handled again, with backoff.
 */
export type RecordHandler = (record: IncomingRecord, signal: AbortSignal) => Promise<void>;

/** What a consumer reads, and how much at once. */
export interface ConsumerOptions {
  readonly groupId: string;
  /** Physical names. */
  readonly topics: readonly string[];
  /** Where a group without a commit starts. Default `earliest`. */
  readonly from?: 'earliest' | 'latest';
  /** Bytes of records handed out and not finished, per partition; at the mark the partition pauses, at half of it it resumes. Default 8 MiB. */
  readonly partitionBytesMax?: number | ((topic: string) => number);
  /** As above, in records. Default 5,000. */
  readonly partitionRecordsMax?: number | ((topic: string) => number);
  /** Fetch answers wait for this many bytes. Default 1. */
  readonly fetchBytesMin?: number;
  /** or this long. Default 100 ms. */
  readonly fetchWaitMs?: number;
  /** Default 10 s. */
  readonly sessionTimeoutMs?: number;
}

/** Reads records of a group in parallel and commits how far all of them are finished (low-water mark, the rest in the metadata). */
export interface RecordConsumer {
  /** Joins the group; resolves when the first assignment is in place. */
  start(handler: RecordHandler): Promise<void>;
  /** Records handed out and not finished. */
  readonly inFlight: number;
  /** Stops reading, waits up to `drainMs` for handlers, commits, leaves the group. */
  close(drainMs: number): Promise<void>;
}

/** Position of the end of one partition. */
export interface PartitionEnd {
  readonly partition: number;
  /** Offset the next record will get. */
  readonly end: bigint;
}

/** A topic to be there. */
export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly isCompacted: boolean;
  /** -1 keeps records for ever. */
  readonly retentionMs: number;
}

/** Looks after topics. */
export interface TopicAdmin {
  /** Makes those that are missing; leaves the others as they are. */
  ensureTopics(specs: readonly TopicSpec[]): Promise<void>;
  ends(topic: string): Promise<readonly PartitionEnd[]>;
  /** Names of all topics of the cluster. */
  list(): Promise<readonly string[]>;
}

/**
 * Reads whole topics without a group: each process sees every record, from the beginning or from now, and nothing is committed.
 * For the registry and cancellations.
 */
export interface TopicFollower {
  /** Resolves once every record that was there at the start has been handed out. Handler is called in order and synchronously. */
  start(onRecord: (record: IncomingRecord) => void): Promise<void>;
  /** Resolves when everything acknowledged before this call has been handed out. @throws PlatformError `REGISTRY_BEHIND` after `timeoutMs`. */
  caughtUp(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** What a gateway tells the process that uses it. */
export interface GatewayHooks {
  /** Unexpected errors of one record after which `onFatal` is called. Default 12. */
  readonly recordTriesMax?: number;
  /**
   * Called when a consumer cannot go on: it lost its group for good, or a record failed `recordTriesMax` times with unexpected errors. The
   * process should end and be started again. Default: the error is logged.
   */
  readonly onFatal?: (error: PlatformError) => void;
}

/** One broker cluster: the real one or its in-memory twin. Everything a service needs of Kafka comes from here. */
export interface KafkaGateway {
  /** The publisher shared by the process. */
  readonly publisher: Publisher;
  readonly admin: TopicAdmin;
  consumer(options: ConsumerOptions): RecordConsumer;
  follower(options: { readonly topic: string; readonly from: 'earliest' | 'latest' }): TopicFollower;
  /** Can the brokers be reached just now? */
  isConnected(): boolean;
  /** Closes the publisher and the admin connection; consumers and followers are closed by who made them. */
  close(): Promise<void>;
}
