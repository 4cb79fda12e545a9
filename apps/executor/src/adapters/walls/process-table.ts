import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/** A process at one moment. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** Tells a process from a later one with the same id. */
  readonly startedAt: number;
  readonly residentBytes: number;
  /** CPU time so far, in milliseconds. */
  readonly cpuMs: number;
  readonly threads: number;
}

/** Content of a folder. */
export interface FolderFacts {
  readonly bytes: number;
  readonly files: number;
}

/** The processes of this machine. */
export interface ProcessTable {
  /** Returns undefined if the process has ended. */
  read(pid: number): ProcessFacts | undefined;
  all(): readonly ProcessFacts[];
  /** The processes that the first thread of a process has started and that still run. */
  childrenOf(pid: number): readonly ProcessFacts[];
  /**
   * The file system in memory that a process sees at a path.
   * @param bytesMax its size. A process that still starts sees another file system.
   * @returns undefined if the process does not see it.
   */
  tmpOf(pid: number, path: string, bytesMax: number): FolderFacts | undefined;
  /** Counts a folder, but no further than `filesMax` files. */
  folder(path: string, filesMax: number): Promise<FolderFacts>;
}

const pageBytes = 4_096;
/** TMPFS_MAGIC. @see statfs(2) */
const tmpfsType = 0x01021994;
/** Linux reports CPU time in hundredths of a second on every machine. */
const tickMs = 10;
const blockBytes = 512;

/** Reads `/proc` synchronously: a process takes 10 us, and no thread. */
export const procTable: ProcessTable = {
  read(pid) {
    try {
      return factsOf(pid, readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return undefined;
    }
  },

  all() {
    const names = readdirSync('/proc').filter((name) => name >= '0' && name <= '9~');
    return names.flatMap((name) => this.read(Number(name)) ?? []);
  },

  childrenOf(pid) {
    try {
      const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
      return text.split(' ').flatMap((child) => (child === '' ? [] : (this.read(Number(child)) ?? [])));
    } catch {
      return [];
    }
  },

  tmpOf(pid, path, bytesMax) {
    try {
      const { type, bsize, blocks, bfree, files, ffree } = statfsSync(`/proc/${pid}/root${path}`);
      if (type !== tmpfsType || blocks * bsize >= bytesMax + pageBytes) return undefined;
      return { bytes: (blocks - bfree) * bsize, files: files - ffree };
    } catch {
      return undefined;
    }
  },

  async folder(path, filesMax) {
    const waiting = [path];
    const total = { bytes: 0, files: 0 };
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
      try {
        for await (const entry of await opendir(next)) {
          if (++total.files > filesMax) return total;
          const file = join(next, entry.name);
          if (entry.isDirectory()) waiting.push(file);
          else total.bytes += (await lstat(file)).blocks * blockBytes;
        }
      } catch {
        // The instance may delete files meanwhile.
      }
    return total;
  },
};

/** @see proc_pid_stat(5). The name of the program is in parentheses and may hold any character. */
function factsOf(pid: number, stat: string): ProcessFacts {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return {
    pid,
    parent: field(4),
    cpuMs: (field(14) + field(15)) * tickMs,
    threads: field(20),
    startedAt: field(22),
    residentBytes: field(24) * pageBytes,
  };
}
