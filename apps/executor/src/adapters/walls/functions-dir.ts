import { lstat, mkdir, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
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
 * The folder for the code of running functions. Node's permission model takes a `*` in a name for
 * any characters, so functions of a data folder with a `*` run elsewhere.
 */
export function functionsDirOf({ functionDir, dataDir, isolation }: FunctionsDirSettings, uid: number | undefined): string {
  if (functionDir !== undefined) return resolve(functionDir);
  if (uid === 0 && isolation !== 'none') return sharedDir;
  const folder = resolve(dataDir, 'functions');
  return isWildcard(folder, isolation) ? `${sharedDir}-${uid ?? 'all'}` : folder;
}

/**
 * Makes the folder for the code of running functions. An executor that is root starts functions as
 * other users. They pass this folder, and cannot list it. They cannot pass the data folder.
 * @returns its real path: Node's permission model compares real paths.
 * @throws PlatformError `CONFIG_INVALID` if another user owns the folder, or its name has a `*`.
 */
export async function openFunctionsDir(settings: FunctionsDirSettings): Promise<string> {
  const { isolation } = settings;
  const uid = process.getuid?.();
  const hasOtherUsers = uid === 0 && isolation !== 'none';
  const named = functionsDirOf(settings, uid);
  refuseWildcard(named, isolation);
  // Files of code keep the modes of their archive; the umask must not take reading from others.
  if (hasOtherUsers) process.umask(0o022);
  await mkdir(named, { recursive: true, mode: hasOtherUsers ? 0o711 : 0o700 });
  const folder = await realpath(named);
  // A link of another user could point to any folder of this one.
  for (const { uid: owner } of [await lstat(named), await lstat(folder)])
    if (uid !== undefined && owner !== uid)
      throw invalid(`${named} is not a folder of this user: remove it, or set FUNCTION_DIR`);
  refuseWildcard(folder, isolation);
  return folder;
}

/** Behind walls of the kernel, functions see their folders under other names. */
function isWildcard(folder: string, isolation: Isolation): boolean {
  return isolation !== 'kernel' && folder.includes('*');
}

function refuseWildcard(folder: string, isolation: Isolation): void {
  if (isWildcard(folder, isolation))
    throw invalid(`functions could read folders beside ${folder}: set FUNCTION_DIR to a folder without *`);
}

function invalid(reason: string): PlatformError {
  return new PlatformError('CONFIG_INVALID', { details: { reason } });
}
