/**
 * The folder in which one executor works, beside those of other executors: `<root>/<name>`, with a
 * lock file `<root>/<name>.lock`.
 *
 * W1. A name is random and never used again. Process ids would mean others in another container.
 * W2. An executor locks its file before its folder exists. So a folder whose lock is free belongs
 *     to an executor that has ended.
 * W3. A folder without a lock file is left alone.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFile } from '#platform';

/** The folder of one executor. */
export interface WorkFolder {
  /** A UUID, for other things that this executor may leave behind. */
  readonly name: string;
  readonly path: string;
  /** Names of executors that ended without {@link remove}. Their folders are deleted. */
  readonly ended: readonly string[];
  /** Deletes the folder. */
  remove(): Promise<void>;
}

const lockName = /^([\da-f-]{36})\.lock$/;
const claimsMax = 10;

/** Deletes the folders of executors that have ended, and makes one for this executor. */
export async function openWorkFolder(root: string): Promise<WorkFolder> {
  const ended: string[] = [];
  for (const file of await readdir(root)) {
    const name = lockName.exec(file)?.[1];
    if (name !== undefined && (await removeIfFree(root, name))) ended.push(name);
  }
  for (let tried = 0; tried < claimsMax; tried++) {
    const name = randomUUID();
    const lock = join(root, `${name}.lock`);
    const unlock = await lockFile(lock);
    // Another executor may have taken the file for a leftover before this one had locked it.
    if (unlock === undefined || !existsSync(lock)) {
      unlock?.();
      continue;
    }
    const path = join(root, name);
    await mkdir(path, { mode: 0o711 });
    const remove = async () => {
      await rm(path, { recursive: true, force: true });
      await rm(lock, { force: true });
      unlock();
    };
    return { name, path, ended, remove };
  }
  throw new Error(`${root}: no folder could be locked`);
}

/** @returns false if its executor runs. */
async function removeIfFree(root: string, name: string): Promise<boolean> {
  const lock = join(root, `${name}.lock`);
  const unlock = await lockFile(lock);
  if (unlock === undefined) return false;
  await rm(join(root, name), { recursive: true, force: true });
  await rm(lock, { force: true });
  unlock();
  return true;
}
