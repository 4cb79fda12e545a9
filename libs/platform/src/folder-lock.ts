import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '#contracts';
import { lockFile } from './file-lock.ts';

/** SQLite opens no file whose path is longer than 512 bytes, and its journal has a longer name. */
const pathBytesMax = 480;

/** @throws PlatformError `CONFIG_INVALID`. */
function unusable(folder: string, cause: unknown): never {
  const { code = String(cause), message } = cause as NodeJS.ErrnoException;
  const reason =
    code === 'EEXIST' || code === 'ENOTDIR'
      ? 'it is a file or inside a file'
      : code === 'ERR_SQLITE_ERROR'
        ? `it cannot be locked: ${message}`
        : code;
  throw refusal(folder, reason, cause);
}

function refusal(folder: string, reason: string, cause?: unknown): PlatformError {
  return new PlatformError('CONFIG_INVALID', {
    details: { reason: `SENDOFF_DATA_DIR: ${folder} cannot be used as a folder: ${reason}` },
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * Locks a folder for this process, by a {@link lockFile} in it. The folder is created if needed.
 * The kernel ends the lock with the process.
 * @returns a function that releases the lock.
 * @throws PlatformError `DATA_DIR_LOCKED` if a running process holds the lock, `CONFIG_INVALID` if
 *   the folder cannot be created, written to or locked.
 */
export async function lockFolder(folder: string): Promise<() => void> {
  if (Buffer.byteLength(folder) > pathBytesMax) throw refusal(folder, `its path is longer than ${pathBytesMax} bytes`);
  // The folder holds credentials and the data of the broker.
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => unusable(folder, error));
  const unlock = await lockFile(join(folder, 'folder.lock')).catch((error: unknown) => unusable(folder, error));
  if (unlock === undefined)
    throw new PlatformError('DATA_DIR_LOCKED', {
      details: {
        reason: `another process, perhaps in another container, uses ${folder}: stop it, or choose another SENDOFF_DATA_DIR`,
      },
    });
  // An earlier version left its process id in this file.
  await rm(join(folder, 'lock'), { force: true });
  return unlock;
}
