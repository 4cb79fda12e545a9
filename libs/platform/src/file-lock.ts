/**
 * Locks of the kernel on files.
 *
 * Node.js offers no file locks, so SQLite takes them: fcntl locks on the file of an empty database.
 *
 * 1. The kernel ends a lock with its process, even if the process was killed. Nothing has to be
 *    cleared, and no process id is compared.
 * 2. Processes in other PID namespaces and containers see the lock, and those of other machines if
 *    the file system passes locks on, as NFS does.
 * 3. fcntl locks of a process end when it closes any descriptor of the file. So nothing else in the
 *    process may open a locked file.
 * 4. Child processes do not inherit the lock.
 */
import { constants } from 'node:fs';
import { access, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

/** @see https://www.sqlite.org/rescode.html#busy */
const sqliteBusy = 5;

/** A database that is garbage-collected is closed, and its lock would end. */
const held = new Set<DatabaseSync>();

/**
 * SQLite opens a write-protected file too, and locks nothing. The file is not opened here, because
 * closing it would end a lock of this process.
 */
async function assertWritable(file: string): Promise<void> {
  await access(file, constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    // SQLite creates a file that was removed meanwhile.
    if (error.code !== 'ENOENT') throw error;
  });
}

/**
 * Locks a file for this process. Creates the file, empty and with mode 600. The file stays.
 * @returns a function that ends the lock; undefined if the file is locked already, also by this
 *   process.
 * @throws the error of the system if the file cannot be written or its file system has no locks.
 */
export async function lockFile(path: string): Promise<(() => void) | undefined> {
  // SQLite reads a name that begins with `file:` as a URI.
  const file = resolve(path);
  await writeFile(file, '', { flag: 'wx', mode: 0o600 }).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    await assertWritable(file);
  });
  // Loaded only here, because Node.js prints a warning for it.
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(file);
  try {
    // A journal on disk could not be written when the disk is full.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { readonly errcode?: number }).errcode === sqliteBusy) return undefined;
    throw error;
  }
  held.add(database);
  return () => {
    if (held.delete(database)) database.close();
  };
}
