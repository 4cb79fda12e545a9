/**
 * The chances of attempts during which executors ended.
 *
 * H1. An attempt that an owner which is gone may have begun is written down before it starts again.
 *     Of the records without a chance, only the first ones of a function may have begun. They are
 *     as many as run at once, and those whose outcomes were not written yet.
 * H2. The last chance of an attempt runs alone: it waits until no other attempt runs, and no other
 *     starts beside it. So an executor that ends then ends by that attempt. Both waits are bounded.
 */
import type { Invocation } from '#contracts';
import type { Interruption, RecordDelivery } from '#kafka';
import { type NextChance, nextChance } from '#lifecycle';
import { Changes, type Clock, type Timer } from '#platform';
import { begunMax } from './attempt-queue.ts';

/** Longest wait of a last chance for the attempts that run, in milliseconds. */
const waitForOthersMs = 5_000;
/** Longest time for which a last chance keeps other attempts from starting, in milliseconds. */
const aloneMs = 10_000;

/** Parts of {@link Chances}. */
export interface ChancesParts {
  /** The most attempts of a function at once in any process. */
  readonly runningMaxOf: (functionUrn: string) => number;
  /** Executors that one attempt may end before its invocation fails, from 2. */
  readonly deathsMax: number;
  readonly clock: Clock;
}

/** Decides on attempts that were interrupted, and lets their last chance run alone. */
export class Chances {
  /** How many records without a chance were seen, by function. */
  private readonly seen = new WeakMap<Interruption, Map<string, number>>();
  private others = 0;
  private alone: { readonly key: string; readonly timer: Timer } | undefined;
  private readonly changes = new Changes();

  constructor(private readonly parts: ChancesParts) {}

  /** Decides on an attempt that was read. */
  next(invocation: Invocation, { interruption }: RecordDelivery): NextChance {
    const mayHaveBegun = interruption !== undefined && this.mayHaveBegun(invocation, interruption);
    const { chance } = invocation;
    return nextChance({ mayHaveBegun, ...(chance === undefined ? {} : { chance }) }, this.parts.deathsMax);
  }

  /** Runs an attempt that is not a last chance. */
  beside<T>(run: () => Promise<T>): Promise<T> {
    if (this.alone !== undefined) return this.changes.next().then(() => this.beside(run));
    this.others++;
    const ran = run();
    void ran.then(this.leaveOthers, this.leaveOthers);
    return ran;
  }

  private readonly leaveOthers = (): void => {
    this.others--;
    this.changes.tell();
  };

  /** Waits until an attempt may run alone. {@link leave} must follow, and does after a while. */
  async enter(key: string): Promise<void> {
    if (this.alone?.key === key) return;
    while (this.alone !== undefined) await this.changes.next();
    const { clock } = this.parts;
    this.alone = { key, timer: clock.setTimer(waitForOthersMs + aloneMs, () => this.leave(key)) };
    let isLate = false;
    const late = clock.setTimer(waitForOthersMs, () => {
      isLate = true;
      this.changes.tell();
    });
    while (this.others > 0 && !isLate) await this.changes.next();
    late.cancel();
  }

  /** Lets other attempts start again. */
  leave(key: string): void {
    if (this.alone?.key !== key) return;
    this.alone.timer.cancel();
    this.alone = undefined;
    this.changes.tell();
  }

  /** H1. */
  private mayHaveBegun({ functionUrn, chance }: Invocation, interruption: Interruption): boolean {
    if (chance !== undefined) return true;
    const counts = this.seen.get(interruption) ?? new Map<string, number>();
    this.seen.set(interruption, counts);
    const before = counts.get(functionUrn) ?? 0;
    counts.set(functionUrn, before + 1);
    return before < begunMax(this.parts.runningMaxOf(functionUrn));
  }
}
