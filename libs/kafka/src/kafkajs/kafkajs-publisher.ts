/**
 * Group commit: gathered records are sent the moment no request is in flight. Beside requests in
 * flight another one is sent if many records have gathered that do not give way. No timer is used:
 * an idle publisher sends at once, a busy one sends fuller batches.
 *
 * 1. A call resolves only when the brokers acknowledged all of its records with acks=all (I1).
 * 2. The queue is bounded in records and bytes (I7), see `publisher-queue.ts`.
 * 3. A batch whose content the broker refuses is halved, again and again, until the refused record
 *    stands alone and fails alone.
 */
import type { Producer } from 'kafkajs';
import { type OutgoingRecord, PlatformError } from '#contracts';
import type { Publisher, PublisherLoad, PublishOptions } from '../ports.ts';
import type { AccessWatch } from './access-watch.ts';
import { rootCause, unavailable } from './broker-errors.ts';
import {
  type BatchedMessage,
  type CallRecords,
  type PublishCall,
  type QueuedRecord,
  type QueueLimits,
  PublisherQueue,
  queuedRecord,
} from './publisher-queue.ts';

/** Bounds of a publisher. */
export interface PublisherLimits extends QueueLimits {
  /** How long a call may take from `publish` to the acknowledgement, in milliseconds. */
  readonly timeoutMs: number;
  /** Requests in flight. */
  readonly requestsMax: number;
  /**
   * Records that must be queued before a request is sent beside others in flight. Fewer records
   * wait, and share a request. Records that give way do not count.
   */
  readonly extraRequestRecordsMin: number;
  /** Largest single record, in bytes. */
  readonly recordBytesMax: number;
}

/** The gateway as its publisher sees it. */
export interface PublisherPorts {
  /** Connects a new producer, which knows no topic yet. */
  newProducer(): Promise<Producer>;
  listTopics(): Promise<readonly string[]>;
  /** @throws PlatformError `BROKER_ACCESS_DENIED` if the account may not see the topic. */
  checkAccess(topic: string): Promise<void>;
  /** The account in words, for errors. */
  readonly account: string;
  /** Hears which topics the account may not write, and which it may write again. */
  readonly access: Pick<AccessWatch, 'isRefused' | 'refused' | 'allowed'>;
  /** Called after each request: did the brokers answer? */
  reached(isReached: boolean): void;
}

/** Faults of the content of a batch, not of the way to the broker. */
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

/** The publisher of a process, over one kafkajs producer. */
export class KafkajsPublisher implements Publisher {
  private readonly queue: PublisherQueue;
  /** Topics that exist, as of the last time the brokers were asked. */
  private readonly knownTopics = new Set<string>();
  private topicLookup: Promise<readonly string[]> | undefined;
  private producerRenewal: Promise<void> | undefined;
  /** Calls that are not settled, in the order of their deadlines. */
  private readonly calls = new Set<PublishCall>();
  private requestsInFlight = 0;
  private batchNumber = 0;
  private isScheduled = false;
  private isClosed = false;
  private deadlineTimer: NodeJS.Timeout | undefined;
  private whenIdle: (() => void) | undefined;

  constructor(
    private producer: Producer,
    private readonly limits: PublisherLimits,
    private readonly ports: PublisherPorts,
  ) {
    this.queue = new PublisherQueue(limits);
  }

  /** Records, bytes and requests that are not finished. */
  get load(): PublisherLoad {
    return { records: this.queue.records, bytes: this.queue.bytes, requests: this.requestsInFlight };
  }

  publish(records: OutgoingRecord | readonly OutgoingRecord[], { givesWay = false }: PublishOptions = {}): Promise<void> {
    if (this.isClosed) return Promise.reject(new PlatformError('PUBLISHER_CLOSED'));
    const all = Array.isArray(records) ? (records as readonly OutgoingRecord[]) : [records as OutgoingRecord];
    if (all.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const deadlineAt = performance.now() + this.limits.timeoutMs;
      const call: PublishCall = { unacknowledged: all.length, isSettled: false, givesWay, deadlineAt, resolve, reject };
      const queued: QueuedRecord[] = [];
      let bytes = 0;
      for (const record of all) {
        const one = queuedRecord(record, call);
        if (one.bytes > this.limits.recordBytesMax) {
          const details = { topic: record.topic, bytes: one.bytes, bytesMax: this.limits.recordBytesMax };
          return reject(new PlatformError('RECORD_TOO_LARGE', { details }));
        }
        queued.push(one);
        bytes += one.bytes;
      }
      this.calls.add(call);
      this.watchDeadlines();
      const callRecords = { call, records: queued, bytes };
      if (all.every(({ topic }) => this.knownTopics.has(topic))) this.enqueue(callRecords);
      else void this.checkTopicsExist(callRecords);
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

  /**
   * Asks the brokers for topics that were never written to, before their records join a batch. A
   * topic that does not exist would fail the whole batch, again and again.
   */
  private async checkTopicsExist(callRecords: CallRecords): Promise<void> {
    try {
      this.topicLookup ??= this.ports.listTopics().finally(() => {
        this.topicLookup = undefined;
      });
      for (const topic of await this.topicLookup) this.knownTopics.add(topic);
      const missing = callRecords.records.find(({ topic }) => !this.knownTopics.has(topic));
      if (missing !== undefined) {
        await this.ports.checkAccess(missing.topic);
        throw topicMissing(missing.topic);
      }
      this.enqueue(callRecords);
    } catch (error) {
      this.settle(callRecords.call, unavailable(error));
    }
  }

  private enqueue(callRecords: CallRecords): void {
    this.queue.add(callRecords);
    this.schedule();
  }

  /** Sends in a microtask, so that calls made side by side share a batch. */
  private schedule(): void {
    if (this.isScheduled || !this.maySend()) return;
    this.isScheduled = true;
    queueMicrotask(() => {
      this.isScheduled = false;
      while (this.maySend()) {
        const batch = this.queue.nextBatch();
        if (batch.length === 0) return;
        void this.sendBatch(batch);
      }
    });
  }

  private maySend(): boolean {
    const { requestsMax, extraRequestRecordsMin } = this.limits;
    if (this.requestsInFlight === 0) return true;
    return this.requestsInFlight < requestsMax && this.queue.pressingRecords >= extraRequestRecordsMin;
  }

  private async sendBatch(batch: readonly QueuedRecord[]): Promise<void> {
    this.requestsInFlight += 1;
    try {
      await this.send(batch);
    } finally {
      this.requestsInFlight -= 1;
      this.queue.release(batch);
      this.schedule();
    }
  }

  /**
   * @param isResent true if the batch was sent before, by a producer that has been replaced since.
   */
  private async send(batch: readonly QueuedRecord[], isResent = false): Promise<void> {
    try {
      const topicMessages = byTopic(batch, this.batchNumber++);
      await this.producer.sendBatch({ acks: -1, timeout: this.limits.timeoutMs, topicMessages });
    } catch (error) {
      return this.recover(batch, error, isResent);
    }
    this.ports.reached(true);
    const { access } = this.ports;
    if (access.isRefused) for (const topic of new Set(batch.map((record) => record.topic))) access.allowed(topic);
    for (const { call } of batch) {
      call.unacknowledged -= 1;
      if (call.unacknowledged === 0) this.settle(call);
    }
  }

  private async recover(batch: readonly QueuedRecord[], error: unknown, isResent: boolean): Promise<void> {
    const { type } = rootCause(error);
    if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return this.recoverFromDeletedTopic(batch, error, isResent);
    const isContentFault = type !== undefined && contentFaults.has(type);
    if (!isContentFault) this.ports.reached(false);
    if (isContentFault && batch.length > 1) {
      const middle = batch.length >> 1;
      await this.send(batch.slice(0, middle));
      return this.send(batch.slice(middle));
    }
    const { access, account } = this.ports;
    for (const { call, topic, bytes } of batch) {
      const isTooLarge = type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE';
      const failure = isTooLarge
        ? new PlatformError('RECORD_TOO_LARGE', { details: { topic, bytes }, cause: error })
        : unavailable(error, { topic, account, operation: 'Write' });
      if (failure.code === 'BROKER_ACCESS_DENIED') access.refused(topic, failure);
      this.settle(call, failure);
    }
  }

  /**
   * Fails the records of deleted topics and sends the others again. A kafkajs producer never
   * forgets a topic, so after a topic was deleted it fails every batch, even one without that
   * topic. Only a new producer helps.
   */
  private async recoverFromDeletedTopic(batch: readonly QueuedRecord[], error: unknown, isResent: boolean): Promise<void> {
    try {
      this.producerRenewal ??= this.replaceProducer().finally(() => {
        this.producerRenewal = undefined;
      });
      await this.producerRenewal;
    } catch (failure) {
      for (const { call } of batch) this.settle(call, unavailable(failure, { account: this.ports.account }));
      return;
    }
    for (const { call, topic } of batch) if (!this.knownTopics.has(topic)) this.settle(call, topicMissing(topic, error));
    const rest = batch.filter(({ topic, call }) => this.knownTopics.has(topic) && !call.isSettled);
    if (rest.length === 0) return;
    if (rest.length === batch.length && isResent) for (const { call } of rest) this.settle(call, unavailable(error));
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

  private settle(call: PublishCall, error?: unknown): void {
    if (call.isSettled) return;
    call.isSettled = true;
    this.calls.delete(call);
    if (error === undefined) call.resolve();
    else call.reject(error);
    if (this.calls.size === 0) this.whenIdle?.();
  }

  /** Sets one timer for all calls, to the earliest deadline. */
  private watchDeadlines(): void {
    if (this.deadlineTimer !== undefined) return;
    const [oldest] = this.calls;
    if (oldest === undefined) return;
    const leftMs = Math.max(1, oldest.deadlineAt - performance.now() + 1);
    this.deadlineTimer = setTimeout(() => {
      this.deadlineTimer = undefined;
      this.failOverdueCalls();
      this.watchDeadlines();
    }, leftMs);
  }

  private failOverdueCalls(): void {
    const now = performance.now();
    const details = { timeoutMs: this.limits.timeoutMs };
    for (const call of this.calls) {
      if (call.deadlineAt > now) break;
      this.ports.reached(false);
      const code = this.queue.isWaitingForRoom(call) ? 'PUBLISHER_SATURATED' : 'BROKER_UNAVAILABLE';
      this.settle(call, new PlatformError(code, { details }));
    }
    this.queue.release([]);
    this.schedule();
  }
}

function topicMissing(topic: string, cause?: unknown): PlatformError {
  const details = { reason: `topic ${topic} does not exist`, topic };
  return new PlatformError('BROKER_UNAVAILABLE', { details, ...(cause === undefined ? {} : { cause }) });
}

function byTopic(batch: readonly QueuedRecord[], batchNumber: number): { topic: string; messages: BatchedMessage[] }[] {
  const messagesOf = new Map<string, BatchedMessage[]>();
  for (const { topic, message, isKeyless } of batch) {
    const messages = messagesOf.get(topic) ?? [];
    messages.push(isKeyless ? { ...message, batchNumber } : message);
    messagesOf.set(topic, messages);
  }
  return [...messagesOf].map(([topic, messages]) => ({ topic, messages }));
}
