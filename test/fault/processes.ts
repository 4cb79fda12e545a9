import { readFileSync, readlinkSync } from 'node:fs';
import { eventually } from '#testing';
import { procTable } from '../../apps/executor/src/adapters/walls/process-table.ts';
import { isRunning } from '../../apps/executor/testing/processes.ts';

const frozen = new Set<number>();
// A frozen process does not notice that its parent has ended.
process.once('exit', () => frozen.forEach((pid) => signal(pid, 'SIGKILL')));

/** Sends a signal. Does nothing if the process has ended. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Stops a process with SIGSTOP. It ends with the test at the latest. @returns lets it go on. */
export function freeze(pid: number): () => void {
  frozen.add(pid);
  signal(pid, 'SIGSTOP');
  return () => {
    frozen.delete(pid);
    signal(pid, 'SIGCONT');
  };
}

/** Lets every frozen process go on. */
export function thawAll(): void {
  for (const pid of frozen) signal(pid, 'SIGCONT');
  frozen.clear();
}

/** The ids of a process and of its descendants, parents first. */
export function treeOf(root: number): readonly number[] {
  const all = procTable.all();
  const tree = [root];
  // The loop reads entries that it has appended.
  for (const pid of tree) for (const facts of all) if (facts.parent === pid) tree.push(facts.pid);
  return tree;
}

/** Kills processes with SIGKILL. Resolves when all have ended. */
export async function killAll(pids: readonly number[]): Promise<void> {
  for (const pid of pids) signal(pid, 'SIGKILL');
  await eventually(() => !pids.some(isRunning));
}

/** A program, its arguments with a blank after each, and its working folder. */
interface Command {
  readonly program: string;
  readonly args: string;
  readonly folder: string;
}

/** @returns the id of the process whose command fits; undefined if none does. */
export function pidOf(fits: (command: Command) => boolean): number | undefined {
  return procTable.all().find(({ pid }) => {
    try {
      const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return fits({ program, args: args.join(' '), folder: readlinkSync(`/proc/${pid}/cwd`) });
    } catch {
      return false;
    }
  })?.pid;
}
