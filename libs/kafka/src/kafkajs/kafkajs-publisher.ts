/**
 * Group commit: what has gathered is sent the moment no request is in flight, or beside others where it is many records. There is no timer:
 * an idle publisher sends at once, a busy one sends fuller batches.
 *
 * Owners and states: a call waits for room (`waiting`), then its records are queued (`queue`), then they travel in a batch; the call is
 * settled once, by the acknowledgement of all its records, by the first failure, or by the end of its patience, whichever is first.
 *
 * 1. A call resolves only when the brokers acknowledged all of its records with acks=all (I1).
 * 2. Records and bytes are counted from the queue to the end of their batch, and never exceed their bounds (I7), but for a single call
 *    that is larger by itself and has the queue to itself.
 * 3. A batch that is refused for what it holds is halved until the culprit stands alone: it fails by itself.
 */
import type { Message, Producer } from 'kafkajs';
import { type OutgoingRecord, PlatformError } from '#contracts';
import { rootCause, unavailable } from './broker-errors.ts';
import type { Publisher } from '../ports.ts';
import { recordBytes } from '../record-bytes.ts';

/** Bounds of a publisher. */
export interface PublisherLimits {
  /** How long a call may take from `publish` to the acknowledgement, in milliseconds. */
  readonly timeoutMs: number;
  /** Requests in flight. */
  readonly requestsMax: number;
  /** Records that are worth a request beside others that are in flight: fewer wait for company, which costs everybody less. */
  readonly extraRequestRecordsMin: number;
  /** Bytes of one topic in a batch, so that no partition's share passes the broker's `message.max.bytes`. */
  readonly batchBytesMax: number;
  /** Bytes of one request, all topics together. */
  readonly requestBytesMax: number;
  /** Records of one request: kafkajs groups them in time that grows with their square. */
  readonly requestRecordsMax: number;
  /** Bytes and records that wait or travel. */
  readonly queueBytesMax: number;
  readonly queueRecordsMax: number;
  /** Largest single record. */
  readonly recordBytesMax: number;
}

/** A message of kafkajs. Messages without a key carry the number of their batch, which chooses their partition. */
export interface BatchedMessage extends Message {
  readonly batchNumber?: number;
}

/** What a publisher needs of its gateway. */
export interface PublisherPorts {
  /** A producer that is connected and has seen none of the topics that are gone. */
  newProducer(): Promise<Producer>;
  listTopics(): Promise<readonly string[]>;
  /** Tells whether the last request was answered. */
  reached(isReached: boolean): void;
}

interface Call {
  left: number;
  isSettled: boolean;
  readonly deadlineAt: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Entry {
  readonly topic: string;
  readonly message: BatchedMessage;
  readonly isKeyless: boolean;
  readonly bytes: number;
  readonly call: Call;
}

interface Waiting {
  readonly entries: readonly Entry[];
  readonly bytes: number;
  readonly call: Call;
}

/** The publisher of a process, over one kafkajs producer. */
export class KafkajsPublisher implements Publisher {
  private producer: Producer;
  private producerRenewal: Promise<void> | undefined;
  private topicLookup: Promise<readonly string[]> | undefined;
  private readonly knownTopics = new Set<string>();
  private readonly calls = new Set<Call>();
  private queue: Entry[] = [];
  private queueIndex = 0;
  private waiting: Waiting[] = [];
  private bytes = 0;
  private records = 0;
  private requests = 0;
  private batchNumber = 0;
  private isScheduled = false;
  private isClosed = false;
  private deadlineTimer: NodeJS.Timeout | undefined;
  private whenIdle: (() => void) | undefined;

  constructor(
    producer: Producer,
    private readonly limits: PublisherLimits,
    private readonly ports: PublisherPorts,
  ) {
    this.producer = producer;
  }

  publish(records: OutgoingRecord | readonly OutgoingRecord[]): Promise<void> {
    if (this.isClosed) return Promise.reject(new PlatformError('PUBLISHER_CLOSED'));
    const all = Array.isArray(records) ? (records as readonly OutgoingRecord[]) : [records as OutgoingRecord];
    if (all.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const deadlineAt = performance.now() + this.limits.timeoutMs;
      const call: Call = { left: all.length, isSettled: false, deadlineAt, resolve, reject };
      const entries: Entry[] = [];
      let bytes = 0;
      for (const record of all) {
        const entry = entryOf(record, call);
        if (entry.bytes > this.limits.recordBytesMax) {
          const details = { topic: record.topic, bytes: entry.bytes, bytesMax: this.limits.recordBytesMax };
          return reject(new PlatformError('RECORD_TOO_LARGE', { details }));
        }
        entries.push(entry);
        bytes += entry.bytes;
      }
      this.calls.add(call);
      this.watchDeadlines();
      if (all.every(({ topic }) => this.knownTopics.has(topic))) this.admit({ entries, bytes, call });
      else void this.checkTopicsExist({ entries, bytes, call });
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (this.calls.size > 0)
      await new Promise<void>((resolve) => {
        this.whenIdle = resolve;
      });
    clearTimeout(this.deadlineTimer);
    await this.producer.disconnect();
  }

  /** Asks for topics never written to before they join a batch: one that is not there would fail the whole batch, again and again. */
  private async checkTopicsExist(waiting: Waiting): Promise<void> {
    try {
      this.topicLookup ??= this.ports.listTopics().finally(() => {
        this.topicLookup = undefined;
      });
      for (const topic of await this.topicLookup) this.knownTopics.add(topic);
      const absent = waiting.entries.find(({ topic }) => !this.knownTopics.has(topic));
      if (absent !== undefined) throw absence(absent.topic);
      this.admit(waiting);
    } catch (error) {
      this.settle(waiting.call, unavailable(error));
    }
  }

  private admit(waiting: Waiting): void {
    if (waiting.call.isSettled) return;
    if (this.waiting.length > 0 || !this.hasRoom(waiting)) this.waiting.push(waiting);
    else this.enqueue(waiting);
  }

  private hasRoom({ bytes, entries }: Waiting): boolean {
    if (this.records === 0) return true;
    return this.bytes + bytes <= this.limits.queueBytesMax && this.records + entries.length <= this.limits.queueRecordsMax;
  }

  private enqueue({ entries, bytes }: Waiting): void {
    this.bytes += bytes;
    this.records += entries.length;
    for (const entry of entries) this.queue.push(entry);
    this.schedule();
  }

  /** Sends after the current turn of the event loop, so that calls made side by side share a batch. */
  private schedule(): void {
    if (this.isScheduled || !this.maySend()) return;
    this.isScheduled = true;
    queueMicrotask(() => {
      this.isScheduled = false;
      while (this.maySend()) {
        const batch = this.nextBatch();
        if (batch.length === 0) return;
        void this.sendBatch(batch);
      }
    });
  }

  private maySend(): boolean {
    const { requestsMax, extraRequestRecordsMin } = this.limits;
    return this.requests === 0 || (this.requests < requestsMax && this.queue.length - this.queueIndex >= extraRequestRecordsMin);
  }

  private nextBatch(): Entry[] {
    const { batchBytesMax, requestBytesMax, requestRecordsMax } = this.limits;
    const batch: Entry[] = [];
    const topicBytes = new Map<string, number>();
    let bytes = 0;
    for (; this.queueIndex < this.queue.length && batch.length < requestRecordsMax; this.queueIndex += 1) {
      const entry = this.queue[this.queueIndex];
      if (entry === undefined) break;
      if (entry.call.isSettled) {
        this.releaseRoom([entry]);
        continue;
      }
      const ofTopic = (topicBytes.get(entry.topic) ?? 0) + entry.bytes;
      if (batch.length > 0 && (ofTopic > batchBytesMax || bytes + entry.bytes > requestBytesMax)) break;
      topicBytes.set(entry.topic, ofTopic);
      bytes += entry.bytes;
      batch.push(entry);
    }
    if (this.queueIndex >= this.queue.length) {
      this.queue = [];
      this.queueIndex = 0;
    } else if (this.queueIndex > 4_096) {
      this.queue = this.queue.slice(this.queueIndex);
      this.queueIndex = 0;
    }
    return batch;
  }

  private async sendBatch(batch: readonly Entry[]): Promise<void> {
    this.requests += 1;
    try {
      await this.send(batch);
    } finally {
      this.requests -= 1;
      this.releaseRoom(batch);
      this.schedule();
    }
  }

  /** @param isRenewed is this its second time, by a producer that was made for it? */
  private async send(batch: readonly Entry[], isRenewed = false): Promise<void> {
    try {
      await this.producer.sendBatch({
        acks: -1,
        timeout: this.limits.timeoutMs,
        topicMessages: grouped(batch, this.batchNumber++),
      });
    } catch (error) {
      return this.recover(batch, error, isRenewed);
    }
    this.ports.reached(true);
    for (const { call } of batch) {
      call.left -= 1;
      if (call.left === 0) this.settle(call);
    }
  }

  private async recover(batch: readonly Entry[], error: unknown, isRenewed: boolean): Promise<void> {
    const { type } = rootCause(error);
    if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return this.recoverFromDeletedTopic(batch, error, isRenewed);
    const isOfContent = type !== undefined && contentFaults.has(type);
    if (!isOfContent) this.ports.reached(false);
    if (isOfContent && batch.length > 1) {
      const middle = batch.length >> 1;
      await this.send(batch.slice(0, middle));
      return this.send(batch.slice(middle));
    }
    for (const { call, topic, bytes } of batch) {
      const isTooLarge = type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE';
      this.settle(
        call,
        isTooLarge
          ? new PlatformError('RECORD_TOO_LARGE', { details: { topic, bytes }, cause: error })
          : unavailable(error, { topic }),
      );
    }
  }

  /**
   * Tells records of a topic that was deleted from their batch mates. kafkajs never forgets a topic: only a new producer does. So what is
   * complained of may be a topic of an earlier batch, and this one is sent again.
   */
  private async recoverFromDeletedTopic(batch: readonly Entry[], error: unknown, isRenewed: boolean): Promise<void> {
    try {
      this.producerRenewal ??= this.replaceProducer().finally(() => {
        this.producerRenewal = undefined;
      });
      await this.producerRenewal;
    } catch (failure) {
      for (const { call } of batch) this.settle(call, unavailable(failure));
      return;
    }
    for (const { call, topic } of batch)
      if (!this.knownTopics.has(topic)) this.settle(call, unavailable(absence(topic), { cause: error }));
    const rest = batch.filter(({ topic, call }) => this.knownTopics.has(topic) && !call.isSettled);
    if (rest.length === 0) return;
    if (rest.length === batch.length && isRenewed) for (const { call } of rest) this.settle(call, unavailable(error));
    else await this.send(rest, true);
  }

  private async replaceProducer(): Promise<void> {
    const topics = await this.ports.listTopics();
    this.knownTopics.clear();
    for (const topic of topics) this.knownTopics.add(topic);
    const former = this.producer;
    this.producer = await this.ports.newProducer();
    void former.disconnect().catch(() => undefined);
  }

  private releaseRoom(entries: readonly Entry[]): void {
    for (const { bytes } of entries) this.bytes -= bytes;
    this.records -= entries.length;
    let admitted = 0;
    for (const waiting of this.waiting) {
      if (!waiting.call.isSettled && !this.hasRoom(waiting)) break;
      admitted += 1;
      if (!waiting.call.isSettled) this.enqueue(waiting);
    }
    if (admitted > 0) this.waiting = this.waiting.slice(admitted);
  }

  private settle(call: Call, error?: unknown): void {
    if (call.isSettled) return;
    call.isSettled = true;
    this.calls.delete(call);
    if (error === undefined) call.resolve();
    else call.reject(error);
    if (this.calls.size === 0) this.whenIdle?.();
  }

  /** One timer for all calls: they are kept in the order of their deadlines. */
  private watchDeadlines(): void {
    if (this.deadlineTimer !== undefined) return;
    const [oldest] = this.calls;
    if (oldest === undefined) return;
    this.deadlineTimer = setTimeout(
      () => {
        this.deadlineTimer = undefined;
        const now = performance.now();
        for (const call of this.calls) {
          if (call.deadlineAt > now) break;
          const isWaiting = this.waiting.some((waiting) => waiting.call === call);
          this.ports.reached(false);
          this.settle(
            call,
            new PlatformError(isWaiting ? 'PUBLISHER_SATURATED' : 'BROKER_UNAVAILABLE', {
              details: { timeoutMs: this.limits.timeoutMs },
            }),
          );
        }
        this.releaseRoom([]);
        this.watchDeadlines();
      },
      Math.max(1, oldest.deadlineAt - performance.now() + 1),
    );
  }
}

/** Faults of what a batch holds, not of the way to the broker. */
const contentFaults = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'CORRUPT_MESSAGE',
  'INVALID_TOPIC_EXCEPTION',
  'TOPIC_AUTHORIZATION_FAILED',
  'INVALID_TIMESTAMP',
  'POLICY_VIOLATION',
]);

function absence(topic: string): PlatformError {
  return new PlatformError('BROKER_UNAVAILABLE', { details: { reason: `topic ${topic} is not there`, topic } });
}

function entryOf(record: OutgoingRecord, call: Call): Entry {
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

function grouped(batch: readonly Entry[], batchNumber: number): { topic: string; messages: BatchedMessage[] }[] {
  const byTopic = new Map<string, BatchedMessage[]>();
  for (const { topic, message, isKeyless } of batch) {
    const messages = byTopic.get(topic) ?? [];
    messages.push(isKeyless ? { ...message, batchNumber } : message);
    byTopic.set(topic, messages);
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
}
