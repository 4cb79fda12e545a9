import { execFile } from 'node:child_process';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** @returns why this user cannot mount a file system; undefined if the user is root. */
export function smallDiskMissing(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'a small disk needs root';
}

/** A file system in memory, of a bounded size, that a test can fill. */
export class SmallDisk {
  private constructor(readonly folder: string) {}

  /**
   * @param filesMax files and folders that it can hold, itself included. Default: as many as fit.
   * @throws Error if this user or container may not mount.
   */
  static async mount(megabytes: number, filesMax?: number): Promise<SmallDisk> {
    const folder = await mkdtemp(join(tmpdir(), 'sendoff-disk-'));
    const files = filesMax === undefined ? '' : `,nr_inodes=${filesMax}`;
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m${files}`, 'tmpfs', folder]);
    return new SmallDisk(folder);
  }

  /** Takes all the room that is left. */
  async fill(): Promise<void> {
    const { bavail, bsize } = await statfs(this.folder);
    // The last blocks may go to another writer at the same time.
    await writeFile(this.filler, Buffer.alloc(bavail * bsize)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOSPC') throw error;
    });
  }

  /** Gives the room back. */
  async free(): Promise<void> {
    await rm(this.filler, { force: true });
  }

  /** Makes the file system read-only, or writable again. No file of it may be open for writing. */
  async allowWrites(isAllowed: boolean): Promise<void> {
    await run('mount', ['-o', `remount,${isAllowed ? 'rw' : 'ro'}`, this.folder]);
  }

  async unmount(): Promise<void> {
    await run('umount', ['-l', this.folder]);
    await rm(this.folder, { recursive: true, force: true });
  }

  private get filler(): string {
    return join(this.folder, 'filler');
  }
}
