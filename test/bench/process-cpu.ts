import { readdir, readFile } from 'node:fs/promises';

/** CPU seconds by the name of the process. */
export type CpuByProcess = ReadonlyMap<string, number>;

const ticksPerSecond = 100;

/** One process, as the kernel counts it. */
export interface ProcessUse {
  readonly pid: number;
  /** The service, `broker`, `functions` or `other`. */
  readonly name: string;
  /** CPU used so far, in seconds. */
  readonly cpuSeconds: number;
  /** Memory that it occupies, in MiB. */
  readonly residentMb: number;
}

const pageBytes = 4_096;
const mebibyte = 1_048_576;

function nameOf(command: string): string {
  const service = /apps\/([a-z-]+)\/src\/main/.exec(command)?.[1];
  if (service !== undefined) return service;
  return command.includes('kafka.Kafka') ? 'broker' : command.includes('bootstrap') ? 'functions' : 'other';
}

/** All processes below `parent`, and itself. */
export async function processesBelow(parent: number): Promise<readonly ProcessUse[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const processes = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      // The name may hold blanks and parentheses; the fields begin behind it.
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      const { 1: above = 0, 11: userTicks = 0, 12: systemTicks = 0, 21: pages = 0 } = fields;
      return {
        pid,
        above,
        name: nameOf(command),
        cpuSeconds: (userTicks + systemTicks) / ticksPerSecond,
        residentMb: (pages * pageBytes) / mebibyte,
      };
    }),
  );
  const below = new Set([parent]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const one of processes) if (below.has(one.above) && !below.has(one.pid)) grown = below.add(one.pid).size > 0;
  }
  return processes.filter(({ pid }) => below.has(pid));
}

/** CPU used so far by each process below `parent`; several of a name are added up. */
export async function cpuSecondsBelow(parent: number): Promise<CpuByProcess> {
  const used = new Map<string, number>();
  for (const { name, cpuSeconds } of await processesBelow(parent)) used.set(name, (used.get(name) ?? 0) + cpuSeconds);
  return used;
}
