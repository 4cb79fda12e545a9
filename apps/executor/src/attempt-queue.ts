/**
 * Whose turn it is: a queue per function, one attempt each in turn.
 *
 * Q1. A function with a long queue waits for its turn like one with a short one: turns go round
 *     between functions, so that a quiet function never stands behind a noisy one's backlog.
 * Q2. At most `runningMax` at once in all, and for each function at most what it allows now, not
 *     what it allowed when the attempt came.
 * Q3. A function's queue has two lines, for what somebody waits for and for the rest; they take
 *     turns, so neither starves the other.
 * Q4. What is aborted, or whose time is over, does not wait for its turn: it begins at once, beyond
 *     the bounds, to come to its end without running anything.
 */
import type { EpochMs } from '#contracts';
import type { Clock, Timer } from '#platform';

/** What an attempt stands in line with. */
export interface Ticket {
  /** Attempts with the same key share a queue and its bound. */
  readonly key: string;
  /**
   * At most so many of this key at once, from 1; asked when an attempt comes and when bounds have
   * changed. The latest word counts.
   */
  readonly runningMax: () => number;
  /** Does somebody wait for its answer? */
  readonly isAwaited: boolean;
  /** The task is expected to end soon once it is aborted. */
  readonly signal: AbortSignal;
  /** As long as it may wait; the task is expected to end soon once it is over. Absent: for ever. */
  readonly expiresAt?: EpochMs;
}

interface Waiting {
  readonly begin: () => Promise<void>;
  /** Its wait is over, whichever way. */
  readonly leave: () => void;
}

interface Queue {
  readonly awaited: Waiting[];
  readonly others: Waiting[];
  wasAwaitedLast: boolean;
  running: number;
  runningMax: number;
  runningMaxNow: () => number;
}

/** Runs tasks of many functions, fairly. */
export class AttemptQueue {
  private readonly queues = new Map<string, Queue>();
  /** Functions with something waiting, in the order of their turns. */
  private readonly turns = new Set<string>();
  private running = 0;

  constructor(
    private readonly runningMax: number,
    private readonly clock: Clock,
  ) {}

  /** Attempts that run now. */
  get runningNow(): number {
    return this.running;
  }

  /** Attempts of one function that wait. */
  waitingOf(key: string): number {
    const queue = this.queues.get(key);
    return queue === undefined ? 0 : waitingIn(queue);
  }

  /** Attempts of all functions that wait. */
  get waitingNow(): number {
    let count = 0;
    for (const queue of this.queues.values()) count += waitingIn(queue);
    return count;
  }

  /**
   * Runs a task when its function's turn comes, or at once when its signal aborts or its time is
   * over.
   * @returns settles as the task does.
   */
  async run<T>(ticket: Ticket, task: () => Promise<T>): Promise<T> {
    const { key, signal } = ticket;
    if (signal.aborted) return task();
    return new Promise((resolve, reject) => {
      const queue = this.queueOf(ticket);
      const line = ticket.isAwaited ? queue.awaited : queue.others;
      let timer: Timer | undefined;
      const leave = () => {
        signal.removeEventListener('abort', jump);
        timer?.cancel();
      };
      const waiting: Waiting = { begin: async () => task().then(resolve, reject), leave };
      const jump = () => {
        line.splice(line.indexOf(waiting), 1);
        leave();
        this.forgetIdle(key, queue);
        void waiting.begin();
      };
      line.push(waiting);
      signal.addEventListener('abort', jump, { once: true });
      this.turns.add(key);
      this.next();
      if (ticket.expiresAt !== undefined && line.at(-1) === waiting) timer = this.at(ticket.expiresAt, jump);
    });
  }

  /** A timer that does not fire early, as those of the system may. */
  private at(instant: EpochMs, onFire: () => void): Timer {
    let timer: Timer;
    const arm = (): Timer =>
      this.clock.setTimer(Math.max(1, instant - this.clock.now()), () => {
        if (this.clock.now() < instant) timer = arm();
        else onFire();
      });
    timer = arm();
    return { cancel: () => timer.cancel() };
  }

  /**
   * Asks every function again how many it may run at once: what waits need not wait for a newcomer
   * to tell.
   */
  boundsChanged(): void {
    for (const queue of this.queues.values()) queue.runningMax = queue.runningMaxNow();
    this.next();
  }

  private queueOf({ key, runningMax }: Ticket): Queue {
    const known = this.queues.get(key);
    if (known !== undefined) {
      known.runningMaxNow = runningMax;
      known.runningMax = runningMax();
      return known;
    }
    const queue: Queue = {
      awaited: [],
      others: [],
      wasAwaitedLast: false,
      running: 0,
      runningMax: runningMax(),
      runningMaxNow: runningMax,
    };
    this.queues.set(key, queue);
    return queue;
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
      const waiting = takeFrom(queue);
      if (waitingIn(queue) > 0) this.turns.add(key);
      if (waiting !== undefined) void this.start(key, queue, waiting);
    }
  }

  private async start(key: string, queue: Queue, { begin, leave }: Waiting): Promise<void> {
    leave();
    queue.running++;
    this.running++;
    await begin();
    queue.running--;
    this.running--;
    this.forgetIdle(key, queue);
    this.next();
  }

  private forgetIdle(key: string, queue: Queue): void {
    if (waitingIn(queue) > 0) return;
    this.turns.delete(key);
    if (queue.running === 0) this.queues.delete(key);
  }
}

function waitingIn({ awaited, others }: Queue): number {
  return awaited.length + others.length;
}

/** Q3. */
function takeFrom(queue: Queue): Waiting | undefined {
  const isAwaitedsTurn = queue.others.length === 0 || (queue.awaited.length > 0 && !queue.wasAwaitedLast);
  queue.wasAwaitedLast = isAwaitedsTurn;
  return isAwaitedsTurn ? queue.awaited.shift() : queue.others.shift();
}
