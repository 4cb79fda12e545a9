import { opendir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** A process may still write while it is being killed. */
const triesMax = 4;

/**
 * Removes a folder in which a function could write, one file after the other. `rm` of Node.js
 * removes all at once. With 300,000 files the event loop stood still for 2 s, and all calls of the
 * executor with it.
 * @throws the error of the file system if something stays.
 */
export async function removeFolder(folder: string): Promise<void> {
  for (let left = triesMax; ; left -= 1) {
    await removeContents(folder);
    try {
      return await rmdir(folder);
    } catch (error) {
      if (left === 1 || (error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    }
  }
}

async function removeContents(folder: string): Promise<void> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await removeFolder(path);
    else await unlink(path);
  }
}
