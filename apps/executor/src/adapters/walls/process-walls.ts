/**
 * Walls of a plain process: another user where the executor is root, limits of the kernel, and no
 * way to gain privileges. Node's permission model does the rest.
 */
import { randomUUID } from 'node:crypto';
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CodeOwners } from './code-owners.ts';
import { limitsPrefix, privilegesPrefix } from './limits.ts';
import type { ProgramFiles } from './program-files.ts';
import { removeFolder } from './remove-folder.ts';
import { type Cell, threadsMax, type Walls } from './walls.ts';

/** Parts of {@link ProcessWalls}. */
export interface ProcessWallsParts {
  /** `none` starts the process with the executor's user and without limits. */
  readonly level: 'process' | 'none';
  readonly programs: ProgramFiles;
  /** Holds the temporary folders. */
  readonly tmpRoot: string;
  readonly owners: CodeOwners;
  readonly tmpBytesMax: number;
  readonly tmpFilesMax: number;
}

/** Walls without namespaces. */
export class ProcessWalls implements Walls {
  readonly level: 'process' | 'none';

  constructor(private readonly parts: ProcessWallsParts) {
    this.level = parts.level;
  }

  async cellFor(codeDir: string): Promise<Cell> {
    const { owners, tmpBytesMax, tmpRoot, programs, level } = this.parts;
    const tmpDir = join(tmpRoot, randomUUID());
    const user = owners.takeUser(codeDir);
    const release = () => {
      owners.giveBack(user);
      // Best effort: the parent folder is deleted when the executor ends.
      void removeFolder(tmpDir).catch(() => undefined);
    };
    try {
      // Other users pass the folder of all, and only their own one is theirs.
      await mkdir(tmpRoot, { recursive: true, mode: 0o711 });
      await mkdir(tmpDir, { mode: 0o700 });
      if (user !== undefined) await chown(tmpDir, user.uid, user.gid);
    } catch (error) {
      release();
      throw error;
    }
    // Without a user of its own, an instance would count the threads of all others too.
    const limits = { fileBytesMax: tmpBytesMax, ...(user === undefined ? {} : { threadsMax }) };
    const prefix = (memoryBytesMax: number) => [
      ...privilegesPrefix(user),
      ...(level === 'none' ? [] : limitsPrefix({ ...limits, memoryBytesMax })),
    ];
    return {
      executable: programs.executable,
      programDir: programs.programDir,
      codeDir,
      tmpDir,
      canFork: true,
      ...(level === 'none' ? {} : { tmpLimits: { bytesMax: tmpBytesMax, filesMax: this.parts.tmpFilesMax, hostPath: tmpDir } }),
      enclose: (command, { memoryBytesMax }) => ({
        command: [...prefix(memoryBytesMax), ...command] as unknown as [string, ...string[]],
        files: [],
      }),
      release,
    };
  }

  async openCode(codeDir: string): Promise<void> {
    return this.parts.owners.openCode(codeDir);
  }

  closeCode(codeDir: string): void {
    this.parts.owners.closeCode(codeDir);
  }
}
