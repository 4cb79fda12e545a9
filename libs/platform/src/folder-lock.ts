import { readFileSync, rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '#contracts';
import { startOfProcess } from './process-name.ts';

/** @throws PlatformError `CONFIG_INVALID`. */
function unusable(folder: string, cause: unknown): never {
  const { code = String(cause) } = cause as NodeJS.ErrnoException;
  const reason = code === 'EEXIST' || code === 'ENOTDIR' ? 'it is a file or inside a file' : code;
  throw new PlatformError('CONFIG_INVALID', {
    details: { reason: `SENDOFF_DATA_DIR: ${folder} cannot be used as a folder: ${reason}` },
    cause,
  });
}

/**
 * Locks a folder for this process, with a file that names the process. A lock file of a process
 * that no longer runs is replaced.
 * @returns a function that releases the lock.
 * @throws PlatformError `DATA_DIR_LOCKED` if a running process holds the lock, `CONFIG_INVALID` if
 *   the folder cannot be created or written to.
 */
export async function lockFolder(folder: string): Promise<() => void> {
  // The folder holds credentials and the data of the broker.
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => unusable(folder, error));
  const file = join(folder, 'lock');
  const thisProcess = `${process.pid} ${await startOfProcess(process.pid)}`;
  for (let tries = 0; tries < 2; tries++) {
    try {
      await writeFile(file, thisProcess, { flag: 'wx' });
      return () => {
        try {
          if (readFileSync(file, 'utf8') === thisProcess) rmSync(file);
        } catch {
          // The folder was removed in the meantime, and the lock file with it.
        }
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') unusable(folder, error);
    }
    const [pid = '0', start] = (await readFile(file, 'utf8').catch(() => '')).split(' ');
    if (Number(pid) > 0 && (await startOfProcess(Number(pid))) === start)
      throw new PlatformError('DATA_DIR_LOCKED', {
        details: { reason: `process ${pid} uses ${folder}: stop it, or choose another SENDOFF_DATA_DIR` },
      });
    rmSync(file, { force: true });
  }
  throw new PlatformError('DATA_DIR_LOCKED', {
    details: { reason: `another process has just locked ${folder}: stop it, or choose another SENDOFF_DATA_DIR` },
  });
}
