/**
 * Whose turn it is: a queue per function, one attempt each in turn.
 *
 * Q1. A function with a long queue waits for its turn like one with a short one: turns go round between functions, so that a
 *     quiet function never stands behind a noisy one's backlog.
 * Q2. At most `runningMax` at once in all, and for each function at most what it allows.
 */

interface Queue {
  readonly waiting: (() => Promise<void>)[];
  running: number;
  runningMax: number;
}

/** Runs tasks of many functions, fairly. */
export class AttemptQueue {
  private readonly queues = new Map<string, Queue>();
  /** Functions with something waiting, in the order of their turns. */
  private readonly turns = new Set<string>();
  private running = 0;

  constructor(private readonly runningMax: number) {}

  /** Attempts that run now. */
  get runningNow(): number {
    return this.running;
  }

  /** Attempts of one function that wait. */
  waitingOf(key: string): number {
    return this.queues.get(key)?.waiting.length ?? 0;
  }

  /** Attempts of all functions that wait. */
  get waitingNow(): number {
    let count = 0;
    for (const { waiting } of this.queues.values()) count += waiting.length;
    return count;
  }

  /**
   * Runs a task when its function's turn comes.
   * @param functionRunningMax at most so many of this function at once, from 1; the latest word counts.
   * @returns settles as the task does.
   */
  async run(key: string, functionRunningMax: number, task: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const queue = this.queues.get(key) ?? { waiting: [], running: 0, runningMax: functionRunningMax };
      queue.runningMax = functionRunningMax;
      this.queues.set(key, queue);
      queue.waiting.push(async () => task().then(resolve, reject));
      this.turns.add(key);
      this.next();
    });
  }

  private next(): void {
    let passed = 0;
    while (this.running < this.runningMax && passed < this.turns.size) {
      const [key] = this.turns;
      if (key === undefined) return;
      this.turns.delete(key);
      const queue = this.queues.get(key);
      if (queue === undefined) continue;
      if (queue.running >= queue.runningMax) {
        this.turns.add(key);
        passed++;
        continue;
      }
      passed = 0;
      const task = queue.waiting.shift();
      if (queue.waiting.length > 0) this.turns.add(key);
      if (task !== undefined) void this.start(key, queue, task);
    }
  }

  private async start(key: string, queue: Queue, task: () => Promise<void>): Promise<void> {
    queue.running++;
    this.running++;
    await task();
    queue.running--;
    this.running--;
    if (queue.running === 0 && queue.waiting.length === 0) this.queues.delete(key);
    this.next();
  }
}
