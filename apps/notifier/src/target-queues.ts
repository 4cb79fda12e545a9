/**
 * One queue for each target, so that a slow target delays no other.
 *
 * A queue with tries that run or wait is kept in `busy` and is never forgotten. When its last try
 * has ended, the queue is dropped, or kept in `idle` if its breaker remembers failures. `idle` is
 * bounded: the target whose last try is longest ago is forgotten first, and its breaker starts
 * closed again.
 */
import { LRUCache } from 'lru-cache';
import { type DeliveryResult, isFaultOfBrokers, openCircuitReason, type TryResult } from '#lifecycle';
import { type Clock, Fifo, ShortLivedMap } from '#platform';
import { type BreakerLimits, CircuitBreaker, type KnownFailures } from './circuit-breaker.ts';
import { DrainPace } from './drain-pace.ts';
import { type HeldRecord, type PartitionLimits, PartitionRoom } from './partition-room.ts';

/** Bounds of the queue of one target. */
export interface QueueLimits extends BreakerLimits {
  /** Tries of one target that run at once. */
  readonly triesMax: number;
  /**
   * Tries of one target that wait in memory. More of them do if the target takes them all within
   * {@link heldForMs}. Others go back to a delay topic.
   */
  readonly waitingMax: number;
  /** Of the consumer that reads the records. */
  readonly partition: PartitionLimits;
}

/** The record of a try, and its target. */
export interface TryFacts {
  /** Absent for a try without a record. */
  readonly record?: HeldRecord;
  /**
   * True if a try costs no more than a write to a delay topic. Then tries wait in memory, however
   * many. The records that the consumer holds bound their number.
   */
  readonly isCheap?: boolean;
}

interface Queue {
  readonly breaker: CircuitBreaker;
  readonly pace: DrainPace;
  running: number;
  readonly waiting: Fifo<() => void>;
}

/**
 * Cheap tries of one target that run at once. The publisher and the folder write them in batches:
 * 32 at once made small batches.
 */
const cheapTriesMax = 1_000;
const idleMax = 10_000;
/**
 * Tries above {@link QueueLimits.waitingMax} wait in memory for so long, in milliseconds. No offset
 * of a partition is committed past a try that waits. A delay topic costs two more records.
 */
const heldForMs = 20_000;
/** Wait after a try that failed while this process stood still, in milliseconds. */
const standstillWaitMs = 1_000;
/** Targets that {@link TargetQueues.targetsDown} names at most. */
const targetsNamedMax = 20;

/** The queues of all targets. */
export class TargetQueues {
  private readonly busy = new ShortLivedMap<string, Queue>();
  private readonly idle: LRUCache<string, Queue>;
  private readonly room: PartitionRoom;

  /**
   * @param knownFailures of a target that has no queue here: those before a restart, and those of
   *   other notifiers.
   * @param max Targets without tries whose failures are remembered.
   */
  constructor(
    private readonly limits: QueueLimits,
    private readonly clock: Clock,
    private readonly knownFailures: (key: string) => KnownFailures | undefined = () => undefined,
    max: number = idleMax,
  ) {
    this.idle = new LRUCache({ max });
    this.room = new PartitionRoom(limits.partition);
  }

  /** How many targets have an open or half-open breaker. */
  get openBreakers(): number {
    return this.down().length;
  }

  /** The keys of targets with an open or half-open breaker, at most 20. */
  get targetsDown(): readonly string[] {
    return this.down().slice(0, targetsNamedMax);
  }

  /**
   * How long the breaker of a target stays open, in milliseconds: 0 while it is half open.
   * @returns undefined if it is closed.
   */
  openForMs(key: string): number | undefined {
    const breaker = (this.busy.get(key) ?? this.idle.peek(key))?.breaker;
    return breaker?.isOpen === true ? breaker.waitMs(this.clock.elapsedMs()) : undefined;
  }

  /** Closes the breaker of a target that took a notice outside of its queue. */
  worked(key: string): void {
    this.idle.delete(key);
    this.busy.get(key)?.breaker.end(true, this.clock.elapsedMs());
  }

  private down(): readonly string[] {
    const keys: string[] = [];
    for (const queues of [this.busy, this.idle])
      for (const [key, { breaker }] of queues.entries()) if (breaker.isOpen) keys.push(key);
    return keys;
  }

  /**
   * Makes a try when the target has a free place, unless too many tries wait already.
   *
   * While the breaker is open, `tryOnce` is not called and the result is `deferred` all the same.
   * The deferral counts as a try of that delivery: each delivery keeps its own budget, however many
   * share a target that fails.
   *
   * @param key Names the target.
   * @returns `postponed` if too many tries wait already, or if the try failed while this process
   *   stood still; otherwise how the try went.
   */
  async run(key: string, tryOnce: () => Promise<TryResult>, facts: TryFacts = {}): Promise<DeliveryResult> {
    const queue = this.queueOf(key);
    const { isCheap = false } = facts;
    // Cheap tries end soon: they take no room from those of webhooks and stores.
    const record = isCheap ? undefined : facts.record;
    const mayRun = queue.running < (isCheap ? cheapTriesMax : this.limits.triesMax);
    if (!mayRun && !isCheap && !this.mayWait(key, queue, record)) return this.sentBack(queue);
    if (record !== undefined) this.room.enter(key, record);
    if (mayRun) queue.running++;
    else await new Promise<void>((resolve) => queue.waiting.push(resolve));
    try {
      return await this.tryUnlessOpen(queue, tryOnce);
    } finally {
      if (record !== undefined) this.room.leave(key, record);
      queue.pace.ended(this.ranMs(), queue.waiting.size > 0);
      // The place is handed to the next try directly. If it were free in between, a try that
      // arrives at that moment would be one too many.
      const next = queue.waiting.shift();
      if (next === undefined) this.leave(key, queue);
      else next();
    }
  }

  private mayWait(key: string, { waiting, pace }: Queue, record: HeldRecord | undefined): boolean {
    if (record !== undefined && !this.room.mayHold(key, record)) return false;
    return waiting.size < this.limits.waitingMax || (record !== undefined && waiting.size < pace.triesWithin(heldForMs));
  }

  private sentBack({ pace, waiting }: Queue): DeliveryResult {
    const waitMs = pace.takeWaitMs(this.ranMs(), waiting.size);
    return { kind: 'postponed', waitMs, reason: 'too many notifications wait for this target' };
  }

  private ranMs(): number {
    return this.clock.elapsedMs() - this.clock.stoodStillMs();
  }

  private async tryUnlessOpen({ breaker }: Queue, tryOnce: () => Promise<TryResult>): Promise<DeliveryResult> {
    const waitMs = breaker.waitMs(this.clock.elapsedMs());
    if (waitMs > 0) {
      return { kind: 'deferred', reason: openCircuitReason, retryAfterMs: waitMs };
    }
    breaker.begin();
    const stoodBeforeMs = this.clock.stoodStillMs();
    try {
      const delivery = await tryOnce();
      if (delivery.kind === 'deferred' && this.clock.stoodStillMs() > stoodBeforeMs) {
        breaker.cancel();
        const reason = `${delivery.reason} (the notifier stood still during the try, which does not count)`;
        return { kind: 'postponed', waitMs: standstillWaitMs, reason };
      }
      if (isFaultOfBrokers(delivery)) breaker.cancel();
      else breaker.end(delivery.kind !== 'deferred', this.clock.elapsedMs());
      return delivery;
    } catch (error) {
      breaker.cancel();
      throw error;
    }
  }

  private queueOf(key: string): Queue {
    const known = this.busy.get(key);
    if (known !== undefined) return known;
    const queue = this.idle.get(key) ?? {
      breaker: new CircuitBreaker(this.limits, this.knownFailures(key)),
      pace: new DrainPace(),
      running: 0,
      waiting: new Fifo(),
    };
    this.idle.delete(key);
    this.busy.set(key, queue);
    return queue;
  }

  private leave(key: string, queue: Queue): void {
    queue.running--;
    if (queue.running > 0) return;
    this.busy.delete(key);
    if (queue.breaker.hasFailures) this.idle.set(key, queue);
  }
}
