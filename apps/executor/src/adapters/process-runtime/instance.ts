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
 *     is killed when no other call runs in it.
 * N3. If the process ends while several calls run, none of them is blamed: each is `unavailable`. A
 *     call that ran alone is blamed.
 * N4. Messages of the process are not trusted: function code can write to the channel. A message of
 *     an unknown shape ends the instance, and nothing else.
 */
import { readFile } from 'node:fs/promises';
import { epochMs } from '#contracts';
import type { AttemptOutcome } from '#lifecycle';
import type { Clock, Timer } from '#platform';
import type { FunctionCall } from '../../runtime.ts';
import { errorDocument, failed, returned, timedOut } from './outcomes.ts';
import type { FunctionProcess, ProcessLauncher } from './process-launcher.ts';
import { type ErrorDocument, type FromInstance, readFromInstance, type ToInstance } from './protocol.ts';

const abortGraceMs = 200;
const memoryCheckMs = 200;
const pageBytes = 4_096;
/** Output that is remembered to find out why the process ended, in characters. */
const tailMax = 4_096;
/** Messages of more bytes together are sent at once. */
const bundleBytesMax = 65_536;

interface Pending {
  readonly call: FunctionCall;
  readonly end: (outcome: AttemptOutcome) => void;
}

/** Parts of an {@link Instance}. */
export interface InstanceParts {
  readonly process: FunctionProcess;
  readonly launcher: Pick<ProcessLauncher, 'overheadBytes' | 'isOutOfMemory'>;
  readonly clock: Clock;
  readonly memoryMb: number;
  /** Longest time until its code is loaded and its initializer is over. */
  readonly startTimeoutMs: number;
  readonly onLog: (requestId: string, text: string) => void;
  readonly onGone: () => void;
}

/** How loading the code of an instance ended. */
export type Loading = { readonly kind: 'loaded' } | { readonly kind: 'unusable'; readonly error: ErrorDocument };

/** A process that serves the calls of one function. */
export class Instance {
  /** How loading the code ended. */
  readonly loaded: Promise<Loading>;
  /** When the last call ended, or the process was started. */
  idleSince = 0;
  private readonly pending = new Map<number, Pending>();
  private readonly unsent: ToInstance[] = [];
  private unsentBytes = 0;
  private nextId = 0;
  private reserved = 0;
  private isRetiring = false;
  private isOutOfMemory = false;
  private outputTail = '';
  private memoryTimer: Timer | undefined;

  constructor(private readonly parts: InstanceParts) {
    const { process, clock } = parts;
    this.idleSince = clock.now();
    this.loaded = new Promise((resolve) => {
      const timer = clock.setTimer(parts.startTimeoutMs, () => this.kill());
      const settle = (loading: Loading) => {
        timer.cancel();
        resolve(loading);
      };
      process.onMessages((sent) => {
        const messages = readFromInstance(sent);
        if (messages === undefined) return this.kill();
        for (const message of messages)
          if (message.kind === 'ready') settle({ kind: 'loaded' });
          else if (message.kind === 'unusable') settle({ kind: 'unusable', error: message.error });
          else this.onMessage(message);
      });
      process.onEnd((how) => {
        settle(unusable(`the instance ended while it started (${how})`));
        this.onEnd(how);
      });
    });
    process.onOutput((chunk) => this.onRawOutput(chunk));
  }

  /** Calls that run in the instance, and calls with reserved room. */
  get calls(): number {
    return this.pending.size + this.reserved;
  }

  /**
   * Reserves room for one call. {@link call} or {@link giveBack} must follow; until then the
   * instance is not idle.
   */
  reserve(): this {
    this.reserved++;
    return this;
  }

  /** Gives reserved room back. */
  giveBack(): void {
    this.reserved--;
    this.idleSince = this.parts.clock.now();
    if (this.isRetiring && this.calls === 0) this.kill();
  }

  /** False once the instance takes no more calls. */
  get isServing(): boolean {
    return !this.isRetiring;
  }

  /** Runs one call in reserved room. */
  async call(call: FunctionCall, signal: AbortSignal): Promise<AttemptOutcome> {
    const { clock } = this.parts;
    const deadlineAt = epochMs(clock.now() + call.timeoutMs);
    const id = this.nextId++;
    this.reserved--;
    return new Promise((resolve) => {
      const timers: Timer[] = [];
      let givenUp: AttemptOutcome | undefined;
      const onAbort = () => giveUp({ kind: 'cancelled' });
      const end = (outcome: AttemptOutcome) => {
        if (!this.pending.delete(id)) return;
        for (const timer of timers) timer.cancel();
        signal.removeEventListener('abort', onAbort);
        this.idleSince = clock.now();
        resolve(givenUp ?? outcome);
        if (this.isRetiring && this.calls === 0) this.kill();
      };
      const giveUp = (outcome: AttemptOutcome) => {
        givenUp ??= outcome;
        this.send({ kind: 'abort', id });
        timers.push(
          clock.setTimer(abortGraceMs, () => {
            if (!this.pending.has(id)) return;
            this.isRetiring = true;
            end(outcome);
          }),
        );
      };
      this.pending.set(id, { call, end });
      timers.push(clock.setTimer(call.timeoutMs, () => giveUp(timedOut(call))));
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
      const alias = call.qualifier.startsWith('!') ? call.qualifier.slice(1) : '';
      this.send({
        kind: 'call',
        id,
        requestId: call.requestId,
        payload: call.payload.toString('utf8'),
        deadlineAt,
        alias,
      });
      this.watchMemory();
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

  /**
   * Batches the messages of one event-loop tick: each message of its own would cost two writes and
   * two reads.
   */
  private send(message: ToInstance): void {
    this.unsentBytes += message.kind === 'call' ? message.payload.length : 0;
    const isFirst = this.unsent.push(message) === 1;
    if (this.unsentBytes > bundleBytesMax) this.flush();
    else if (isFirst) setImmediate(() => this.flush());
  }

  private flush(): void {
    const messages = this.unsent.splice(0);
    this.unsentBytes = 0;
    if (messages.length > 0) this.parts.process.send(messages);
  }

  private onMessage(message: Exclude<FromInstance, { kind: 'ready' | 'unusable' }>): void {
    const pending = 'id' in message && message.id !== undefined ? this.pending.get(message.id) : undefined;
    const observer = pending?.call.observer;
    switch (message.kind) {
      case 'log':
        this.parts.onLog(message.requestId, message.text);
        observer?.printed(message.text);
        return;
      case 'returned':
        observer?.used(message.memoryBytes);
        pending?.end(returned(message.payload, pending.call));
        return;
      case 'failed': {
        observer?.used(message.memoryBytes);
        const condition = message.isHandled ? 'HandledInvocationError' : 'UnhandledInvocationError';
        pending?.end(failed(condition, message.error, message.isRetryable));
        return;
      }
      case 'spoiled':
        return this.retire();
      default:
        message satisfies never;
    }
  }

  private onRawOutput(chunk: Buffer): void {
    const text = chunk.toString('utf8');
    this.outputTail = (this.outputTail + text).slice(-tailMax);
    this.parts.onLog('', text);
  }

  private onEnd(how: string): void {
    this.isRetiring = true;
    this.memoryTimer?.cancel();
    const isAlone = this.pending.size === 1;
    const isOutOfMemory = this.isOutOfMemory || this.parts.launcher.isOutOfMemory(this.outputTail);
    for (const { end } of [...this.pending.values()]) {
      if (isOutOfMemory)
        end(failed('OutOfMemory', errorDocument('OutOfMemory', `the function used more than its ${this.parts.memoryMb} MB`)));
      else if (isAlone)
        end(failed('UnhandledInvocationError', errorDocument('InstanceExited', `the function's process ended (${how})`)));
      else end({ kind: 'unavailable', reason: 'the instance ended while it served several calls' });
    }
    this.parts.onGone();
  }

  /**
   * Checks resident memory while calls run: the heap has a limit of its own, buffers are outside of
   * it.
   */
  private watchMemory(): void {
    if (this.memoryTimer !== undefined) return;
    this.memoryTimer = this.parts.clock.setTimer(memoryCheckMs, () => {
      this.memoryTimer = undefined;
      if (this.pending.size === 0) return;
      void this.residentBytes().then((bytes) => {
        if (bytes <= this.parts.memoryMb * 1_048_576 + this.parts.launcher.overheadBytes) return this.watchMemory();
        this.isOutOfMemory = true;
        this.kill();
      });
    });
  }

  /** 0 if the system does not provide it. */
  private async residentBytes(): Promise<number> {
    const text = await readFile(`/proc/${this.parts.process.pid}/statm`, 'utf8').catch(() => '');
    return Number(text.split(' ')[1] ?? 0) * pageBytes;
  }
}

function unusable(errorMessage: string): Loading {
  return { kind: 'unusable', error: errorDocument('InstanceError', errorMessage) };
}
