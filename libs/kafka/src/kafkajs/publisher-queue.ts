/**
 * Each record of a publisher has room in `publisher-room.ts`. From there it enters the queue of the
 * broker that leads its partition, and waits for a request.
 *
 * 1. Functions take turns in a batch, so a flood of one function delays the record of another by
 *    one record at most. Records that name no function take turns by topic.
 * 2. Records of one function keep their order.
 * 3. Records that give way are taken when no others wait. They fill a bounded part of a batch. So
 *    other records wait for one short request at most.
 */
import type { Message } from 'kafkajs';
import { bareUrnOf, header, type OutgoingRecord, PlatformError, type Spread } from '#contracts';
import { recordBytes } from '../record-bytes.ts';
import { Turns } from './turns.ts';

/** Bounds of one request. */
export interface BatchLimits {
  /**
   * Bytes of one topic in a request, so that no partition's share exceeds the broker's
   * `message.max.bytes`.
   */
  readonly batchBytesMax: number;
  /** Bytes of one request, all topics together. */
  readonly requestBytesMax: number;
  /** Records of one request. */
  readonly requestRecordsMax: number;
  /** Records of one request that give way to others. */
  readonly givingWayRecordsMax: number;
}

/**
 * One call of `publish`. It is settled once: by the last acknowledgement, by the first failure, or
 * at its deadline.
 */
export interface PublishCall {
  /** Its number among all calls, once it has begun. */
  number?: number;
  /** Records that are not acknowledged. */
  unacknowledged: number;
  isSettled: boolean;
  /** True if its records are taken only when no others wait. */
  readonly givesWay: boolean;
  readonly deadlineAt: number;
  /** Why its records are not written yet. */
  lastFault?: unknown;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** One record of a call, as the queue holds it. */
export interface QueuedRecord {
  readonly topic: string;
  readonly message: Message;
  readonly spread: Spread | undefined;
  /** True if neither a key nor the sender chooses the partition. */
  readonly isKeyless: boolean;
  /** The chosen partition; undefined before the first choice. */
  partition: number | undefined;
  /** The broker that leads it; -1 while none is known. */
  leader: number;
  readonly bytes: number;
  /** Records with the same source share a turn: the function that a record names, or its topic. */
  readonly source: string;
  readonly call: PublishCall;
}

/** All records of one call. */
export interface CallRecords {
  readonly call: PublishCall;
  readonly records: readonly QueuedRecord[];
  /** Of all records. */
  readonly bytes: number;
}

/** The bytes that a batch has left. */
class BatchRoom {
  private readonly topicBytes = new Map<string, number>();
  private bytes = 0;

  constructor(private readonly limits: BatchLimits) {}

  /** Counts a record, unless the batch has records already and this one is too large for it. */
  takes({ topic, bytes }: QueuedRecord): boolean {
    const bytesOfTopic = (this.topicBytes.get(topic) ?? 0) + bytes;
    const isWithin = bytesOfTopic <= this.limits.batchBytesMax && this.bytes + bytes <= this.limits.requestBytesMax;
    if (this.bytes > 0 && !isWithin) return false;
    this.topicBytes.set(topic, bytesOfTopic);
    this.bytes += bytes;
    return true;
  }
}

/** Records that wait for a request to one broker. */
export class BatchQueue {
  private readonly usual = new Turns<QueuedRecord>();
  private readonly givingWay = new Turns<QueuedRecord>();

  /** @param dropped is called with records that leave the queue because their call is settled. */
  constructor(
    private readonly limits: BatchLimits,
    private readonly dropped: (record: QueuedRecord) => void,
  ) {}

  get size(): number {
    return this.usual.size + this.givingWay.size;
  }

  /** Queued records that do not give way. */
  get pressingRecords(): number {
    return this.usual.size;
  }

  push(record: QueuedRecord): void {
    (record.call.givesWay ? this.givingWay : this.usual).push(record.source, record);
  }

  /** Takes the records of the next request. Records of settled calls are dropped. */
  nextBatch(): QueuedRecord[] {
    const batch: QueuedRecord[] = [];
    const room = new BatchRoom(this.limits);
    const { requestRecordsMax, givingWayRecordsMax } = this.limits;
    this.fill(batch, this.usual, requestRecordsMax, room);
    this.fill(batch, this.givingWay, Math.min(requestRecordsMax, batch.length + givingWayRecordsMax), room);
    return batch;
  }

  /** Takes all records out of the queue, function by function. */
  takeAll(): QueuedRecord[] {
    return [...this.usual.takeHeads(() => true), ...this.givingWay.takeHeads(() => true)];
  }

  /** Drops the oldest records of each function as long as their calls are settled. */
  dropSettled(): void {
    for (const turns of [this.usual, this.givingWay])
      for (const record of turns.takeHeads(({ call }) => call.isSettled)) this.dropped(record);
  }

  /** Adds queued records until the batch has `recordsMax`, or the next one does not fit. */
  private fill(batch: QueuedRecord[], queued: Turns<QueuedRecord>, recordsMax: number, room: BatchRoom): void {
    for (let record = queued.next; record !== undefined && batch.length < recordsMax; record = queued.next) {
      if (record.call.isSettled) this.dropped(record);
      else if (room.takes(record)) batch.push(record);
      else return;
      queued.shift();
    }
  }
}

/**
 * The records of a call as the queue holds them.
 * @throws PlatformError `RECORD_TOO_LARGE` if one has more than `recordBytesMax`.
 */
export function callRecords(records: readonly OutgoingRecord[], call: PublishCall, recordBytesMax: number): CallRecords {
  const queued: QueuedRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const one = queuedRecord(record, call);
    if (one.bytes > recordBytesMax) {
      const details = { topic: record.topic, bytes: one.bytes, bytesMax: recordBytesMax };
      throw new PlatformError('RECORD_TOO_LARGE', { details });
    }
    queued.push(one);
    bytes += one.bytes;
  }
  return { call, records: queued, bytes };
}

/** A record as the queue holds it. */
export function queuedRecord(record: OutgoingRecord, call: PublishCall): QueuedRecord {
  const { topic, key, value, partition, binaryHeaders, spread } = record;
  const headers = binaryHeaders === undefined ? record.headers : { ...record.headers, ...binaryHeaders };
  return {
    topic,
    message: key === undefined ? { value, headers } : { key, value, headers },
    spread,
    isKeyless: key === undefined && partition === undefined,
    partition,
    leader: -1,
    bytes: recordBytes(record),
    source: sourceOf(record),
    call,
  };
}

function sourceOf({ topic, headers }: OutgoingRecord): string {
  const functionUrn = headers[header.functionUrn];
  return functionUrn === undefined ? topic : bareUrnOf(functionUrn);
}
