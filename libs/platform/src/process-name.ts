/**
 * Names by which processes of one machine tell which of them are gone.
 *
 * A name says where the process id means what it says (the start of the system, and the namespace of process ids), the id, and when the
 * process began, for ids are given again. Of a name from elsewhere nobody can tell.
 */
import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';

/** When a process was started, as the kernel counts: tells a process from a later one of the same id. Undefined when there is none. */
export async function startOfProcess(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat !== undefined) return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  try {
    process.kill(pid, 0);
    return 'unknown';
  } catch {
    return undefined;
  }
}

async function place(): Promise<string | undefined> {
  try {
    const parts = await Promise.all([readFile('/proc/sys/kernel/random/boot_id', 'utf8'), readlink('/proc/self/ns/pid')]);
    return createHash('sha256').update(parts.join(' ')).digest('hex').slice(0, 12);
  } catch {
    return undefined;
  }
}

/** The name of this process, of letters, digits and `-`; undefined where the system does not tell enough for one. */
export async function nameOfProcess(): Promise<string | undefined> {
  const here = await place();
  return here === undefined ? undefined : `${here}-${process.pid}-${await startOfProcess(process.pid)}`;
}

/** Is the process of that name known to be gone? */
export async function isProcessGone(name: string): Promise<boolean> {
  const [, there, pid, start] = /^([0-9a-f]{12})-(\d{1,10})-(\d+)$/.exec(name) ?? [];
  if (there === undefined || there !== (await place())) return false;
  return (await startOfProcess(Number(pid))) !== start;
}
