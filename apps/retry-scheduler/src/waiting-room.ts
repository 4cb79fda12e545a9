/**
 * Where records wait until they may leave their delay topic.
 *
 * W1. Never early (I2): a timer that fires too soon is set again; only the clock says that an entry is due.
 * W2. A record's promise settles only after what follows from it is acknowledged (I1); until then its offset stays open and a
 *     restart reads it again.
 * W3. One timer, set to the head of the heap.
 * W4. Memory is bounded by the consumer: it hands out no more than its limits per partition while promises are open.
 */
import {
  type Cancellation,
  decodeInvocation,
  decodeWaiting,
  type DelayTopic,
  encodeSettlement,
  epochMs,
  type IncomingRecord,
  type OutgoingRecord,
  released,
  type Topics,
} from '#contracts';
import type { Publisher } from '#kafka';
import { settledWithoutRun, leavesAt, release, settlementOf, type Waiting } from '#lifecycle';
import type { Cancellations, Clock, Timer } from '#platform';
import { DueHeap } from './due-heap.ts';

/** What is told of each release. */
export interface ReleaseObserver {
  /** @param lateMs how long after its due time it was acted on, at least 0. */
  left(kind: 'release' | 'requeue' | 'settle', lateMs: number): void;
}

type Leaving = Exclude<ReturnType<typeof release>, { kind: 'wait' }>;

interface Entry {
  /** When to look at it next. */
  wakeAt: number;
  readonly waiting: Waiting;
  readonly record: IncomingRecord;
  /** Records of the same partition, while it is ours. */
  readonly partition: Set<Entry>;
  isGone: boolean;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** What the room works with. */
export interface WaitingRoomParts {
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly cancellations: Cancellations;
  readonly topics: Topics;
  readonly observer: ReleaseObserver;
}

/** Holds records and lets each go at its time. */
export class WaitingRoom {
  private readonly heap = new DueHeap<Entry>();
  private readonly byRequest = new Map<string, Set<Entry>>();
  private readonly partitions = new WeakMap<AbortSignal, Set<Entry>>();
  private timer: Timer | undefined;
  private timerAt = Number.POSITIVE_INFINITY;
  private bytes = 0;

  constructor(private readonly parts: WaitingRoomParts) {
    parts.cancellations.onCancelled((cancellation) => this.wake(cancellation));
  }

  /** Records that wait. */
  get size(): number {
    return this.heap.size;
  }

  /** Bytes of their values. */
  get heldBytes(): number {
    return this.bytes;
  }

  /**
   * Holds a record of a delay topic until it may leave, and lets it go.
   * @param topic of the record, without the prefix.
   * @returns resolves once what follows is acknowledged; also when `signal` aborts, since then another process holds the record.
   * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape, `BROKER_UNAVAILABLE` when what follows could not be written.
   */
  async hold(topic: DelayTopic, record: IncomingRecord, signal: AbortSignal): Promise<void> {
    const waiting = decodeWaiting(record);
    const until = leavesAt(topic, record.timestamp, waiting.dueAt);
    return new Promise((resolve, reject) => {
      const entry: Entry = {
        wakeAt: Math.min(until, waiting.expiresAt ?? Number.POSITIVE_INFINITY),
        waiting: { ...waiting, leavesAt: until },
        record,
        partition: this.partitionOf(signal),
        isGone: false,
        done: resolve,
        failed: reject,
      };
      this.remember(entry);
      // The cancellation may have been read before the record it is meant for.
      if (this.isCancelled(entry)) return this.process(entry);
      this.heap.push(entry);
      this.arm();
    });
  }

  /** One listener a partition: a listener a record would pile up for as long as the partition is ours. */
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
  }

  private forget(entry: Entry): void {
    entry.isGone = true;
    entry.partition.delete(entry);
    const siblings = this.byRequest.get(entry.waiting.requestId);
    siblings?.delete(entry);
    if (siblings?.size === 0) this.byRequest.delete(entry.waiting.requestId);
    this.bytes -= entry.record.value?.length ?? 0;
  }

  /** The partition went to another process, which reads the record again: nothing is to be done here. */
  private abandon(entries: ReadonlySet<Entry>): void {
    for (const entry of [...entries]) {
      this.forget(entry);
      entry.done();
    }
  }

  /** A cancelled invocation need not wait for its time. The entry stays in the heap as gone until its turn comes. */
  private wake({ requestId }: Cancellation): void {
    for (const entry of [...(this.byRequest.get(requestId) ?? [])]) if (this.isCancelled(entry)) this.process(entry);
  }

  /** A notification outlives the invocation it tells of. */
  private isCancelled({ waiting: { requestId, functionUrn } }: Entry): boolean {
    return functionUrn !== undefined && this.parts.cancellations.has({ requestId, functionUrn });
  }

  private arm(): void {
    const head = this.heap.peek();
    if (head === undefined || head.wakeAt >= this.timerAt) return;
    this.timer?.cancel();
    this.timerAt = head.wakeAt;
    this.timer = this.parts.clock.setTimer(head.wakeAt - this.parts.clock.now(), () => this.onTimer());
  }

  private onTimer(): void {
    this.timerAt = Number.POSITIVE_INFINITY;
    const now = this.parts.clock.now();
    for (let head = this.heap.peek(); head !== undefined && head.wakeAt <= now; head = this.heap.peek()) {
      this.heap.pop();
      this.process(head);
    }
    this.arm();
  }

  /** Decides on an entry now; one that must go on waiting goes back into the heap. */
  private process(entry: Entry): void {
    if (entry.isGone) return;
    const { clock, observer } = this.parts;
    const now = clock.now();
    const decision = release(entry.waiting, now, this.isCancelled(entry));
    if (decision.kind === 'wait') {
      entry.wakeAt = decision.until;
      this.heap.push(entry);
      return;
    }
    this.forget(entry);
    observer.left(decision.kind, Math.max(0, now - entry.waiting.leavesAt));
    this.release(entry.record, decision, now).then(entry.done, entry.failed);
  }

  /** Rejects, and never throws, for a record that cannot be read after all: a timer has nobody to throw at. */
  private async release(record: IncomingRecord, decision: Leaving, now: number): Promise<void> {
    await this.parts.publisher.publish(this.nextRecord(record, decision, now));
  }

  private nextRecord(record: IncomingRecord, decision: Leaving, now: number): OutgoingRecord {
    switch (decision.kind) {
      case 'release':
        return released(record, this.parts.topics.name(decision.to));
      case 'requeue':
        return {
          topic: this.parts.topics.name(decision.topic),
          ...(record.key === null ? {} : { key: record.key }),
          value: record.value,
          headers: record.headers,
        };
      case 'settle': {
        const invocation = decodeInvocation(record);
        const settlement = settlementOf(invocation, settledWithoutRun(invocation, decision.condition, epochMs(now)));
        return encodeSettlement(this.parts.topics.name('settlements'), settlement);
      }
      default:
        return decision satisfies never;
    }
  }
}
