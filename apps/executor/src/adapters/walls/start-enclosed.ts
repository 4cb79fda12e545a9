import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Cell, InstanceShare } from './walls.ts';

/** A file descriptor of a function process: unused, or a pipe to the executor. */
export type Stdio = 'ignore' | 'pipe';

/**
 * Starts a command behind the walls of a cell. The process gets no open file of the executor except
 * those of `stdio`.
 */
export function startEnclosed(
  cell: Cell,
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
  stdio: readonly Stdio[],
  share: InstanceShare,
): ChildProcess {
  const { command: line, files } = cell.enclose(command, { firstFd: stdio.length, ...share });
  const [file, ...args] = line;
  try {
    return spawn(file, args, { env, stdio: [...stdio, ...files] });
  } finally {
    for (const descriptor of files) closeSync(descriptor);
  }
}
