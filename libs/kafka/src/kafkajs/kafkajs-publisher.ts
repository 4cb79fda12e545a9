/**
 * Group commit for each leading broker: gathered records are sent the moment no request to their
 * leader is in flight. Beside requests in flight another one is sent if many records have gathered
 * that do not give way. An idle publisher sends at once, a busy one sends fuller batches: while
 * many records come, requests begin some milliseconds apart.
 *
 * 1. A call resolves only when each of its records was acknowledged with acks=all (I1). That means:
 *    the leader named the partition of the record in its answer, with error code 0 and an offset.
 *    Nothing is concluded from the end of a request.
 * 2. Records that were not acknowledged are parked. After a pause a round asks any broker for the
 *    leaders of their partitions, and queues them again, until the deadline of their call. A record
 *    whose answer was lost may so be written twice, which is allowed (I5).
 * 3. The records are bounded in number and bytes (I7), for each leader; see `publisher-room.ts`.
 * 4. Records whose content the broker refuses are halved, again and again, until the refused record
 *    stands alone and fails alone.
 * 5. While a leader is overdue with an answer, rounds go on: if its partitions move, their records
 *    follow. Records without a key go to others. Its requests in flight fail once `SilentBrokers`
 *    finds that it does not answer at all.
 */
import { type OutgoingRecord, partitionName, PlatformError } from '#contracts';
import type { Publisher, PublisherLoad, PublishOptions } from '../ports.ts';
import type { AccessWatch } from './access-watch.ts';
import { isAccessFault, rootCause, unavailable } from './broker-errors.ts';
import { Leader, type LeaderLimits } from './leader.ts';
import { PartitionTable } from './partition-table.ts';
import type { PartitionAnswer, ProduceClient } from './produce-client.ts';
import { faultOf, isContentFault, isTooLarge, type Part, partsOf, tooLarge } from './produce-parts.ts';
import { PublishCalls } from './publish-calls.ts';
import { PublishRounds } from './publish-rounds.ts';
import { callRecords, type PublishCall, type QueuedRecord } from './publisher-queue.ts';
import { PublisherRoom, type RoomLimits } from './publisher-room.ts';

/** Bounds of a publisher. */
export interface PublisherLimits extends RoomLimits, LeaderLimits {
  /** How long a call may take from `publish` to the acknowledgement, in milliseconds. */
  readonly timeoutMs: number;
  /** Largest single record, in bytes. */
  readonly recordBytesMax: number;
}

/** The gateway as its publisher sees it. */
export interface PublisherPorts {
  /** The account in words, for errors. */
  readonly account: string;
  /** Hears which topics the account may not write, and which it may write again. */
  readonly access: Pick<AccessWatch, 'isRefused' | 'refused' | 'allowed'>;
  /** Called when it turns out whether brokers acknowledge records. */
  reached(isReached: boolean): void;
}

const overdueCheckMs = 250;
/** Leaders are asked for again after this time, so that new partitions are noticed. */
const tableAgeMaxMs = 60_000;

/** The publisher of a process. */
export class KafkajsPublisher implements Publisher {
  private readonly room: PublisherRoom;
  private readonly table = new PartitionTable();
  private tableAskedAt = 0;
  private readonly leaders = new Map<number, Leader>();
  private readonly rounds = new PublishRounds(async () => this.findLeaders());
  private overdueTimer: NodeJS.Timeout | undefined;
  private pauseTimer: NodeJS.Timeout | undefined;
  private readonly calls: PublishCalls;
  private acknowledgedAt = 0;
  private batchNumber = 0;
  private isScheduled = false;
  private isClosed = false;

  constructor(
    private readonly client: ProduceClient,
    private readonly limits: PublisherLimits,
    private readonly ports: PublisherPorts,
  ) {
    this.calls = new PublishCalls(limits.timeoutMs, (calls) => this.failOverdue(calls));
    this.room = new PublisherRoom(limits, {
      leaders: () => this.table.leaders,
      leaderOf: (record) => this.leaderOf(record),
      admitted: (records) => this.admit(records),
    });
  }

  /** Records, bytes and requests that are not finished. */
  get load(): PublisherLoad {
    let requests = 0;
    for (const leader of this.leaders.values()) requests += leader.requests;
    return { records: this.room.records, bytes: this.room.bytes, requests };
  }

  publish(records: OutgoingRecord | readonly OutgoingRecord[], { givesWay = false }: PublishOptions = {}): Promise<void> {
    if (this.isClosed) return Promise.reject(new PlatformError('PUBLISHER_CLOSED'));
    const all = Array.isArray(records) ? (records as readonly OutgoingRecord[]) : [records as OutgoingRecord];
    if (all.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const deadlineAt = this.calls.deadline();
      const call: PublishCall = { unacknowledged: all.length, isSettled: false, givesWay, deadlineAt, resolve, reject };
      const entering = callRecords(all, call, this.limits.recordBytesMax);
      this.calls.add(call);
      this.room.enter(entering);
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.calls.settled();
    this.rounds.stop();
    clearTimeout(this.overdueTimer);
    clearTimeout(this.pauseTimer);
    await this.client.disconnect();
  }

  private admit(records: readonly QueuedRecord[]): void {
    for (const record of records) this.queue(record);
    this.schedule();
  }

  /** Queues a record for its leader, or parks it while none is known. */
  private queue(record: QueuedRecord): void {
    if (record.leader < 0) this.park([record]);
    else this.leaderWith(record.leader).queue.push(record);
  }

  /** Chooses the partition of a record. @returns the broker that leads it; -1 if none does. */
  private leaderOf(record: QueuedRecord): number {
    const place = this.table.placeOf(record, this.batchNumber, this.isOverdue);
    if (place === undefined) return -1;
    record.partition = place.partition;
    return place.leader;
  }

  private leaderWith(id: number): Leader {
    const leader = this.leaders.get(id) ?? new Leader(id, this.limits, (record) => this.room.leave([record]));
    this.leaders.set(id, leader);
    return leader;
  }

  private readonly isOverdue = (id: number): boolean => this.leaders.get(id)?.isOverdue === true;

  /** Sends in a microtask, so that calls made side by side share a batch. */
  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    queueMicrotask(() => {
      this.isScheduled = false;
      for (const leader of this.leaders.values())
        while (leader.queue.size > 0 && leader.maySend && !this.pauses(leader)) {
          const batch = leader.queue.nextBatch();
          if (batch.length === 0) break;
          this.batchNumber += 1;
          void this.send(leader, partsOf(batch)).finally(() => this.schedule());
        }
      if (performance.now() - this.tableAskedAt > tableAgeMaxMs && this.tableAskedAt > 0) this.rounds.start();
    });
  }

  /** @returns true if the queued records of a leader wait for others. They are sent soon. */
  private pauses(leader: Leader): boolean {
    const pauseMs = leader.pauseMs(performance.now());
    if (pauseMs > 0)
      this.pauseTimer ??= setTimeout(() => {
        this.pauseTimer = undefined;
        this.schedule();
      }, Math.ceil(pauseMs));
    return pauseMs > 0;
  }

  /** Sends records in one request, and settles or parks each of them. Never rejects. */
  private async send(leader: Leader, parts: readonly Part[]): Promise<void> {
    const batches = parts.map(({ topic, partition, records }) => ({
      topic,
      partition,
      messages: records.map(({ message }) => message),
    }));
    this.watchOverdue();
    let answers: ReadonlyMap<string, PartitionAnswer>;
    try {
      const count = parts.reduce((sum, { records }) => sum + records.length, 0);
      const answer = await leader.request(count, performance.now(), () =>
        this.client.produce(leader.id, batches, this.limits.timeoutMs),
      );
      answers = new Map(answer.map((one) => [partitionName(one), one]));
    } catch (error) {
      for (const part of parts) this.notWritten(part, error);
      return;
    }
    const refused: { readonly part: Part; readonly error: unknown }[] = [];
    for (const part of parts) {
      const answer = answers.get(partitionName(part));
      if (answer?.errorCode === 0 && answer.baseOffset >= 0n) this.acknowledge(part);
      else refused.push({ part, error: faultOf(answer, leader.id) });
    }
    for (const { part, error } of refused) await this.recover(leader, part, error);
  }

  private acknowledge({ topic, records }: Part): void {
    this.acknowledgedAt = performance.now();
    this.ports.reached(true);
    const { access } = this.ports;
    if (access.isRefused) access.allowed(topic);
    for (const { call } of records) {
      call.unacknowledged -= 1;
      if (call.unacknowledged === 0) this.calls.settle(call);
    }
    this.room.leave(records);
  }

  /** Reacts to the error of a leader for one partition. */
  private async recover(leader: Leader, part: Part, error: unknown): Promise<void> {
    const { topic, partition, records } = part;
    if (!isContentFault(error)) return this.notWritten(part, error);
    if (records.length > 1) {
      const middle = records.length >> 1;
      await this.send(leader, [{ topic, partition, records: records.slice(0, middle) }]);
      return this.send(leader, [{ topic, partition, records: records.slice(middle) }]);
    }
    this.fail(records, isTooLarge(error) ? tooLarge(topic, records[0]?.bytes, error) : unavailable(error, { topic }));
  }

  /** Parks records that may be written at the next try, and fails the others. */
  private notWritten({ topic, records }: Part, error: unknown): void {
    const failure = unavailable(error, { topic, account: this.ports.account, operation: 'Write' });
    const { retriable } = error as { readonly retriable?: boolean };
    if (!isAccessFault(failure) && retriable !== false) return this.park(records, error);
    this.refuse(topic, failure);
    return this.fail(records, failure);
  }

  private refuse(topic: string, failure: PlatformError): void {
    if (failure.code === 'BROKER_ACCESS_DENIED') this.ports.access.refused(topic, failure);
  }

  private fail(records: readonly QueuedRecord[], failure: PlatformError): void {
    for (const { call } of records) this.calls.settle(call, failure);
    this.room.leave(records);
  }

  private park(records: readonly QueuedRecord[], error?: unknown): void {
    if (error !== undefined) for (const { call } of records) call.lastFault = error;
    // A topic that was never written to is looked up without a pause.
    const isNew = error === undefined && records.some(({ topic }) => !this.table.has(topic));
    this.rounds.park(records, isNew);
  }

  /** Asks for the leaders of all topics that are in use, and queues all records anew. */
  private async findLeaders(): Promise<void> {
    const topics = [...new Set([...this.table.topics, ...this.rounds.waiting.map(({ topic }) => topic)])];
    // A question without topics is one for all topics of the cluster.
    if (topics.length === 0) return;
    let faults: ReadonlyMap<string, PlatformError>;
    this.tableAskedAt = performance.now();
    try {
      faults = this.table.update(await this.client.describe(topics), this.ports.account);
    } catch (error) {
      this.noLeaders(error);
      return;
    }
    const queued = [...this.leaders.values()].flatMap(({ queue }) => queue.takeAll());
    for (const record of [...queued, ...this.rounds.take()]) {
      const failure = faults.get(record.topic);
      if (record.call.isSettled) this.room.leave([record]);
      else if (failure === undefined) {
        this.room.move(record, this.leaderOf(record));
        this.queue(record);
      } else {
        this.refuse(record.topic, failure);
        this.fail([record], failure);
      }
    }
    this.room.reconsider();
    this.schedule();
  }

  /** No broker told the leaders: the next round asks again, unless the account is refused. */
  private noLeaders(error: unknown): void {
    const failure = unavailable(error, { account: this.ports.account });
    for (const { call } of this.rounds.waiting) call.lastFault = error;
    if (isAccessFault(failure)) this.fail(this.rounds.take(), failure);
  }

  /** Looks for overdue leaders while requests are in flight. */
  private watchOverdue(): void {
    this.overdueTimer ??= setTimeout(() => {
      this.overdueTimer = undefined;
      for (const leader of this.leaders.values()) {
        if (leader.isOverdueAt(performance.now())) this.rounds.startLater();
        if (leader.isOverdue || leader.requests > 0) this.watchOverdue();
      }
    }, overdueCheckMs);
  }

  private failOverdue(calls: readonly PublishCall[]): void {
    const { timeoutMs } = this.limits;
    for (const call of calls) {
      // A single leader that does not answer is not the whole cluster.
      if (this.acknowledgedAt <= call.deadlineAt - timeoutMs) this.ports.reached(false);
      const { lastFault: cause } = call;
      const reason = cause === undefined ? {} : { reason: rootCause(cause).message };
      const code = this.room.isWaiting(call) ? 'PUBLISHER_SATURATED' : 'BROKER_UNAVAILABLE';
      this.calls.settle(
        call,
        new PlatformError(code, { details: { timeoutMs, ...reason }, ...(cause === undefined ? {} : { cause }) }),
      );
    }
    for (const { queue } of this.leaders.values()) queue.dropSettled();
    this.room.leave(this.rounds.take(({ call }) => call.isSettled));
    this.schedule();
  }
}
