/**
 * Writes objects into a folder, in a worker thread; {@link FolderWriter} sends them.
 *
 * Calls that block this thread cost a third of the CPU time of promises, and a disk that stands
 * still stops nothing else. Node strips the types of this file when tests run it from source, so it
 * imports nothing but Node.js.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** An object to write. All paths are absolute, on one file system. */
export interface FolderObject {
  readonly file: string;
  readonly text: string;
  /** Written first, then renamed: readers see the object whole or not at all. */
  readonly draft: string;
  /** An empty file that is written before the object. */
  readonly mark?: string;
}

/** Why an object could not be written, as the file system said it. */
export interface WriteFault {
  readonly code?: string;
  readonly message: string;
}

/**
 * Writes objects, one after the other. Folders are created as needed. A failure leaves no draft,
 * and the former object as it was.
 * @returns a fault for each object that could not be written, in the place of that object.
 */
export function writeAll(objects: readonly FolderObject[]): (WriteFault | undefined)[] {
  return objects.map(write);
}

function write({ file, text, draft, mark }: FolderObject): WriteFault | undefined {
  try {
    if (mark !== undefined) inFolderOf(mark, () => writeFileSync(mark, ''));
    inFolderOf(draft, () => writeFileSync(draft, text, { flag: 'wx' }));
    inFolderOf(file, () => renameSync(draft, file));
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    try {
      rmSync(draft, { force: true });
    } catch {
      // The sweeper removes it later.
    }
    return { message, ...(code === undefined ? {} : { code }) };
  }
}

/** Most objects find their folders there: asking before each write would cost a fifth more. */
function inFolderOf(file: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(file), { recursive: true });
    act();
  }
}
