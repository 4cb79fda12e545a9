import { lstat, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PlatformError } from '#contracts';
import type { Isolation } from '#platform';

const sharedDir = '/var/tmp/sendoff-functions';

/** Settings that choose the folder. */
export interface FunctionsDirSettings {
  readonly functionDir?: string;
  readonly dataDir: string;
  readonly isolation: Isolation;
}

/**
 * Makes the folder for the code of running functions. An executor that is root starts functions as
 * other users. They pass this folder, and cannot list it. They cannot pass the data folder.
 * @throws PlatformError `CONFIG_INVALID` if another user owns the folder.
 */
export async function openFunctionsDir({ functionDir, dataDir, isolation }: FunctionsDirSettings): Promise<string> {
  const uid = process.getuid?.();
  const hasOtherUsers = uid === 0 && isolation !== 'none';
  const folder = resolve(functionDir ?? (hasOtherUsers ? sharedDir : join(dataDir, 'functions')));
  // Files of code keep the modes of their archive; the umask must not take reading from others.
  if (hasOtherUsers) process.umask(0o022);
  await mkdir(folder, { recursive: true, mode: hasOtherUsers ? 0o711 : 0o700 });
  const stats = await lstat(folder);
  if (stats.isDirectory() && (uid === undefined || stats.uid === uid)) return folder;
  throw new PlatformError('CONFIG_INVALID', {
    details: { reason: `${folder} is not a folder of this user: remove it, or set FUNCTION_DIR` },
  });
}
