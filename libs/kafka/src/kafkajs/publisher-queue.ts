/**
 * The queue of a publisher: a call waits for room, then its records are queued, then they travel to
 * the brokers in a batch.
 *
 * 1. Records and bytes are counted from the queue to the end of their batch, and never exceed their
 *    bounds (I7). One exception: a single call that is larger than the bounds is admitted when
 *    nothing else is counted.
 * 2. Calls are admitted in the order in which they came: a small call does not overtake a large one
 *    that waits for room.
 */
import type { Message } from 'kafkajs';
import type { OutgoingRecord } from '#contracts';
import { recordBytes } from '../record-bytes.ts';

/** Bounds of the queue and of the batches taken from it. */
export interface QueueLimits {
  /**
   * Bytes of one topic in a batch, so that no partition's share exceeds the broker's
   * `message.max.bytes`.
   */
  readonly batchBytesMax: number;
  /** Bytes of one request, all topics together. */
  readonly requestBytesMax: number;
  /** Records of one request: kafkajs takes time that grows with the square of their number. */
  readonly requestRecordsMax: number;
  /** Bytes that are queued or on the way. */
  readonly queueBytesMax: number;
  /** Records that are queued or on the way. */
  readonly queueRecordsMax: number;
}

/**
 * A message of kafkajs. Messages without a key carry the number of their batch, which chooses their
 * partition.
 */
export interface BatchedMessage extends Message {
  readonly batchNumber?: number;
}

/**
 * One call of `publish`. It is settled once: by the last acknowledgement, by the first failure, or
 * at its deadline.
 */
export interface PublishCall {
  /** Records that are not acknowledged. */
  unacknowledged: number;
  isSettled: boolean;
  readonly deadlineAt: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** One record of a call, as the queue holds it. */
export interface QueuedRecord {
  readonly topic: string;
  readonly message: BatchedMessage;
  /** True if neither a key nor the sender chooses the partition. */
  readonly isKeyless: boolean;
  readonly bytes: number;
  readonly call: PublishCall;
}

/** All records of one call. */
export interface CallRecords {
  readonly call: PublishCall;
  readonly records: readonly QueuedRecord[];
  /** Of all records. */
  readonly bytes: number;
}

/** Finished entries at the head of the queue are cut off when they are more than this. */
const cutAfter = 4_096;

/** The queue of a publisher. */
export class PublisherQueue {
  private queue: QueuedRecord[] = [];
  private queueIndex = 0;
  private waitingForRoom: CallRecords[] = [];
  private countedBytes = 0;
  private countedRecords = 0;

  constructor(private readonly limits: QueueLimits) {}

  /** Bytes that are queued or on the way. */
  get bytes(): number {
    return this.countedBytes;
  }

  /** Records that are queued or on the way. */
  get records(): number {
    return this.countedRecords;
  }

  /** Records that the next batches will take. */
  get queuedRecords(): number {
    return this.queue.length - this.queueIndex;
  }

  /**
   * Queues the records of a call, or lets the call wait for room. Does nothing for a call that is
   * settled already.
   */
  add(records: CallRecords): void {
    if (records.call.isSettled) return;
    if (this.waitingForRoom.length > 0 || !this.hasRoomFor(records)) this.waitingForRoom.push(records);
    else this.enqueue(records);
  }

  /** True while a call waits because the queue is full. */
  isWaitingForRoom(call: PublishCall): boolean {
    return this.waitingForRoom.some((waiting) => waiting.call === call);
  }

  /**
   * Takes the next batch out of the queue. Its records stay counted until {@link release}. Records
   * of settled calls are dropped.
   */
  nextBatch(): QueuedRecord[] {
    const { batchBytesMax, requestBytesMax, requestRecordsMax } = this.limits;
    const batch: QueuedRecord[] = [];
    const topicBytes = new Map<string, number>();
    let bytes = 0;
    for (; this.queueIndex < this.queue.length && batch.length < requestRecordsMax; this.queueIndex += 1) {
      const record = this.queue[this.queueIndex];
      if (record === undefined) break;
      if (record.call.isSettled) {
        this.release([record]);
        continue;
      }
      const bytesOfTopic = (topicBytes.get(record.topic) ?? 0) + record.bytes;
      if (batch.length > 0 && (bytesOfTopic > batchBytesMax || bytes + record.bytes > requestBytesMax)) break;
      topicBytes.set(record.topic, bytesOfTopic);
      bytes += record.bytes;
      batch.push(record);
    }
    this.cut();
    return batch;
  }

  /** Stops counting these records, and queues the calls that now have room. */
  release(records: readonly QueuedRecord[]): void {
    for (const { bytes } of records) this.countedBytes -= bytes;
    this.countedRecords -= records.length;
    let admitted = 0;
    for (const waiting of this.waitingForRoom) {
      if (!waiting.call.isSettled && !this.hasRoomFor(waiting)) break;
      admitted += 1;
      if (!waiting.call.isSettled) this.enqueue(waiting);
    }
    if (admitted > 0) this.waitingForRoom = this.waitingForRoom.slice(admitted);
  }

  private hasRoomFor({ bytes, records }: CallRecords): boolean {
    if (this.countedRecords === 0) return true;
    const { queueBytesMax, queueRecordsMax } = this.limits;
    return this.countedBytes + bytes <= queueBytesMax && this.countedRecords + records.length <= queueRecordsMax;
  }

  private enqueue({ records, bytes }: CallRecords): void {
    this.countedBytes += bytes;
    this.countedRecords += records.length;
    for (const record of records) this.queue.push(record);
  }

  /** Frees the memory of the records that were taken. */
  private cut(): void {
    if (this.queueIndex >= this.queue.length) {
      this.queue = [];
      this.queueIndex = 0;
    } else if (this.queueIndex > cutAfter) {
      this.queue = this.queue.slice(this.queueIndex);
      this.queueIndex = 0;
    }
  }
}

/** A record as the queue holds it. */
export function queuedRecord(record: OutgoingRecord, call: PublishCall): QueuedRecord {
  const { topic, key, value, headers, partition } = record;
  return {
    topic,
    message: {
      value,
      headers,
      ...(key === undefined ? {} : { key }),
      ...(partition === undefined ? {} : { partition }),
    },
    isKeyless: key === undefined && partition === undefined,
    bytes: recordBytes(record),
    call,
  };
}
