import { constants } from 'node:os';

/**
 * Signals that ask a process to stop. Each would end it at once if nobody listened. A terminal that
 * closes sends SIGHUP, and Ctrl-\ sends SIGQUIT. Tools that start programs again send SIGUSR2, and
 * the kernel sends SIGXCPU at a limit of CPU time.
 */
export const stopSignals = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR2',
  'SIGALRM',
  'SIGXCPU',
  'SIGPWR',
] as const satisfies readonly NodeJS.Signals[];

/**
 * Signals within this time count as one, in milliseconds. At Ctrl-C, both the terminal and npm send
 * SIGINT. At a shutdown, the system sends SIGTERM to a service and to its supervisor.
 */
export const sameSignalMs = 500;

/** The argument that tells a service that a supervisor stops it. */
export const supervisedArgument = 'supervised';

/** The message with which a supervisor stops its service. */
export const stopMessage = { stop: true } as const;

/** The message with which a supervised service reports a signal to its supervisor. */
export interface SignalReport {
  readonly signal: NodeJS.Signals;
}

/** The exit code of a process that a signal ended before its work was done, as shells count. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/**
 * Lets the process go on when nobody reads its output any more, as after `| head -1` or when the
 * terminal has closed. Without a listener, the error of the next write would end the process.
 */
export function surviveClosedOutput(): void {
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
}
