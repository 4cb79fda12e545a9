/**
 * Bounds the memory, CPU and processes of each instance by a cgroup (version 2) of its own.
 *
 * The cgroups lie in a folder that is delegated to the executor. A shell joins the cgroup and then
 * becomes the command, so no code of the function ever runs outside.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, statfs, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PlatformError } from '#contracts';
import { type Cell, type CommandNeeds, threadsMax, type Walls } from './walls.ts';

const cgroup2Type = 0x63_67_72_70;
const controllers = ['memory', 'pids', 'cpu'];
const cpuPeriodUs = 100_000;
const removalTries = 40;
const removalPauseMs = 50;

/** Folder and owner of the cgroups. */
export interface InstanceCgroupsOptions {
  /** The delegated folder. */
  readonly folder: string;
  /** Name of this executor, a UUID, which is part of the names. */
  readonly owner: string;
  /** Names of executors that have ended. */
  readonly ended: readonly string[];
  readonly kernel?: CgroupKernel;
}

/** Parts of the kernel that plain folders cannot imitate. */
export interface CgroupKernel {
  /** The type of the file system of a folder. */
  fileSystemOf(folder: string): Promise<number>;
  /** Removes a cgroup together with its files. */
  remove(cgroup: string): Promise<void>;
}

const linux: CgroupKernel = {
  fileSystemOf: async (folder) => (await statfs(folder)).type,
  remove: async (cgroup) => rmdir(cgroup),
};

/** The cgroups of all instances of one executor. */
export class InstanceCgroups {
  private made = 0;

  private constructor(
    private readonly folder: string,
    private readonly owner: string,
    private readonly kernel: CgroupKernel,
  ) {}

  /**
   * Removes what ended executors left behind, and tries a process in a cgroup.
   * @throws PlatformError `CONFIG_INVALID` if the folder cannot be used. It says what is missing.
   */
  static async open(options: InstanceCgroupsOptions): Promise<InstanceCgroups> {
    const { folder, owner, ended, kernel = linux } = options;
    try {
      if (!isAbsolute(folder)) throw new Error('the path is not absolute');
      if ((await kernel.fileSystemOf(folder)) !== cgroup2Type) throw new Error('it is no folder of cgroup version 2');
      await enableControllers(folder);
      const cgroups = new InstanceCgroups(folder, owner, kernel);
      await cgroups.removeAll(ended);
      await cgroups.tryOne();
      return cgroups;
    } catch (error) {
      const reason = `FUNCTION_CGROUP=${folder} cannot be used: ${(error as Error).message.trim()}`;
      throw new PlatformError('CONFIG_INVALID', { details: { reason } });
    }
  }

  /** Puts each cell of some walls into a cgroup. */
  around(walls: Walls): Walls {
    return {
      level: walls.level,
      cellFor: async (codeDir) => this.grouped(await walls.cellFor(codeDir)),
      openCode: async (codeDir) => walls.openCode(codeDir),
      closeCode: (codeDir) => walls.closeCode(codeDir),
    };
  }

  /** Ends what still runs in a cgroup of this executor, and removes all of them. */
  async close(): Promise<void> {
    await this.removeAll([this.owner]);
  }

  private async grouped(cell: Cell): Promise<Cell> {
    const cgroup = this.next();
    try {
      await mkdir(cgroup);
    } catch (error) {
      cell.release();
      throw error;
    }
    return {
      ...cell,
      enclose: (command, needs) => {
        for (const [name, value] of limitsOf(needs, cell.tmpLimits?.bytesMax ?? 0, cgroup))
          writeFileSync(join(cgroup, name), value);
        const { command: line, files } = cell.enclose(command, needs);
        return { command: [...joining(cgroup), ...line], files };
      },
      hasRunOutOfMemory: () => killsForMemory(cgroup) > 0,
      release: () => {
        cell.release();
        void this.remove(cgroup);
      },
    };
  }

  private next(): string {
    return join(this.folder, `sendoff-${this.owner}-${++this.made}`);
  }

  private async tryOne(): Promise<void> {
    const cgroup = this.next();
    await mkdir(cgroup);
    try {
      const [shell, ...args] = joining(cgroup);
      await promisify(execFile)(shell, [...args, '/bin/sh', '-c', ':']);
    } catch (error) {
      throw new Error(`a process cannot join a cgroup in it: ${(error as { stderr?: string }).stderr}`, { cause: error });
    } finally {
      await this.remove(cgroup);
    }
  }

  private async removeAll(owners: readonly string[]): Promise<void> {
    const names = await readdir(this.folder);
    const chosen = names.filter((name) => owners.some((owner) => name.startsWith(`sendoff-${owner}-`)));
    await Promise.all(chosen.map(async (name) => this.remove(join(this.folder, name))));
  }

  /** Ends the processes of a cgroup and removes it. One that stays is left for the next start. */
  private async remove(cgroup: string): Promise<void> {
    for (let tried = 0; tried < removalTries; tried++) {
      try {
        const killer = join(cgroup, 'cgroup.kill');
        // Linux before 5.14 lacks it.
        if (existsSync(killer)) await writeFile(killer, '1');
        return await this.kernel.remove(cgroup);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
        await wait(removalPauseMs);
      }
    }
  }
}

/** The start of a command line that joins a cgroup. The rest keeps the process id. */
function joining(cgroup: string): [string, ...string[]] {
  return ['/bin/sh', '-c', 'echo $$ > "$0" && exec "$@"', join(cgroup, 'cgroup.procs')];
}

/**
 * The files of a cgroup and their values. Files in memory count as memory, so a full temporary
 * folder must have room beside the function.
 */
function limitsOf({ memoryBytesMax, cpuMillicores }: CommandNeeds, tmpBytesMax: number, cgroup: string) {
  const limits: readonly (readonly [file: string, value: string])[] = [
    ['memory.max', String(memoryBytesMax + tmpBytesMax)],
    ['memory.oom.group', '1'],
    ['pids.max', String(threadsMax)],
    ['cpu.max', `${(cpuMillicores * cpuPeriodUs) / 1_000} ${cpuPeriodUs}`],
    ['memory.swap.max', '0'],
  ];
  // A kernel without swap has no file for it.
  return limits.filter(([file]) => file !== 'memory.swap.max' || existsSync(join(cgroup, file)));
}

async function enableControllers(folder: string): Promise<void> {
  const lackingIn = async (file: string) => {
    const names = (await readFile(join(folder, file), 'utf8')).trim().split(/\s+/);
    return controllers.filter((name) => !names.includes(name));
  };
  const unavailable = await lackingIn('cgroup.controllers');
  if (unavailable.length > 0) throw new Error(`cgroup.controllers lacks ${unavailable.join(', ')}`);
  const disabled = await lackingIn('cgroup.subtree_control');
  if (disabled.length === 0) return;
  try {
    await writeFile(join(folder, 'cgroup.subtree_control'), disabled.map((name) => `+${name}`).join(' '));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EBUSY' ? 'processes run in the folder itself; the executor belongs into a child of it' : message;
    throw new Error(`cgroup.subtree_control lacks ${disabled.join(', ')}: ${why}`, { cause: error });
  }
}

function killsForMemory(cgroup: string): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(cgroup, 'memory.events'), 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
