import { lstatSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PlatformError } from '#contracts';

/**
 * Primary result codes of SQLite for faults of a disk; an extended code keeps it in the low byte.
 * @see https://www.sqlite.org/rescode.html
 */
const diskCodes = { permission: 3, busy: 5, readOnly: 8, input: 10, full: 13, cannotOpen: 14 } as const;

/** The end of messages about a disk that may be mended while the process runs. */
const goesOn = 'records wait in the topics until then, and the status-logger goes on by itself';

/**
 * Adds to an error of the store or of the status log what is wrong with its disk, and what to do.
 * @param file that was written.
 * @returns a PlatformError `STORE_UNAVAILABLE`; an error for another reason as it is.
 */
export function withDiskFault(error: unknown, file: string): unknown {
  const code = diskCodeOf(error);
  if (code === undefined) return error;
  return new PlatformError('STORE_UNAVAILABLE', { details: { reason: `${faultOf(code, file)}; ${goesOn}` }, cause: error });
}

/**
 * As {@link withDiskFault}, for a start. A file that may not be written needs an operator, so it
 * becomes `STORE_UNSUITABLE`; a full disk may have room at the next start.
 */
export function withDiskFaultAtStart(error: unknown, file: string): unknown {
  const code = diskCodeOf(error);
  if (code === undefined) return error;
  const isPassing = code === diskCodes.full || code === diskCodes.input || code === diskCodes.busy || isCrowded(code, file);
  return new PlatformError(isPassing && misplaced(file) === undefined ? 'STORE_UNAVAILABLE' : 'STORE_UNSUITABLE', {
    details: { reason: faultOf(code, file) },
    cause: error,
  });
}

function faultOf(code: number, file: string): string {
  // SQLite reports these as any of its codes.
  const found = misplaced(file);
  if (found !== undefined) return `${found}: move it away`;
  if (isCrowded(code, file)) return `the disk of ${file} can hold no more files: remove some`;
  if (code === diskCodes.full) return `the disk of ${file} is full: make room on it`;
  if (code === diskCodes.input) return `the disk of ${file} is full or broken: make room on it, or repair it`;
  if (code === diskCodes.busy) return `another program holds a lock on ${file}: end that program`;
  return (
    `${file} or its folder is read-only for user ${process.getuid?.() ?? 'of this process'}: let the user write there, ` +
    'or name another folder in SENDOFF_DATA_DIR'
  );
}

/** True if a file could not be made because its disk, which may have room, can hold no more. */
function isCrowded(code: number, file: string): boolean {
  if (code !== diskCodes.full && code !== diskCodes.cannotOpen) return false;
  try {
    const { files, ffree } = statfsSync(dirname(file));
    return files > 0 && ffree === 0;
  } catch {
    return false;
  }
}

/** Ends of the names of a database and of the files that SQLite keeps beside it. */
const suffixes = ['', '-wal', '-shm', '-journal'];

/** Names what stands in the place of a database, or of a file beside it; undefined if none does. */
function misplaced(file: string): string | undefined {
  for (const suffix of suffixes) {
    const kind = kindOf(file + suffix);
    if (kind !== undefined) return `${file}${suffix} is ${kind}, not a file`;
  }
  return undefined;
}

/** @returns undefined for a file, and for nothing. */
function kindOf(path: string): string | undefined {
  const linked = lstatSync(path, { throwIfNoEntry: false });
  const found = statSync(path, { throwIfNoEntry: false });
  if (linked === undefined || found?.isFile() === true) return undefined;
  return found === undefined ? 'a link to nothing' : found.isDirectory() ? 'a folder' : 'something else';
}

/** Errors of the file system that mean the same as a code of SQLite. */
const systemCodes: Readonly<Record<string, number>> = {
  ENOSPC: diskCodes.full,
  EDQUOT: diskCodes.full,
  EIO: diskCodes.input,
  EROFS: diskCodes.readOnly,
  EACCES: diskCodes.permission,
  EPERM: diskCodes.permission,
  // The answer of a recursive `mkdir` on a read-only disk.
  ENOENT: diskCodes.cannotOpen,
};

function diskCodeOf(error: unknown): number | undefined {
  const cause: unknown = error instanceof PlatformError && error.code === 'STORE_UNAVAILABLE' ? error.cause : error;
  if (!(cause instanceof Error)) return undefined;
  if ('errcode' in cause) {
    const code = Number(cause.errcode) & 0xff;
    return Object.values<number>(diskCodes).includes(code) ? code : undefined;
  }
  return 'code' in cause ? systemCodes[String(cause.code)] : undefined;
}
