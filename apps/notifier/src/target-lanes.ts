import type { Delivery, Turn } from '#lifecycle';
import type { Clock } from '#platform';
import { type BreakerLimits, CircuitBreaker } from './circuit-breaker.ts';

/** Bounds of one target. */
export interface LaneLimits extends BreakerLimits {
  /** Tries of one target at once. */
  readonly triesMax: number;
  /** Tries of one target that wait; more go back to a delay topic. */
  readonly waitingMax: number;
}

interface Lane {
  readonly breaker: CircuitBreaker;
  running: number;
  readonly waiting: (() => void)[];
}

/** Targets with no tries that are remembered for the sake of their breakers. */
const idleLanesMax = 10_000;

/** A lane per target, so that a slow one holds back nobody else. */
export class TargetLanes {
  private readonly lanes = new Map<string, Lane>();

  constructor(
    private readonly limits: LaneLimits,
    private readonly clock: Clock,
  ) {}

  /** Targets that are not asked just now. */
  get open(): number {
    let count = 0;
    for (const { breaker } of this.lanes.values()) if (breaker.isOpen) count++;
    return count;
  }

  /**
   * Makes a try when the target's turn comes, unless too many wait. While its breaker is open the target is not asked, and the try is
   * deferred all the same: each delivery keeps to its own budget however many share a target that is gone.
   */
  async run(key: string, tryOnce: () => Promise<Delivery>): Promise<Turn> {
    const lane = this.laneOf(key);
    if (lane.running < this.limits.triesMax) lane.running++;
    else if (lane.waiting.length >= this.limits.waitingMax)
      return { kind: 'postponed', waitMs: this.limits.openMs, reason: 'too many notifications wait for this target' };
    else await new Promise<void>((resolve) => lane.waiting.push(resolve));
    try {
      return await this.tryUnlessOpen(lane, tryOnce);
    } finally {
      // A place is handed on, never free in between: somebody who came just then would make one try too many.
      const next = lane.waiting.shift();
      if (next === undefined) lane.running--;
      else next();
    }
  }

  private async tryUnlessOpen({ breaker }: Lane, tryOnce: () => Promise<Delivery>): Promise<Delivery> {
    const waitMs = breaker.waitMs(this.clock.now());
    if (waitMs > 0) {
      const reason = 'the target has failed many times in a row and is left alone for a while';
      return { kind: 'deferred', reason, retryAfterMs: waitMs };
    }
    breaker.begin();
    try {
      const delivery = await tryOnce();
      breaker.end(delivery.kind !== 'deferred', this.clock.now());
      return delivery;
    } catch (error) {
      breaker.cancel();
      throw error;
    }
  }

  private laneOf(key: string): Lane {
    const known = this.lanes.get(key);
    if (known !== undefined) return known;
    if (this.lanes.size >= idleLanesMax)
      for (const [name, { running, waiting }] of this.lanes) if (running === 0 && waiting.length === 0) this.lanes.delete(name);
    const lane = { breaker: new CircuitBreaker(this.limits), running: 0, waiting: [] };
    this.lanes.set(key, lane);
    return lane;
  }
}
