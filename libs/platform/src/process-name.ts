/**
 * Process names, by which one process finds out whether another process of the same machine has
 * ended.
 *
 * A name has three parts: a hash of the boot id and the PID namespace, the process id, and the
 * start time of the process. The start time is needed because the kernel reuses process ids. A name
 * from another machine or namespace cannot be judged.
 */
import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';

/**
 * The start time of a process in clock ticks since boot, which tells it from a later process with
 * the same id. Undefined if no such process runs, or if the system has no /proc.
 */
export async function startOfProcess(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/**
 * Identifies the boot and the PID namespace that process ids belong to. Undefined outside Linux,
 * and if /proc shows the processes of another namespace.
 */
async function idSpace(): Promise<string | undefined> {
  try {
    if ((await readlink('/proc/self')) !== String(process.pid)) return undefined;
    const parts = await Promise.all([readFile('/proc/sys/kernel/random/boot_id', 'utf8'), readlink('/proc/self/ns/pid')]);
    return createHash('sha256').update(parts.join(' ')).digest('hex').slice(0, 12);
  } catch {
    return undefined;
  }
}

/**
 * The name of this process: letters, digits and `-`. Undefined if the system has no /proc of
 * its PID namespace.
 */
export async function nameOfProcess(): Promise<string | undefined> {
  const here = await idSpace();
  return here === undefined ? undefined : `${here}-${process.pid}-${await startOfProcess(process.pid)}`;
}

/** True if the process with that name has certainly ended. */
export async function isProcessGone(name: string): Promise<boolean> {
  const [, space, pid, start] = /^([0-9a-f]{12})-(\d{1,10})-(\d+)$/.exec(name) ?? [];
  if (space === undefined || space !== (await idSpace())) return false;
  return (await startOfProcess(Number(pid))) !== start;
}
