import { Turns } from '#kafka';
import { TurnBudget } from '#platform';

/** Bounds of the Kafka door. */
export interface IntakeLimits {
  /** Records that are accepted at once; the others wait. */
  readonly recordsMax: number;
  /** Records of which the work begins in one turn. 32 take about 1 ms. */
  readonly perTurn: number;
}

/** Time from the first record of a turn to the next turn, in milliseconds. */
const turnMs = 2;

/**
 * Lets records of the Kafka door in, so that HTTP callers are served first. Few records begin in
 * one turn, and few wait for the brokers at once. Functions take turns.
 *
 * A turn lasts longer than its work. So a flood over Kafka takes 35 % of a core instead of 65.
 * Without the bound the door took 24,000 records a second on two cores. Executors could not keep
 * up, and had no core for the calls of quiet functions.
 */
export class IntakePace {
  private readonly waiting = new Turns<() => void>();
  private readonly starts: TurnBudget;
  private readonly nextSoon = (): void => this.next();
  private underWay = 0;

  constructor(
    private readonly limits: IntakeLimits,
    nextTurn: (callback: () => void) => void = (callback) => void setTimeout(callback, turnMs),
  ) {
    this.starts = new TurnBudget(limits.perTurn, nextTurn);
  }

  /** Runs a task when the turn of its function has come. @returns the result of the task. */
  async run<T>(functionName: string, task: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      this.waiting.push(functionName, resolve);
      this.next();
    });
    try {
      return await task();
    } finally {
      this.underWay -= 1;
      this.next();
    }
  }

  private next(): void {
    for (let begin = this.waiting.next; begin !== undefined; begin = this.waiting.next) {
      if (this.underWay >= this.limits.recordsMax || !this.starts.take(this.nextSoon)) return;
      this.waiting.shift();
      this.underWay += 1;
      begin();
    }
  }
}
