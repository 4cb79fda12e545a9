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
