import type { Registry as Metrics } from 'prom-client';
import type { EpochMs, IncomingRecord, OutgoingRecord, PlatformError, Topics } from '#contracts';
import type { ComparedClock } from '#platform';

/** How the records of a call stand to others that wait for the brokers. */
export interface PublishOptions {
  /**
   * True for records that nobody waits for: they are sent when no other records wait. Default
   * false.
   */
  readonly givesWay?: boolean;
}

/**
 * Writes records and resolves when the brokers have acknowledged all of them (acks=all).
 *
 * Bounded: while too many bytes or records wait for an acknowledgement, `publish` waits for room.
 * It fails at its timeout.
 *
 * Functions take turns, so records of one function may overtake those of another. The records of
 * one function are sent in the order of the calls, as far as the partitions agree.
 */
export interface Publisher {
  /**
   * @throws PlatformError `BROKER_UNAVAILABLE` if no acknowledgement came in time; the records may
   *   or may not be written.
   * @throws PlatformError `PUBLISHER_SATURATED` if no room came free in time; nothing was written.
   * @throws PlatformError `RECORD_TOO_LARGE`, `PUBLISHER_CLOSED`.
   */
  publish(records: OutgoingRecord | readonly OutgoingRecord[], options?: PublishOptions): Promise<void>;
  /** Sends what is queued, then disconnects. */
  close(): Promise<void>;
}

/**
 * Handles one record. Its offset becomes committable only when this resolves; many records are
 * handled at once, in any order.
 *
 * A PlatformError that is not retryable sends the record to the rejects, and the partition moves
 * on. After any other error the record is handled again, with backoff: retryable errors without
 * end, unexpected ones up to {@link GatewayHooks.recordTriesMax}.
 * @param signal aborts when the partition is lost, or when the consumer closes without waiting any
 *   longer.
 */
export type RecordHandler = (record: IncomingRecord, signal: AbortSignal, delivery: RecordDelivery) => Promise<void>;

/**
 * The end of a process that had not let a partition go. All records that it may have begun share
 * one object.
 */
export interface Interruption {
  readonly topic: string;
  readonly partition: number;
}

/** How a record came to its handler. */
export interface RecordDelivery {
  /**
   * Set if an owner that is gone may have begun the record. Only for consumers that ask for it; see
   * {@link ConsumerOptions.tellsInterruptions}.
   */
  readonly interruption?: Interruption | undefined;
  /** Commits everything that is finished. Resolves when the broker has the commit. */
  commit(): Promise<void>;
  /**
   * Resolves when the handler may act on the world for this record: it calls this right before it
   * does. It waits while a heartbeat is overdue, while the group deals its partitions anew, and
   * while the write of another record of the partition fails.
   * @throws PlatformError `PARTITION_LOST`: another process handles the record.
   */
  readyToAct(): Promise<void>;
  /**
   * Writes what follows from the record, after the handler has acted. After an error the write is
   * repeated, with backoff, and the handler is not called again: retryable errors without end,
   * unexpected ones up to {@link GatewayHooks.recordTriesMax}. A stop does not end the tries; the
   * end of the drain time does. A refusal by the limit of a topic counts as retryable, because an
   * operator may raise the limit.
   * @param write is called once for each try.
   * @throws PlatformError `PARTITION_LOST`: nothing is written, another process handles the record.
   * @throws the error of the write, if it is not retryable.
   */
  writeUntilDone(write: () => Promise<void>, options?: WriteOptions): Promise<void>;
}

/** How {@link RecordDelivery.writeUntilDone} writes. */
export interface WriteOptions {
  /** The limit of a topic ends the tries: the handler has promised nothing, and may reject. */
  readonly mayBeRefused?: boolean;
}

/** The session timeout of consumers that name none, in milliseconds. */
export const sessionTimeoutMsDefault = 10_000;

/** A group at its last rebalance. All members get the same facts. */
export interface GroupFacts {
  /** Partitions of each topic. */
  readonly counts: ReadonlyMap<string, number>;
  /** Members that share the partitions, from 1. */
  readonly members: number;
}

/** The members of a group, and what its leader told them. */
export interface GroupMembers extends Pick<GroupFacts, 'counts'> {
  readonly members: readonly {
    /** The base URL of its process; absent if it told none. */
    readonly url?: string;
    readonly assigned: readonly HeldPartition[];
  }[];
}

/** A partition that a consumer holds. */
export interface HeldPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Topics and group of a consumer, and how much it reads at once. */
export interface ConsumerOptions {
  readonly groupId: string;
  /** Physical names. */
  readonly topics: readonly string[];
  /** Position at which a group without a commit starts. Default `earliest`. */
  readonly from?: 'earliest' | 'latest';
  /**
   * Bytes in flight of one partition at which no more of its records begin; they go on at half of
   * them. Default 8 MiB.
   */
  readonly partitionBytesMax?: number | ((topic: string) => number);
  /**
   * Records in flight of one partition at which no more of them begin; they go on at half of them.
   * Default 5,000.
   */
  readonly partitionRecordsMax?: number | ((topic: string) => number);
  /**
   * While many records come, the broker answers a fetch when it has this many bytes, or after
   * {@link fetchWaitMs}. Otherwise it answers with the first record. Default 1.
   */
  readonly fetchBytesMin?: number;
  /** Longest wait of the broker for {@link fetchBytesMin}. Default 100 ms. */
  readonly fetchWaitMs?: number;
  /**
   * Records of all partitions that begin in one turn of the event loop. Others wait, and no more
   * are fetched meanwhile. Default: no bound.
   */
  readonly recordsPerTurn?: number;
  /**
   * Bytes after which the broker adds no other batch to an answer. The process does nothing else
   * while it reads one. Default 10 MiB.
   */
  readonly fetchBytesMax?: number;
  /**
   * Tells of each record if an owner that is gone may have begun it. This costs one commit for each
   * assignment. Default false.
   */
  readonly tellsInterruptions?: boolean;
  /**
   * Longest wait for the records that act, before a partition is handed to another member, in
   * milliseconds. Default 1,000.
   */
  readonly handOverMs?: number;
  /**
   * True if a close leaves the records that do not act yet to the next owner: their handlers call
   * `readyToAct`, or only write. Otherwise a close waits for all handlers. Default false.
   */
  readonly leavesWaiting?: boolean;
  /**
   * Called with the partitions that this process may work for, whenever they change. A partition
   * that the group wants back is not among them any more. It moves when the promise resolves.
   */
  readonly onHeld?: (held: readonly HeldPartition[], group: GroupFacts) => Promise<void>;
  /** The base URL under which other services reach this process. It is asked for at each join. */
  readonly url?: () => string | undefined;
  /** The group removes a member that sent no heartbeat for this long. Default 10 s. */
  readonly sessionTimeoutMs?: number;
  /**
   * How far a store is that holds what the handlers made of the records. A store that was restored
   * is behind the commits: its partitions are read from where it is. Those it does not name are
   * read from the commits.
   */
  readonly storedTo?: () => Promise<readonly Pick<PartitionProgress, 'topic' | 'partition' | 'finishedTo'>[]>;
}

/**
 * Reads records of a group in parallel. It commits the low-water mark of each partition, and in the
 * metadata of the commit which records above it are finished too.
 */
export interface RecordConsumer {
  /** Joins the group; resolves when the first assignment is in place. */
  start(handler: RecordHandler): Promise<void>;
  /** Records handed out and not finished. */
  readonly inFlight: number;
  /** How far it is with each of its partitions. */
  progress(): readonly PartitionProgress[];
  /**
   * Somebody waits for what was just written: for a second the brokers answer with the first
   * record, whatever {@link ConsumerOptions.fetchBytesMin} says.
   */
  readAtOnce(): void;
  /** Looks for partitions that were added, without waiting until the metadata is old. */
  lookForPartitions(): void;
  /** Stops reading, waits up to `drainMs` for handlers, commits, leaves the group. */
  close(drainMs: number): Promise<void>;
}

/** The offsets between which a partition holds records. */
export interface PartitionEnd {
  readonly partition: number;
  /** Offset of the oldest record that the broker still keeps; equal to `end` if it keeps none. */
  readonly start: bigint;
  /** Offset the next record will get. */
  readonly end: bigint;
}

/** The oldest record that a partition still holds. */
export interface OldestRecord {
  readonly partition: number;
  /** The timestamp of the record. */
  readonly at: EpochMs;
}

/** An offset of a partition. */
export interface PartitionOffset {
  readonly partition: number;
  readonly offset: bigint;
}

/** A topic that should exist. */
export interface TopicSpec {
  readonly topic: string;
  /** Partitions of a new topic. */
  readonly partitions: number;
  /** More partitions make the topic unusable. Default: any number will do. */
  readonly partitionsMax?: number;
  readonly isCompacted: boolean;
  /** How long records are kept, in milliseconds; -1 keeps them for ever. */
  readonly retentionMs: number;
  /**
   * Whose clock dates the records, and so decides when they are deleted. Default `producer`, as in
   * Kafka.
   */
  readonly timestamps?: 'broker' | 'producer';
}

/**
 * Looks after topics. All methods throw PlatformError `BROKER_UNAVAILABLE` if the brokers do not
 * answer in time.
 */
export interface TopicAdmin {
  /**
   * Creates the topics that are missing; leaves the others as they are.
   * @throws PlatformError `BROKER_ACCESS_DENIED` if the account may not see or create one of them;
   *   `TOPIC_UNSUITABLE` if the brokers refuse to create one.
   */
  ensureTopics(specs: readonly TopicSpec[]): Promise<void>;
  /**
   * Compares existing topics with what they should be. It corrects settings that would lose
   * records, and logs a warning for what only an operator can judge.
   * @throws PlatformError `TOPIC_UNSUITABLE` if a topic cannot be corrected. It names the topic,
   *   the value found, the value needed and the command.
   */
  checkTopics(specs: readonly TopicSpec[]): Promise<void>;
  /** Tells of every partition that was added before the call. */
  ends(topic: string): Promise<readonly PartitionEnd[]>;
  /**
   * Tells when the oldest record of each partition was written. Partitions without records are
   * missing.
   */
  oldest(topic: string): Promise<readonly OldestRecord[]>;
  /**
   * Tells from which offset on the records of each partition are not older than an instant. That is
   * the end of a partition whose records are all older.
   */
  offsetsAt(topic: string, at: number): Promise<readonly PartitionOffset[]>;
  /**
   * The members of a consumer group.
   * @returns undefined while the group deals its partitions anew.
   * @throws PlatformError `BROKER_ACCESS_DENIED` if the account may not see the group.
   */
  members(groupId: string): Promise<GroupMembers | undefined>;
  /**
   * The offsets that a group has committed: it has finished every record below.
   * @returns nothing for a partition without a commit.
   * @throws PlatformError `BROKER_UNAVAILABLE`; `BROKER_ACCESS_DENIED` if the account may not see
   *   the group.
   */
  committed(groupId: string, topics: readonly string[]): Promise<readonly CommittedTo[]>;
  /** Names of all topics of the cluster. */
  list(): Promise<readonly string[]>;
  /** Hosts of all brokers of the cluster, as the brokers announce them. */
  hosts(): Promise<readonly string[]>;
  /**
   * Deletes a consumer group with its commits: its next members read their topics from the start.
   * Waits until members of killed processes are gone. Does nothing if there is no such group.
   * @throws PlatformError `BROKER_UNAVAILABLE` if the group still has members after 30 s.
   */
  forgetGroup(groupId: string): Promise<void>;
}

/**
 * Reads whole topics without a group: each process sees every record, from the beginning or from
 * now, and nothing is committed. For the registry and cancellations.
 */
export interface TopicFollower {
  /**
   * Resolves once every record that was there at the start has been handed out.
   * @param onRecord is called in the order of offsets; the follower does not wait for anything
   *   asynchronous in it. If it throws `RECORD_TOO_NEW`, the partition is read no further.
   * @throws PlatformError `RECORD_TOO_NEW` if a newer release must read one of these records.
   */
  start(onRecord: (record: IncomingRecord) => void): Promise<void>;
  /**
   * Resolves when everything acknowledged before this call has been handed out.
   * @throws PlatformError `REGISTRY_BEHIND` after `timeoutMs`.
   */
  caughtUp(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** The topic of a follower. */
export interface FollowerOptions {
  /** Physical name. */
  readonly topic: string;
  readonly from: 'earliest' | 'latest';
  /**
   * True if `onRecord` checks the version of each record itself, because it trusts no header before
   * it has verified a signature. Default false.
   */
  readonly checksFormatItself?: boolean;
  /**
   * Called if the topic lost records: it was created again, or records were deleted before they
   * were read. Those that it has follow, from its start.
   */
  readonly onLoss?: () => void;
}

/** A record of a newer release that waits in its partition. */
export interface KeptRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** Reports of a gateway to the process that uses it. */
export interface GatewayHooks {
  /** Unexpected errors of one record after which `onFatal` is called. Default 12. */
  readonly recordTriesMax?: number;
  /**
   * Called when a consumer cannot go on: it lost its group for good, or a record failed
   * `recordTriesMax` times with unexpected errors. The process should end and be started again.
   * Default: the error is logged.
   */
  readonly onFatal?: (error: PlatformError) => void;
  /**
   * The registry of metrics in which the gateway registers its own, one gateway for each registry.
   * Default: no metrics.
   */
  readonly metrics?: Metrics;
}

/**
 * One broker cluster: the real one, or the in-memory one. Everything a service needs of Kafka comes
 * from here.
 */
export interface KafkaGateway {
  /** The names of this installation's topics and consumer groups. */
  readonly topics: Topics;
  /** The publisher shared by the process. */
  readonly publisher: Publisher;
  readonly admin: TopicAdmin;
  consumer(options: ConsumerOptions): RecordConsumer;
  follower(options: FollowerOptions): TopicFollower;
  /** The records of newer releases at which consumers and followers of this process wait. */
  keptRecords(): readonly KeptRecord[];
  /**
   * True once a follower waits at a record of a newer release. The process must take no work then,
   * because its knowledge is out of date until a newer release replaces it.
   */
  readonly isOutdated: boolean;
  /** Calls a listener when {@link isOutdated} becomes true. */
  onOutdated(listener: () => void): void;
  /**
   * Compares a clock with that of the brokers, now and then every few seconds until {@link close}.
   * Resolves after the first comparison, or after 10 s. Never rejects.
   */
  compareClock(clock: ComparedClock): Promise<void>;
  /**
   * Counts the records that no handler has got yet, for each partition of the topic that a consumer
   * of this gateway has now.
   * @throws PlatformError `BROKER_UNAVAILABLE` if the brokers do not answer within 2 s.
   */
  unread(topic: string): Promise<readonly UnreadRecords[]>;
  /**
   * Reads records of a partition from an offset on, without a group.
   * @returns at most `recordsMax`, in the order of their offsets, and fewer if they are large. None
   *   if the brokers do not have the offset any more, or not yet. The first may be at a higher one.
   * @throws PlatformError `BROKER_UNAVAILABLE`; `BROKER_ACCESS_DENIED` if the account may not read
   *   the topic.
   */
  recordsFrom(partition: HeldPartition, offset: bigint, recordsMax: number): Promise<readonly IncomingRecord[]>;
  /** True while the brokers answer and no reader stands still. */
  isConnected(): boolean;
  /**
   * Closes the publisher and the admin connection. Consumers and followers are closed by their
   * owners.
   */
  close(): Promise<void>;
}

/** The unfinished work of a publisher. */
export interface PublisherLoad {
  /** Records that are queued or on the way to the brokers. */
  readonly records: number;
  /** Bytes of these records. */
  readonly bytes: number;
  /** Requests on the way to the brokers. */
  readonly requests: number;
}

/** How far a consumer is with one partition. */
export interface PartitionProgress {
  readonly topic: string;
  readonly partition: number;
  /** The low-water mark: every record below it is finished. */
  readonly finishedTo: bigint;
  /** Every record below it was handed out. */
  readonly handedOutTo: bigint;
  /** The timestamp of the oldest record that was handed out and is not finished. */
  readonly oldestAt: number | undefined;
  /** True while the partition is not fetched. */
  readonly isPaused: boolean;
  /** The offset of a record that only a newer release can read. It stops the partition here. */
  readonly keptAt?: bigint;
}

/** How far a group has committed one partition. */
export type CommittedTo = Pick<PartitionProgress, 'topic' | 'partition' | 'finishedTo'>;

/** Records of one partition that no handler has got yet. */
export interface UnreadRecords {
  readonly partition: number;
  readonly records: number;
}

/** Counts what seldom happens to records. The names of topics are physical. */
export interface RecordObserver {
  /** A record was written to the rejects. */
  rejected(topic: string): void;
  /** The handler of a record is called again. */
  handledAgain(topic: string): void;
  /** The outcome of a record is written again, because the write before it failed. */
  writtenAgain(topic: string): void;
}
