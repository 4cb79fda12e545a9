import { readFileSync, rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '#contracts';
import { startOfProcess } from './process-name.ts';

/** @throws PlatformError `CONFIG_INVALID`. */
function unusable(folder: string, cause: unknown): never {
  const { code = String(cause) } = cause as NodeJS.ErrnoException;
  const reason = code === 'EEXIST' || code === 'ENOTDIR' ? 'it is a file, or lies below one' : code;
  throw new PlatformError('CONFIG_INVALID', {
    details: { reason: `SENDOFF_DATA_DIR: ${folder} cannot be used as a folder: ${reason}` },
    cause,
  });
}

/**
 * Takes a folder for this process alone, by a file that names the process. A file left by a process that is gone is taken over.
 * @returns what gives the folder back.
 * @throws PlatformError `DATA_DIR_LOCKED` when a living process holds it, `CONFIG_INVALID` when it cannot be made or written to.
 */
export async function lockFolder(folder: string): Promise<() => void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => unusable(folder, error));
  const file = join(folder, 'lock');
  const own = `${process.pid} ${await startOfProcess(process.pid)}`;
  for (let tries = 0; tries < 2; tries++) {
    try {
      await writeFile(file, own, { flag: 'wx' });
      return () => {
        try {
          if (readFileSync(file, 'utf8') === own) rmSync(file);
        } catch {
          // Gone already: the folder was removed with all that was in it.
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
  throw new PlatformError('DATA_DIR_LOCKED', { details: { reason: `another process has just taken ${folder}` } });
}
