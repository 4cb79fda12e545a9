/**
 * One instance: a child process with a function's code in it.
 *
 * starting -> serving -> retiring -> gone, or starting -> gone
 *
 * N1. A call ends once, by whichever comes first: its answer, its deadline, its abort, the end of the process.
 * N2. At the deadline, and when its caller aborts it, the handler's signal aborts. Whatever the handler says after that, the call ran past
 *     its timeout or was cancelled; what does not end within a short grace is ended without it: the instance takes no more calls and
 *     is killed when nobody else runs in it, so neighbours go on.
 * N3. A neighbour that goes down with the process was not at fault: its call is `unavailable`. Where one call ran alone, it was.
 * N4. What the process says is not trusted: the channel is a file descriptor that the code can write to. What has not the shape of the
 *     protocol ends the instance, and nothing else.
 */
import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { beginningOf, epochMs, limits } from '#contracts';
import type { AttemptOutcome } from '#lifecycle';
import type { Clock, Timer } from '#platform';
import type { FunctionCall } from '../../runtime.ts';
import { type ErrorDocument, type FromInstance, readFromInstance, type ToInstance } from './protocol.ts';

const abortGraceMs = 200;
const memoryCheckMs = 200;
const pageBytes = 4_096;
/** What Node itself takes is not charged to the function. */
const runtimeOverheadBytes = 64 * 1_048_576;
const tailMax = 4_096;
/** What is larger does not wait for company. */
const bundleBytesMax = 65_536;

interface Pending {
  readonly call: FunctionCall;
  readonly end: (outcome: AttemptOutcome) => void;
}

/** What an instance is given. */
export interface InstanceParts {
  readonly child: ChildProcess;
  readonly clock: Clock;
  readonly memoryMb: number;
  /** Longest time until its code is loaded and its initializer is over. */
  readonly startTimeoutMs: number;
  readonly onLog: (requestId: string, text: string) => void;
  readonly onGone: () => void;
}

/** How loading the code of an instance ended. */
export type Loading = { readonly kind: 'loaded' } | { readonly kind: 'unusable'; readonly error: ErrorDocument };

/** A child process that serves calls. */
export class Instance {
  /** How loading the code ended. */
  readonly loaded: Promise<Loading>;
  /** When the last call ended. */
  idleSince = 0;
  private readonly pending = new Map<number, Pending>();
  private readonly unsent: ToInstance[] = [];
  private unsentBytes = 0;
  private nextId = 0;
  private reserved = 0;
  private isRetiring = false;
  private isOutOfMemory = false;
  private stderrTail = '';
  private memoryTimer: Timer | undefined;

  constructor(private readonly parts: InstanceParts) {
    const { child, clock } = parts;
    this.idleSince = clock.now();
    this.loaded = new Promise((resolve) => {
      const timer = clock.setTimer(parts.startTimeoutMs, () => this.kill());
      const settle = (loading: Loading) => {
        timer.cancel();
        resolve(loading);
      };
      child.on('message', (sent: unknown) => {
        const messages = readFromInstance(sent);
        if (messages === undefined) return this.kill();
        for (const message of messages)
          if (message.kind === 'ready') settle({ kind: 'loaded' });
          else if (message.kind === 'unusable') settle({ kind: 'unusable', error: message.error });
          else this.onMessage(message);
      });
      child.once('error', (error) => settle(unusable(error.message)));
      child.once('exit', (code, signal) => {
        settle(unusable(`the instance ended while it started (${signal ?? `exit code ${code}`})`));
        this.onExit(code, signal);
      });
    });
    child.stdout?.on('data', (chunk: Buffer) => this.onRawOutput(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.onRawOutput(chunk));
  }

  /** Calls that run in it, and those that are about to. */
  get calls(): number {
    return this.pending.size + this.reserved;
  }

  /** Keeps room for one call, which must follow: whoever looks next finds one room less, and nobody ends the instance as idle. */
  reserve(): this {
    this.reserved++;
    return this;
  }

  /** Gives the room for a call back that will not follow. */
  giveBack(): void {
    this.reserved--;
    this.idleSince = this.parts.clock.now();
    if (this.isRetiring && this.calls === 0) this.kill();
  }

  /** May it be given another call? */
  get isServing(): boolean {
    return !this.isRetiring;
  }

  /** Runs one call in it, for which room was reserved. */
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

  /** Takes no more calls; ends when the last one has. */
  retire(): void {
    this.isRetiring = true;
    if (this.calls === 0) this.kill();
  }

  /** Ends it at once. */
  kill(): void {
    this.isRetiring = true;
    this.parts.child.kill('SIGKILL');
  }

  /** What is said in one turn of the event loop travels together: a message a call costs two writes and two reads more. */
  private send(message: ToInstance): void {
    this.unsentBytes += message.kind === 'call' ? message.payload.length : 0;
    const isFirst = this.unsent.push(message) === 1;
    if (this.unsentBytes > bundleBytesMax) this.flush();
    else if (isFirst) setImmediate(() => this.flush());
  }

  private flush(): void {
    const messages = this.unsent.splice(0);
    this.unsentBytes = 0;
    if (messages.length > 0 && this.parts.child.connected) this.parts.child.send(messages, () => undefined);
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
    this.stderrTail = (this.stderrTail + text).slice(-tailMax);
    this.parts.onLog('', text);
  }

  private onExit(code: number | null, signal: NodeJS.Signals | null): void {
    this.isRetiring = true;
    this.memoryTimer?.cancel();
    const isAlone = this.pending.size === 1;
    const isOutOfMemory = this.isOutOfMemory || this.stderrTail.includes('heap out of memory');
    for (const { end } of [...this.pending.values()]) {
      if (isOutOfMemory)
        end(failed('OutOfMemory', errorDocument('OutOfMemory', `the function used more than its ${this.parts.memoryMb} MB`)));
      else if (isAlone)
        end(
          failed(
            'UnhandledInvocationError',
            errorDocument('InstanceExited', `the function's process ended (${signal ?? `exit code ${code}`})`),
          ),
        );
      else end({ kind: 'unavailable', reason: 'the instance ended while it served several calls' });
    }
    this.parts.onGone();
  }

  /** The heap has its own limit; buffers are outside of it, so resident memory is looked at while calls run. */
  private watchMemory(): void {
    if (this.memoryTimer !== undefined) return;
    this.memoryTimer = this.parts.clock.setTimer(memoryCheckMs, () => {
      this.memoryTimer = undefined;
      if (this.pending.size === 0) return;
      void this.residentBytes().then((bytes) => {
        if (bytes <= this.parts.memoryMb * 1_048_576 + runtimeOverheadBytes) return this.watchMemory();
        this.isOutOfMemory = true;
        this.kill();
      });
    });
  }

  /** 0 where the system does not tell. */
  private async residentBytes(): Promise<number> {
    const text = await readFile(`/proc/${this.parts.child.pid}/statm`, 'utf8').catch(() => '');
    return Number(text.split(' ')[1] ?? 0) * pageBytes;
  }
}

function unusable(errorMessage: string): Loading {
  return { kind: 'unusable', error: errorDocument('InstanceError', errorMessage) };
}

function returned(payload = '', { responseBytesMax = limits.responseBytesMax }: FunctionCall): AttemptOutcome {
  const responsePayload = Buffer.from(payload);
  if (responsePayload.length <= responseBytesMax) return { kind: 'succeeded', responsePayload };
  return { kind: 'succeeded', responsePayload: Buffer.alloc(0), isLeftOut: true };
}

function timedOut(call: FunctionCall): AttemptOutcome {
  return failed(
    'InvocationTimeout',
    errorDocument('InvocationTimeout', `the function ran past its timeout of ${call.function.timeoutMs / 1_000} s`),
  );
}

/** What an error document may be of; the code writes what it likes. */
const documentMax = { typeLength: 256, frames: 16, frameLength: 1_024 } as const;

function bounded({ errorMessage, errorType, stackTrace }: ErrorDocument): ErrorDocument {
  return {
    errorMessage: beginningOf(errorMessage, limits.errorDocumentLengthMax),
    errorType: beginningOf(errorType, documentMax.typeLength),
    stackTrace: stackTrace.slice(0, documentMax.frames).map((frame) => beginningOf(frame, documentMax.frameLength)),
  };
}

/** The error document of a failure that the runtime, not the code, found. */
export function errorDocument(errorType: string, errorMessage: string): ErrorDocument {
  return { errorMessage, errorType, stackTrace: [] };
}

/** A function failure with its document, cut to its bounds and pretty-printed as FunctionGraph's runtimes do. */
export function failed(
  condition: Extract<AttemptOutcome, { kind: 'failed' }>['condition'],
  error: ErrorDocument,
  isRetryable = true,
): AttemptOutcome {
  const document = bounded(error);
  return {
    kind: 'failed',
    condition,
    errorMessage: document.errorMessage,
    responsePayload: Buffer.from(JSON.stringify(document, null, 2)),
    isRetryable,
  };
}
