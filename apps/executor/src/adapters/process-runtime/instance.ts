/**
 * One instance: a process with the code of one function in it.
 *
 * starting -> serving -> retiring -> gone, or starting -> gone
 *
 * N1. A call ends once, by the first of these: its answer, its deadline, its abort, the end of the
 *     process.
 * N2. The handler's signal aborts at the deadline, and when the caller aborts the call. After that
 *     the call is a timeout or cancelled, whatever the handler answers. If the handler does not end
 *     within a short grace, the call ends without it. The instance then takes no more calls, and
 *     is killed when no other call runs in it. The time in which the executor stood still does not
 *     count: the answer may wait in the channel.
 * N3. If the process ends while several calls run, none of them is blamed: each is `unavailable`,
 *     also for a limit that they exceeded together. A call that ran alone is blamed, but not after
 *     an error outside of the running calls.
 * N4. Messages of the process are not trusted: function code can write to the channel. A malformed
 *     frame ends the instance, and nothing else. So does an answer to a call that the process does
 *     not owe: a call that it never got, or has answered.
 * N5. The request id of output is that of the call, which the executor looks up by its number.
 *     Memory that the process claims is cut to what it may have.
 * N6. While the process does not read, calls wait here, so the channel holds a bounded number of
 *     bytes. A call whose deadline comes before the process has read it ends the instance too.
 */
import { limits } from '#contracts';
import type { AttemptOutcome } from '#lifecycle';
import { type CancelSignal, type Clock, Fifo, runningTimer, ShortLivedMap, type Timer } from '#platform';
import type { FunctionCall } from '../../runtime.ts';
import type { Excess, InstanceWatch, Watching } from '../walls/instance-watch.ts';
import type { TmpLimits } from '../walls/walls.ts';
import { errorDocument, failed, returned, timedOut } from './outcomes.ts';
import { type FunctionProcess, memoryBytesMaxOf, type ProcessLauncher } from './process-launcher.ts';
import type { ErrorDocument, FromInstance, ToInstance } from './protocol.ts';

const abortGraceMs = 200;
/** Output that is remembered to find out why the process ended, in characters. */
const tailMax = 4_096;
/** Answered calls whose late output still gets their request id. */
const answeredMax = 256;

interface Pending {
  readonly call: FunctionCall;
  readonly end: (outcome: AttemptOutcome) => void;
}

/** A call that the process has got, and must answer once. */
interface Owed {
  readonly requestId: string;
  readonly responseBytesMax: number;
}

/** Parts of an {@link Instance}. */
export interface InstanceParts {
  readonly process: FunctionProcess;
  readonly launcher: Pick<ProcessLauncher, 'overheadBytes' | 'isOutOfMemory'>;
  readonly clock: Clock;
  readonly watch: Pick<InstanceWatch, 'add'>;
  readonly memoryMb: number;
  readonly canFork: boolean;
  readonly tmpLimits?: TmpLimits;
  /** True if the kernel ended the process for its memory. */
  readonly hasRunOutOfMemory?: () => boolean;
  /** Longest time until its code is loaded and its initializer is over. */
  readonly startTimeoutMs: number;
  readonly onLog: (requestId: string, text: string) => void;
  readonly onGone: () => void;
}

/** How loading the code of an instance ended. */
export type Loading =
  | { readonly kind: 'loaded' }
  | {
      readonly kind: 'unusable';
      readonly error: ErrorDocument;
      /** Lines for the log of the function. */
      readonly description: string;
      readonly isOutOfMemory?: boolean;
    };

/** A process that serves the calls of one function. */
export class Instance {
  /** How loading the code ended. */
  readonly loaded: Promise<Loading>;
  /** The same once it is known: most calls find their instance loaded, and need not wait. */
  loading: Loading | undefined;
  /** When the last call ended, or the process was started, by `elapsedMs` of the clock. */
  idleSince = 0;
  private readonly pending = new ShortLivedMap<number, Pending>();
  private readonly owed = new ShortLivedMap<number, Owed>();
  /** The calls that were answered last. */
  private readonly answered = new Fifo<{ readonly id: number; readonly requestId: string }>();
  private unsent: ToInstance[] = [];
  private isFlushDue = false;
  private nextId = 1;
  private reserved = 0;
  private isRetiring = false;
  private excess: Excess | undefined;
  private hasBrokenChannel = false;
  private isStarting = true;
  private hasStartedTooLong = false;
  private isSpoiled = false;
  private outputTail = '';
  private readonly watching: Watching | undefined;

  constructor(private readonly parts: InstanceParts) {
    const { process, clock } = parts;
    this.idleSince = clock.elapsedMs();
    this.loaded = new Promise((resolve) => {
      const timer = runningTimer(clock, parts.startTimeoutMs, () => {
        this.hasStartedTooLong = true;
        this.kill();
      });
      const settle = (loading: Loading) => {
        timer.cancel();
        this.loading ??= loading;
        resolve(loading);
      };
      process.listen({
        answerBytesMax: (id) => this.owed.get(id)?.responseBytesMax,
        onMessage: (message) => this.onMessage(message, settle),
        onBreach: () => {
          this.hasBrokenChannel = true;
          this.kill();
        },
        onDrain: () => this.flush(),
        onOutput: (text) => this.onRawOutput(text),
        onEnd: (how) => {
          settle(this.endOfLoading(how));
          this.onEnd(how);
        },
      });
    });
    if (process.pid !== undefined)
      this.watching = parts.watch.add({
        pid: process.pid,
        memoryBytesMax: this.memoryBytesMax,
        canFork: parts.canFork,
        ...(parts.tmpLimits === undefined ? {} : { tmpLimits: parts.tmpLimits }),
        isBusy: () => this.isStarting || this.pending.size > 0,
        onExcess: (excess) => this.onExcess(excess),
      });
  }

  /** Calls that run in the instance, and calls with reserved room. */
  get calls(): number {
    return this.pending.size + this.reserved;
  }

  /**
   * Reserves room for calls. {@link call} or {@link giveBack} must follow for each; until then the
   * instance is not idle.
   */
  reserve(calls = 1): this {
    this.reserved += calls;
    return this;
  }

  /** Gives reserved room back. */
  giveBack(): void {
    this.reserved--;
    this.idleSince = this.parts.clock.elapsedMs();
    if (this.isRetiring && this.calls === 0) this.kill();
  }

  /** False once the instance takes no more calls. */
  get isServing(): boolean {
    return !this.isRetiring;
  }

  /** Runs one call in reserved room. */
  call(call: FunctionCall, signal: CancelSignal): Promise<AttemptOutcome> {
    const { clock } = this.parts;
    // It may have been aborted while it waited for the right to start.
    if (signal.aborted) {
      this.giveBack();
      return Promise.resolve({ kind: 'cancelled' });
    }
    const id = this.nextId++;
    this.reserved--;
    return new Promise((resolve) => {
      let grace: Timer | undefined;
      let givenUp: AttemptOutcome | undefined;
      const onAbort = () => giveUp({ kind: 'cancelled' });
      const end = (outcome: AttemptOutcome) => {
        if (!this.pending.delete(id)) return;
        deadline.cancel();
        grace?.cancel();
        signal.removeEventListener('abort', onAbort);
        this.idleSince = clock.elapsedMs();
        resolve(givenUp ?? outcome);
        if (this.isRetiring && this.calls === 0) this.kill();
      };
      const giveUp = (outcome: AttemptOutcome) => {
        givenUp ??= outcome;
        if (this.takeBack(id)) return end(outcome);
        this.send({ kind: 'abort', id });
        grace ??= clock.setTimer(abortGraceMs, () => {
          if (!this.pending.has(id)) return;
          this.isRetiring = true;
          end(outcome);
        });
      };
      this.pending.set(id, { call, end });
      const deadline = runningTimer(clock, call.timeoutMs, () => giveUp(timedOut(call)));
      signal.addEventListener('abort', onAbort, { once: true });
      const alias = call.qualifier.startsWith('!') ? call.qualifier.slice(1) : '';
      this.send({
        kind: 'call',
        id,
        requestId: call.requestId,
        payload: call.payload,
        timeoutMs: call.timeoutMs,
        alias,
        responseBytesMax: call.responseBytesMax ?? limits.responseBytesMax,
      });
    });
  }

  /** Takes no more calls; the process ends after the last one. */
  retire(): void {
    this.isRetiring = true;
    if (this.calls === 0) this.kill();
  }

  /** Ends the process at once. */
  kill(): void {
    this.isRetiring = true;
    this.parts.process.kill();
  }

  /** Batches the messages of one event-loop tick: each message of its own would cost a write. */
  private send(message: ToInstance): void {
    this.unsent.push(message);
    if (this.isFlushDue) return;
    this.isFlushDue = true;
    setImmediate(() => this.flush());
  }

  /** N6. */
  private flush(): void {
    this.isFlushDue = false;
    const { process } = this.parts;
    let sent = 0;
    for (const message of this.unsent) {
      if (process.isBehind) break;
      if (message.kind === 'call') this.owed.set(message.id, message);
      process.send(message);
      sent++;
    }
    this.unsent = this.unsent.slice(sent);
  }

  /**
   * Takes an unsent call back. A process that is behind for so long gets no more calls.
   * @returns false if the call was sent.
   */
  private takeBack(id: number): boolean {
    const at = this.unsent.findIndex((message) => message.kind === 'call' && message.id === id);
    if (at === -1) return false;
    this.unsent.splice(at, 1);
    this.isRetiring ||= this.parts.process.isBehind;
    return true;
  }

  /** @returns false if the process may not send this message now. */
  private onMessage(message: FromInstance, settle: (loading: Loading) => void): boolean {
    switch (message.kind) {
      case 'ready':
      case 'unusable': {
        if (!this.isStarting) return false;
        if (message.kind === 'unusable' && this.watching?.look() === true) return true;
        this.isStarting = false;
        settle(
          message.kind === 'ready'
            ? { kind: 'loaded' }
            : { kind: 'unusable', error: message.error, description: message.description },
        );
        return true;
      }
      case 'log':
        return this.onLog(message.id, message.text);
      case 'spoiled':
        if (this.isStarting || this.isSpoiled) return false;
        this.isSpoiled = true;
        this.retire();
        return true;
      case 'returned':
      case 'failed':
        return this.onAnswer(message);
      default:
        return message satisfies never;
    }
  }

  /** N5. */
  private onLog(id: number, text: string): boolean {
    if (id >= this.nextId) return false;
    this.parts.onLog(this.owed.get(id)?.requestId ?? this.answeredAs(id) ?? '', text);
    this.pending.get(id)?.call.observer?.printed(text);
    return true;
  }

  private onAnswer(message: Extract<FromInstance, { kind: 'returned' | 'failed' }>): boolean {
    const owed = this.owed.get(message.id);
    if (owed === undefined) return false;
    this.owed.delete(message.id);
    this.remember(message.id, owed.requestId);
    // The function sees an allocation that failed at the limit as any error.
    if (message.kind === 'failed' && this.watching?.look() === true) return true;
    const pending = this.pending.get(message.id);
    pending?.call.observer?.used(Math.min(message.memoryBytes, this.memoryBytesMax));
    if (message.kind === 'returned') pending?.end(returned(message.payload, message.isLeftOut));
    else {
      const condition = this.parts.launcher.isOutOfMemory(message.error.errorMessage)
        ? 'OutOfMemory'
        : message.isHandled
          ? 'HandledInvocationError'
          : 'UnhandledInvocationError';
      pending?.end(failed(condition, message.error, message.isRetryable));
    }
    return true;
  }

  private remember(id: number, requestId: string): void {
    this.answered.push({ id, requestId });
    if (this.answered.size > answeredMax) this.answered.shift();
  }

  /** The request id of a call that was answered lately. */
  private answeredAs(id: number): string | undefined {
    return [...this.answered].find((one) => one.id === id)?.requestId;
  }

  private onRawOutput(text: string): void {
    this.outputTail = (this.outputTail + text).slice(-tailMax);
    this.parts.onLog('', text);
  }

  private onEnd(how: string): void {
    this.isRetiring = true;
    this.watching?.end();
    const outcome = this.endOfCalls(how);
    for (const { end } of [...this.pending.values()]) end(outcome);
    this.parts.onGone();
  }

  /** N3. */
  private endOfCalls(how: string): AttemptOutcome {
    const excess = this.isOutOfMemory ? 'memory' : this.excess;
    // A call that was given up is owed as long as its code may run.
    const isAlone = this.pending.size === 1 && [...this.owed.keys()].every((id) => this.pending.has(id));
    if (!isAlone) {
      const cause = excess === undefined ? 'the instance ended' : this.reasonOf(excess);
      const unknown = `it is unknown which call ended ${excess === undefined ? 'it' : 'the instance'}`;
      return { kind: 'unavailable', reason: `${cause}, and ${unknown}` };
    }
    if (excess === 'memory') return failed('OutOfMemory', errorDocument('OutOfMemory', this.reasonOf(excess)));
    if (excess !== undefined) return failed('UnhandledInvocationError', errorDocument('LimitExceeded', this.reasonOf(excess)));
    if (this.hasBrokenChannel) return failed('UnhandledInvocationError', errorDocument('ChannelBroken', brokenChannel));
    if (this.isSpoiled) return { kind: 'unavailable', reason: 'the instance ended, and it is unknown which call ended it' };
    return failed('UnhandledInvocationError', errorDocument('InstanceExited', `the function's process ended (${how})`));
  }

  /** Ends the process. The function log tells why if no call does. */
  private onExcess(excess: Excess): void {
    this.excess = excess;
    if (this.pending.size === 0) this.parts.onLog('', `the instance was ended: ${this.reasonOf(excess)}\n`);
    this.kill();
  }

  private get isOutOfMemory(): boolean {
    const { launcher, hasRunOutOfMemory } = this.parts;
    return this.excess === 'memory' || launcher.isOutOfMemory(this.outputTail) || hasRunOutOfMemory?.() === true;
  }

  private reasonOf(excess: Excess): string {
    return reasons[excess](this.parts);
  }

  private endOfLoading(how: string): Loading {
    if (this.isOutOfMemory) return { ...unusable(this.reasonOf('memory'), 'OutOfMemory'), isOutOfMemory: true };
    if (this.excess !== undefined) return unusable(this.reasonOf(this.excess), 'LimitExceeded');
    if (this.hasStartedTooLong)
      return unusable(`the code, with its initializer, was not loaded within ${this.parts.startTimeoutMs / 1_000} s`);
    return unusable(`the instance ended while it started (${this.hasBrokenChannel ? brokenChannel : how})`);
  }

  private get memoryBytesMax(): number {
    return memoryBytesMaxOf(this.parts.memoryMb, this.parts.launcher.overheadBytes);
  }
}

const brokenChannel = 'the function wrote to file descriptor 3, which is reserved for the platform';

/** Says which limit was exceeded. */
const reasons: Readonly<Record<Excess, (parts: InstanceParts) => string>> = {
  memory: ({ memoryMb }) => `the function used more than its ${memoryMb} MB`,
  cpu: () => 'the function used a CPU for seconds while no call ran',
  tmp: ({ tmpLimits }) =>
    `the function wrote more than ${tmpLimits?.bytesMax} bytes or ${tmpLimits?.filesMax} files to its temporary folder`,
  threads: () => 'the function started too many threads',
};

function unusable(errorMessage: string, errorType = 'InstanceError'): Extract<Loading, { kind: 'unusable' }> {
  const error = errorDocument(errorType, errorMessage);
  return { kind: 'unusable', error, description: `${errorType}: ${errorMessage}` };
}
