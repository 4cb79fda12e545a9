import { readdir, readFile } from 'node:fs/promises';

const ticksPerSecond = 100;

/**
 * CPU seconds used so far by each process below `parent`, by a short name; several of a name are
 * added up.
 */
export async function cpuSecondsBelow(parent: number): Promise<ReadonlyMap<string, number>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const processes = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return { pid, parent: Number(fields[1]), seconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond, command };
    }),
  );
  const below = new Set([parent]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const one of processes) if (below.has(one.parent) && !below.has(one.pid)) grown = below.add(one.pid).size > 0;
  }
  const used = new Map<string, number>();
  for (const { pid, seconds, command } of processes) {
    if (!below.has(pid)) continue;
    const name =
      /apps\/([a-z-]+)\/src\/main/.exec(command)?.[1] ??
      (command.includes('kafka.Kafka') ? 'broker' : command.includes('bootstrap') ? 'functions' : 'other');
    used.set(name, (used.get(name) ?? 0) + seconds);
  }
  return used;
}
