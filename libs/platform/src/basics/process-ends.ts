/** Signals that ask a process to stop. A terminal that closes sends SIGHUP. */
export const stopSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Lets the process go on when nobody reads its output any more, as after `| head -1` or when the
 * terminal has closed. Without a listener, the error of the next write would end the process.
 */
export function surviveClosedOutput(): void {
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
}
