/**
 * Decides which attempt runs next: one queue for each function, served round robin.
 *
 * Q1. Turns go round between functions, one attempt each. The backlog of a noisy function never
 *     delays a quiet function.
 * Q2. At most `runningMax` tasks run at once. A function runs at most as many as it allows now, not
 *     as many as it allowed when the attempt arrived. It starts another one only while it runs
 *     fewer than three times as many as are free. So one function gets three quarters of the
 *     places, and places that come free go to functions that run little.
 * Q3. The queue of a function has two lines: synchronous calls, and attempts. They take turns, so
 *     neither starves the other.
 * Q4. An aborted or expired attempt skips the queue and both limits. Its task must settle it
 *     without running the function.
 * Q5. A bounded number of tasks begins in one turn of the event loop. Otherwise the answers to many
 *     calls of a noisy function come in one burst, and the records and calls of a quiet one wait.
 * Q6. A task frees its place when its work is done, while its outcome is written. So brokers that
 *     are far away do not slow a function with few places down. Outcomes that are being written are
 *     bounded: beyond that a task keeps its place until the end.
 */
import { type CancelSignal, Changes, type Clock, Deadlines, Fifo, ShortLivedMap, type Timer, TurnBudget } from '#platform';

/** The request for a turn. */
export interface Ticket {
  /** Attempts with the same key share a queue and its bound. */
  readonly key: string;
  /**
   * The most tasks of this key at once. With 0 no task waits: each begins at once, and must end
   * without doing its work. The queue calls it when an attempt arrives and when
   * limits have changed, and uses the latest answer.
   */
  readonly runningMax: () => number;
  /**
   * The limit of the function itself, from 1, or infinity: more executors run no more tasks of this
   * key. The queue calls it for the first task of a key and when limits have changed.
   */
  readonly ownMax: () => number;
  /** When the task became due, by `elapsedMs` of the clock. */
  readonly dueAt: number;
  /** The partition that the task was read from, as text; absent for a synchronous call. */
  readonly source?: string;
  /** Bytes of the payload, which are held until the task has ended. */
  readonly bytes: number;
  /** True for a synchronous call: a client waits for the answer. */
  readonly isAwaited: boolean;
  /** Names the task, for {@link AttemptQueue.placeOf}; absent for a synchronous call. */
  readonly id?: string;
  /** An aborted task must end soon. */
  readonly signal: CancelSignal;
  /**
   * The wait ends then, by `elapsedMs` of the clock, and the task must end soon. Absent: the task
   * waits without a limit.
   */
  readonly waitsUntil?: number;
}

/** A task that waits for its turn. */
export interface WaitingTask {
  /** See {@link Ticket.dueAt}. */
  readonly dueAt: number;
  /** See {@link Ticket.source}. */
  readonly source: string | undefined;
}

/** The tasks of one function that wait, and how many of them its own limit lets start. */
export interface WaitingTasks {
  /** In the order of their turns, except that synchronous calls come first. */
  readonly tasks: readonly WaitingTask[];
  /** Tasks that may start beside those that run, at least 0, or infinity. */
  readonly startable: number;
  /**
   * When the limit of the function last held a task back, by `elapsedMs` of the clock. Minus
   * infinity if it never did.
   */
  readonly limitedUntil: number;
}

/**
 * A task of the queue.
 * @param wasLimited whether the limit of its function held it back after it was due.
 * @param freePlace is called when its work is done, and only an outcome is still to be written.
 */
export type QueuedTask<Result> = (wasLimited: boolean, freePlace: () => void) => Promise<Result>;

interface Waiting extends WaitingTask {
  readonly id: string | undefined;
  readonly begin: QueuedTask<void>;
  /** Clears what the wait has registered. */
  readonly leave: () => void;
  /** Ends the wait, and begins. */
  readonly jump: () => void;
  readonly bytes: number;
}

interface Queue {
  readonly key: string;
  readonly awaited: Fifo<Waiting>;
  readonly others: Fifo<Waiting>;
  wasAwaitedLast: boolean;
  /** True while it is among the turns. */
  hasTurn: boolean;
  running: number;
  /** Tasks that have freed their place, and have not ended yet. */
  writing: number;
  /** Of all tasks, those that wait and those that have not ended. */
  bytes: number;
  runningMax: number;
  runningMaxNow: () => number;
  ownMax: number;
  ownMaxNow: () => number;
  /** See {@link WaitingTasks.limitedUntil}. */
  limitedUntil: number;
}

/** Tasks that begin in one turn of the event loop. 16 take about 3 ms. */
const startsPerTurn = 16;
/** Q2. */
const runningPerFree = 3;
/** Q6. Of one function. Of all together as many as may run at once. */
const writingMax = 192;

/**
 * The most tasks of a key that have begun and not ended.
 * @param runningMax how many of them run at once, at most.
 */
export function begunMax(runningMax: number): number {
  return runningMax + writingMax;
}

/** For a task that has no place. */
export const noPlace = (): void => undefined;

/** Runs tasks of many functions in turns. */
export class AttemptQueue {
  private readonly queues = new ShortLivedMap<string, Queue>();
  /** Functions with waiting tasks, in the order of their turns. The tasks may be gone meanwhile. */
  private readonly turns = new Fifo<Queue>();
  private running = 0;
  private writing = 0;
  /** Tasks that end, and bounds that change. */
  private readonly changes = new Changes();
  private readonly deadlines: Deadlines;
  private readonly nextSoon = (): void => this.next();

  constructor(
    /** The most attempts at once. */
    readonly runningMax: number,
    private readonly clock: Clock,
    private readonly starts: TurnBudget = new TurnBudget(startsPerTurn),
  ) {
    this.deadlines = new Deadlines(clock);
  }

  /** Attempts that run now. */
  get runningNow(): number {
    return this.running;
  }

  /** Attempts of one function that wait. */
  waitingOf(key: string): number {
    const queue = this.queues.get(key);
    return queue === undefined ? 0 : waitingIn(queue);
  }

  /**
   * The queue of one function, and the place of a task among its waiting attempts, from 1. The
   * place is absent if the task does not wait. Synchronous calls take every second turn.
   */
  placeOf(key: string, id: string): { readonly running: number; readonly waiting: number; readonly place?: number } {
    const queue = this.queues.get(key);
    if (queue === undefined) return { running: 0, waiting: 0 };
    const index = [...queue.others].findIndex((waiting) => waiting.id === id);
    return { running: queue.running, waiting: waitingIn(queue), ...(index < 0 ? {} : { place: index + 1 }) };
  }

  /** Bytes of the attempts of one function, those that run and those that wait. */
  bytesOf(key: string): number {
    return this.queues.get(key)?.bytes ?? 0;
  }

  /** Attempts of all functions that wait. */
  get waitingNow(): number {
    let count = 0;
    for (const queue of this.queues.values()) count += waitingIn(queue);
    return count;
  }

  /** The waiting tasks of each function that has some. */
  waiting(): readonly WaitingTasks[] {
    const all: WaitingTasks[] = [];
    for (const { awaited, others, running, ownMax, limitedUntil } of this.queues.values())
      if (awaited.size + others.size > 0)
        all.push({ tasks: [...awaited, ...others], startable: Math.max(0, ownMax - running), limitedUntil });
    return all;
  }

  /**
   * Runs a task when its function's turn comes, or at once when its signal aborts or `waitsUntil`
   * is reached.
   * @returns the result of the task.
   */
  run<T>(ticket: Ticket, task: QueuedTask<T>): Promise<T> {
    const { id, signal, dueAt, source, bytes } = ticket;
    const runningMax = ticket.runningMax();
    if (signal.aborted || runningMax === 0) return task(false, noPlace);
    return new Promise((resolve, reject) => {
      const queue = this.queueOf(ticket, runningMax);
      const line = ticket.isAwaited ? queue.awaited : queue.others;
      let timer: Timer | undefined;
      const leave = () => {
        signal.removeEventListener('abort', jump);
        timer?.cancel();
      };
      const begin = (wasLimited: boolean, freePlace: () => void) => task(wasLimited, freePlace).then(resolve, reject);
      const jump = () => {
        line.remove(waiting);
        queue.bytes -= ticket.bytes;
        leave();
        this.forgetIdle(queue);
        void waiting.begin(false, noPlace);
      };
      const waiting: Waiting = { id, begin, leave, jump, bytes, dueAt, source };
      line.push(waiting);
      queue.bytes += ticket.bytes;
      signal.addEventListener('abort', jump, { once: true });
      this.takeTurn(queue);
      this.next();
      if (ticket.waitsUntil !== undefined && line.tail === waiting) timer = this.deadlines.add(ticket.waitsUntil, jump);
    });
  }

  /**
   * Asks every function again how many tasks it allows, so that waiting tasks can start without a
   * new arrival.
   */
  boundsChanged(): void {
    for (const queue of [...this.queues.values()]) {
      queue.runningMax = queue.runningMaxNow();
      queue.ownMax = queue.ownMaxNow();
      if (queue.runningMax === 0) for (const waiting of [...queue.awaited, ...queue.others]) waiting.jump();
    }
    this.next();
    this.changes.tell();
  }

  /**
   * Begins the waiting tasks of one key at once, past their bound. Each must end without doing its
   * work.
   */
  beginAll(key: string): void {
    const queue = this.queues.get(key);
    if (queue !== undefined) for (const waiting of [...queue.awaited, ...queue.others]) waiting.jump();
  }

  /** Resolves when no function runs more tasks than it allows now. */
  async withinBounds(): Promise<void> {
    this.boundsChanged();
    while ([...this.queues.values()].some(({ running, runningMax }) => running > runningMax)) await this.changes.next();
  }

  private queueOf({ key, runningMax: runningMaxNow, ownMax }: Ticket, runningMax: number): Queue {
    const known = this.queues.get(key);
    if (known !== undefined) {
      known.runningMaxNow = runningMaxNow;
      known.runningMax = runningMax;
      known.ownMaxNow = ownMax;
      return known;
    }
    const queue: Queue = {
      key,
      awaited: new Fifo(),
      others: new Fifo(),
      wasAwaitedLast: false,
      hasTurn: false,
      running: 0,
      writing: 0,
      bytes: 0,
      runningMax,
      runningMaxNow,
      ownMax: ownMax(),
      ownMaxNow: ownMax,
      limitedUntil: Number.NEGATIVE_INFINITY,
    };
    this.queues.set(key, queue);
    return queue;
  }

  private next(): void {
    let passed = 0;
    while (this.running < this.runningMax && passed < this.turns.size) {
      const queue = this.turns.head;
      if (queue === undefined) return;
      const isEmpty = waitingIn(queue) === 0;
      const isFull = !isEmpty && !this.mayStart(queue);
      if (!isEmpty && !isFull && !this.starts.take(this.nextSoon)) return;
      this.turns.shift();
      queue.hasTurn = false;
      if (isEmpty) this.forgetIdle(queue);
      else if (isFull) {
        this.takeTurn(queue);
        passed++;
      } else {
        passed = 0;
        const waiting = takeFrom(queue);
        if (waitingIn(queue) > 0) this.takeTurn(queue);
        if (waiting !== undefined) this.start(queue, waiting);
      }
    }
  }

  /** Puts a function behind the others, unless it has a turn already. */
  private takeTurn(queue: Queue): void {
    if (queue.hasTurn) return;
    queue.hasTurn = true;
    this.turns.push(queue);
  }

  /** Q2. */
  private mayStart({ running, runningMax }: Queue): boolean {
    return running < runningMax && running < runningPerFree * (this.runningMax - this.running);
  }

  private start(queue: Queue, { begin, leave, bytes, dueAt }: Waiting): void {
    leave();
    queue.running++;
    this.running++;
    let isWriting = false;
    const freePlace = () => {
      if (isWriting || !this.mayWrite(queue)) return;
      isWriting = true;
      queue.writing++;
      this.writing++;
      this.freePlace(queue);
    };
    void begin(queue.limitedUntil > dueAt, freePlace).then(() => {
      queue.bytes -= bytes;
      if (isWriting) {
        queue.writing--;
        this.writing--;
        this.forgetIdle(queue);
      } else this.freePlace(queue);
    });
  }

  /** Q6. */
  private mayWrite({ writing }: Queue): boolean {
    return writing < writingMax && this.writing < this.runningMax;
  }

  private freePlace(queue: Queue): void {
    if (queue.running >= queue.ownMax && waitingIn(queue) > 0) queue.limitedUntil = this.clock.elapsedMs();
    queue.running--;
    this.running--;
    this.forgetIdle(queue);
    this.changes.tell();
    this.next();
  }

  private forgetIdle(queue: Queue): void {
    if (waitingIn(queue) === 0 && queue.running === 0 && queue.writing === 0 && !queue.hasTurn) this.queues.delete(queue.key);
  }
}

function waitingIn({ awaited, others }: Queue): number {
  return awaited.size + others.size;
}

/** Q3. */
function takeFrom(queue: Queue): Waiting | undefined {
  const isAwaitedsTurn = queue.others.size === 0 || (queue.awaited.size > 0 && !queue.wasAwaitedLast);
  queue.wasAwaitedLast = isAwaitedsTurn;
  return isAwaitedsTurn ? queue.awaited.shift() : queue.others.shift();
}
