/**
 * Catches all that would end the process of an instance: errors that no code has caught,
 * `process.exit`, and signals that the code sends to itself.
 *
 * E1. The process ends at once only if the call that ends it runs alone. Other calls go on.
 * E2. An error of one call does not end the process, whatever listeners the code adds or removes.
 */
import { constants } from 'node:os';
import { endSelf } from './bootstrap-channel.ts';
import { current, flushOutput, type Running, running } from './bootstrap-output.ts';

/** Receives what would end the process. */
export interface EndListener {
  /** False while the code is loaded: the process may end then. */
  readonly isServing: () => boolean;
  /** True once the instance takes no more calls. */
  readonly isSpoiled: () => boolean;
  /** An error that no code has caught. */
  onStrayError(error: unknown): void;
  /** @param how `exit code 3`, or the name of a signal. */
  onEnd(how: string, owner: Running | undefined): void;
}

/** Thrown to stop code that ended the process while the process goes on. */
export const exitCalled = new Error('process.exit was called');

/** Signals that do nothing, or only stop the process, if the code has no listener. */
const harmless = new Set(['SIGCHLD', 'SIGCONT', 'SIGURG', 'SIGWINCH', 'SIGPIPE', 'SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU']);

function nameOf(signal: string | number): string {
  if (typeof signal === 'string') return signal;
  return Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? '';
}

/** True if this process ends when it gets the signal. */
function isDeadly(signal: string): boolean {
  if (signal === 'SIGKILL') return true;
  return signal in constants.signals && !harmless.has(signal) && process.listenerCount(signal as NodeJS.Signals) === 0;
}

/** Takes the place of everything in `process` that ends it. */
export function captureEnds(listener: EndListener): void {
  const end = (how: string, really: () => never): never => {
    const owner = current.getStore();
    const isAlone = owner !== undefined && running.has(owner.id) && running.size === 1;
    if (!listener.isServing() || (isAlone && !listener.isSpoiled())) return really();
    listener.onEnd(how, owner);
    throw exitCalled;
  };
  captureErrors(listener);

  const { exit, abort, reallyExit } = process as NodeJS.Process & { reallyExit(code?: number): never };
  const statusOf = (code: unknown) => `exit code ${Number(code ?? process.exitCode ?? 0)}`;
  const replace = (name: string, value: unknown) => Object.defineProperty(process, name, { value, writable: true });
  replace('exit', (code?: number) => end(statusOf(code), () => exit.call(process, code)));
  replace('reallyExit', (code?: number) => end(statusOf(code), () => reallyExit.call(process, code)));
  replace('abort', () =>
    end('SIGABRT', () => {
      flushOutput();
      return abort.call(process);
    }),
  );
  // The permission model does not cover signals: code may send them to its own process only.
  const kill = (pid: number, signal: string | number = 'SIGTERM'): true => {
    if (pid !== process.pid) throw Object.assign(new Error('a function may signal itself only'), { code: 'ERR_ACCESS_DENIED' });
    const name = nameOf(signal);
    if (!isDeadly(name)) return endSelf(signal);
    return end(name, () => {
      flushOutput();
      return endSelf(signal) as never;
    });
  };
  Object.defineProperty(process, 'kill', { value: kill });
}

/**
 * E2. Node ends a process whose listener of this event throws, or that has none. The same holds for
 * the capture callback, which replaces all listeners. The module `domain` sets one.
 */
function captureErrors({ onStrayError }: EndListener): void {
  const guard =
    (listener: (...args: unknown[]) => unknown) =>
    (...args: unknown[]): void => {
      try {
        listener(...args);
      } catch (error) {
        onStrayError(error);
      }
    };
  const emit = process.emit.bind(process) as (event: string, ...args: unknown[]) => boolean;
  const guarded = (event: string, ...args: unknown[]): boolean => {
    if (event !== 'uncaughtException' && event !== 'uncaughtExceptionMonitor') return emit(event, ...args);
    if (event === 'uncaughtException') onStrayError(args[0]);
    guard(emit as (...all: unknown[]) => unknown)(event, ...args);
    return true;
  };
  process.emit = guarded as typeof process.emit;

  const setCapture = process.setUncaughtExceptionCaptureCallback.bind(process);
  const setGuarded = (capture: unknown) =>
    setCapture(typeof capture === 'function' ? guard(capture as (error: unknown) => unknown) : (capture as null));
  process.setUncaughtExceptionCaptureCallback = setGuarded as typeof process.setUncaughtExceptionCaptureCallback;
}
