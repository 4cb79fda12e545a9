/**
 * Holds the records of delay topics in memory until they are due, then releases them.
 *
 * W1. No record is released early (I2). An entry waits out the distance between its arrival here
 *     and the time when it leaves. A step of the clock meanwhile neither shortens nor lengthens it.
 * W2. The promise of a record settles after the brokers have acknowledged the record that follows
 *     from it (I1). Until then its offset is not committed, and a restart reads it again.
 * W3. One timer is set, to the head of the heap.
 * W4. The consumer bounds the memory: it hands out a limited number of records and bytes per
 *     partition while their promises are open.
 * W5. A record that is not due waits here at least {@link requeueAfterMs}. The broker that dated it
 *     may have another clock than the one that judges due times. Without the bound the record
 *     would be put on the same topic again at once, without end.
 * W6. The clock may step while a record waits. The due time and the end of validity in the next
 *     record are then moved by the step, so that their distances stay the same.
 */
import {
  decodeInvocation,
  decodeWaiting,
  type DelayTopic,
  encodeSettlement,
  epochMs,
  header,
  type IncomingRecord,
  laneSpread,
  type OutgoingRecord,
  released,
  type ReleaseTo,
  requeued,
  afterStep,
  type Topics,
} from '#contracts';
import type { Publisher, RecordDelivery } from '#kafka';
import { settledWithoutRun, leavesAt, release, settlementOf, type Waiting } from '#lifecycle';
import { type Cancellations, type Clock, type Timer, TimeSinceArrival, timerAt, type ExpressRate, type Tracing } from '#platform';
import { DueHeap } from './due-heap.ts';
import { releaseAct, traced } from './release-act.ts';

/** Observes releases, for metrics. */
export interface ReleaseObserver {
  /** @param lateMs milliseconds between the due time and the decision, at least 0. */
  left(kind: 'release' | 'requeue' | 'settle', lateMs: number): void;
}

type Leaving = Exclude<ReturnType<typeof release>, { kind: 'wait' }>;

/** Shortest wait of a record that is put on another delay topic, in milliseconds (W5). */
export const requeueAfterMs = 1_000;

interface Entry {
  /** When to decide on the entry next, by `elapsedMs` of the clock. */
  wakeAt: number;
  readonly time: TimeSinceArrival;
  readonly waiting: Waiting;
  readonly record: IncomingRecord;
  readonly delivery: RecordDelivery;
  /** Entries of the same partition, while this process has the partition. */
  readonly partition: Set<Entry>;
  isGone: boolean;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Parts of a {@link WaitingRoom}. */
export interface WaitingRoomParts {
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly cancellations: Cancellations;
  readonly topics: Topics;
  readonly observer: ReleaseObserver;
  /** Invocations of one function that are released to the express lane. */
  readonly rate: ExpressRate;
  readonly tracing: Tracing;
}

/** Holds records and releases each at its due time. */
export class WaitingRoom {
  private readonly heap = new DueHeap<Entry>();
  private readonly byRequest = new Map<string, Set<Entry>>();
  private readonly partitions = new WeakMap<AbortSignal, Set<Entry>>();
  private timer: Timer | undefined;
  private timerAt = Number.POSITIVE_INFINITY;
  private bytes = 0;
  private readonly counts: Record<ReleaseTo, number> = { invocations: 0, notifications: 0 };

  constructor(private readonly parts: WaitingRoomParts) {
    parts.cancellations.onCancelled(({ requestId }) => this.wake(this.byRequest.get(requestId)));
    parts.cancellations.onPurged(() => this.wakeAll());
  }

  /** Time until a record is due, in milliseconds. Infinite if none waits. */
  get nextDueInMs(): number {
    const head = this.heap.peek();
    return head === undefined ? Number.POSITIVE_INFINITY : Math.max(0, head.wakeAt - this.parts.clock.elapsedMs());
  }

  /** Number of records that wait. */
  get size(): number {
    return this.heap.size;
  }

  /** Records that wait, by the topic to which they will be released. */
  get sizeByRelease(): Readonly<Record<ReleaseTo, number>> {
    return this.counts;
  }

  /** Bytes of the values of the records that wait. */
  get heldBytes(): number {
    return this.bytes;
  }

  /**
   * Holds a record of a delay topic until it is due, then releases, requeues or settles it.
   * @param topic of the record, without the prefix.
   * @param signal aborts when another process reads the record.
   * @param delivery repeats the write of the record that follows.
   * @returns resolves once the brokers have acknowledged the record that follows. It also resolves
   *   when `signal` aborts.
   * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape, `PARTITION_LOST` if
   *   another process reads the record.
   */
  async hold(topic: DelayTopic, record: IncomingRecord, signal: AbortSignal, delivery: RecordDelivery): Promise<void> {
    const waiting = decodeWaiting(record);
    const time = new TimeSinceArrival(this.parts.clock);
    const earliest = Math.min(waiting.dueAt, time.now() + requeueAfterMs);
    const until = epochMs(Math.max(earliest, leavesAt(topic, record.timestamp, waiting.dueAt)));
    return new Promise((resolve, reject) => {
      const entry: Entry = {
        wakeAt: time.elapsedAt(epochMs(Math.min(until, waiting.expiresAt ?? Number.POSITIVE_INFINITY))),
        time,
        waiting: { ...waiting, leavesAt: until },
        record,
        delivery,
        partition: this.partitionOf(signal),
        isGone: false,
        done: resolve,
        failed: reject,
      };
      this.remember(entry);
      // The cancellation may have been read before the record that it cancels.
      if (this.isCancelled(entry)) return this.process(entry);
      this.heap.push(entry);
      this.arm();
    });
  }

  /**
   * Adds one abort listener per partition. One per record would pile up for as long as this process
   * has the partition.
   */
  private partitionOf(signal: AbortSignal): Set<Entry> {
    const known = this.partitions.get(signal);
    if (known !== undefined) return known;
    const entries = new Set<Entry>();
    this.partitions.set(signal, entries);
    signal.addEventListener('abort', () => this.abandon(entries), { once: true });
    return entries;
  }

  private remember(entry: Entry): void {
    entry.partition.add(entry);
    const { requestId } = entry.waiting;
    this.byRequest.set(requestId, (this.byRequest.get(requestId) ?? new Set()).add(entry));
    this.bytes += entry.record.value?.length ?? 0;
    this.counts[entry.waiting.releaseTo] += 1;
  }

  private forget(entry: Entry): void {
    entry.isGone = true;
    entry.partition.delete(entry);
    const siblings = this.byRequest.get(entry.waiting.requestId);
    siblings?.delete(entry);
    if (siblings?.size === 0) this.byRequest.delete(entry.waiting.requestId);
    this.bytes -= entry.record.value?.length ?? 0;
    this.counts[entry.waiting.releaseTo] -= 1;
  }

  /**
   * Drops the entries of a partition that another process has taken over. That process reads the
   * records again.
   */
  private abandon(entries: ReadonlySet<Entry>): void {
    for (const entry of [...entries]) {
      this.forget(entry);
      entry.done();
    }
  }

  /**
   * Settles the entries of a cancelled invocation at once. They stay in the heap, marked as gone,
   * until they reach its head.
   */
  private wake(entries: ReadonlySet<Entry> = new Set()): void {
    for (const entry of [...entries]) if (this.isCancelled(entry)) this.process(entry);
  }

  /** Purges are rare: looking at every entry takes less than an index of functions would cost. */
  private wakeAll(): void {
    for (const entries of [...this.byRequest.values()]) this.wake(entries);
  }

  /** False for notifications: they are delivered even if their invocation was cancelled. */
  private isCancelled({ waiting: { requestId, functionUrn, acceptedAt } }: Entry): boolean {
    if (functionUrn === undefined || acceptedAt === undefined) return false;
    return this.parts.cancellations.has({ requestId, functionUrn, acceptedAt });
  }

  private arm(): void {
    const head = this.heap.peek();
    if (head === undefined || head.wakeAt >= this.timerAt) return;
    this.timer?.cancel();
    this.timerAt = head.wakeAt;
    this.timer = timerAt(this.parts.clock, head.wakeAt, () => this.onTimer());
  }

  private onTimer(): void {
    this.timerAt = Number.POSITIVE_INFINITY;
    const elapsedMs = this.parts.clock.elapsedMs();
    for (let head = this.heap.peek(); head !== undefined && head.wakeAt <= elapsedMs; head = this.heap.peek()) {
      this.heap.pop();
      this.process(head);
    }
    this.arm();
  }

  /** Decides on an entry now. It goes back into the heap if it must wait longer. */
  private process(entry: Entry): void {
    if (entry.isGone) return;
    const now = entry.time.now();
    const decision = release(entry.waiting, now, this.isCancelled(entry));
    if (decision.kind === 'wait') {
      entry.wakeAt = entry.time.elapsedAt(decision.until);
      this.heap.push(entry);
      return;
    }
    this.forget(entry);
    this.parts.observer.left(decision.kind, Math.max(0, now - entry.waiting.leavesAt));
    this.release(entry, decision).then(entry.done, entry.failed);
  }

  /**
   * Rejects, instead of throwing, for a record that cannot be decoded: a timer calls this method,
   * and no caller would catch the error.
   */
  private async release({ record, time, delivery, waiting: { leavesAt } }: Entry, decision: Leaving): Promise<void> {
    const write = async (waited: IncomingRecord) =>
      delivery.writeUntilDone(async () =>
        this.parts.publisher.publish(this.nextRecord(waited, decision, this.parts.clock.now() - time.now())),
      );
    if (decision.kind === 'requeue') return write(record);
    const lateMs = Math.max(0, time.now() - leavesAt);
    await this.parts.tracing.during(
      releaseAct(record, lateMs),
      async (traceparent) => write(traced(record, traceparent)),
      () => ({ attributes: { 'sendoff.outcome': decision.kind === 'settle' ? decision.condition : 'released' } }),
    );
  }

  /** Invocations above the rate of their function go to the bulk lane, as at the ingress. */
  private released(record: IncomingRecord, to: Extract<Leaving, { kind: 'release' }>['to']): OutgoingRecord {
    const { topics, rate, clock } = this.parts;
    const functionUrn = record.headers[header.functionUrn];
    if (to !== 'invocations' || functionUrn === undefined || rate.take(functionUrn, clock.now()))
      return released(record, topics.name(to));
    // The first place of a function is on its partition, however many it has.
    const spread = laneSpread('invocations.bulk', functionUrn, 1);
    return { ...released(record, topics.name('invocations.bulk')), ...(spread === undefined ? {} : { spread }) };
  }

  /** @param stepMs how far the clock was set forward since the record arrived. */
  private nextRecord(record: IncomingRecord, decision: Leaving, stepMs: number): OutgoingRecord {
    switch (decision.kind) {
      case 'release':
        return afterStep(this.released(record, decision.to), stepMs);
      case 'requeue':
        return afterStep(requeued(record, this.parts.topics.name(decision.topic)), stepMs);
      case 'settle': {
        const invocation = decodeInvocation(record);
        const settlement = settlementOf(invocation, settledWithoutRun(invocation, decision.condition, this.parts.clock.now()));
        return encodeSettlement(this.parts.topics.name('settlements'), settlement);
      }
      default:
        return decision satisfies never;
    }
  }
}
