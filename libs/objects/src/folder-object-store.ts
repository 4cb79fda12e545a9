import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type EpochMs, epochMs } from '#contracts';
import { type Clock, writeWholeFile } from '#platform';
import { checked, digestOf, isDigest, type ObjectStore, type StoredObject, unavailable } from './object-store.ts';

/**
 * An object store in a folder: `<root>/<first two digits>/<digest>`. Readers see whole files only.
 * Each file shows when it was stored by the clock of the service. That of the machine may be wrong,
 * and a sweep would take the object for an old one.
 */
export class FolderObjectStore implements ObjectStore {
  constructor(
    private readonly root: string,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  async put(bytes: Buffer, digest: string = digestOf(bytes)): Promise<string> {
    const file = this.fileOf(digest);
    await attempt(async () => writeWholeFile(file, bytes, { isSynced: true, changedAt: new Date(this.clock.now()) }));
    return digest;
  }

  async get(digest: string): Promise<Buffer | undefined> {
    if (!isDigest(digest)) return undefined;
    const bytes = await attempt(async () => unlessAbsent(readFile(this.fileOf(digest))));
    return bytes === undefined ? undefined : checked(digest, bytes);
  }

  async beginning(digest: string, bytes: number): Promise<Buffer | undefined> {
    if (!isDigest(digest)) return undefined;
    return attempt(async () => {
      const file = await unlessAbsent(open(this.fileOf(digest)));
      if (file === undefined) return undefined;
      await using opened = file;
      const { buffer, bytesRead } = await opened.read(Buffer.alloc(bytes), 0, bytes, 0);
      return buffer.subarray(0, bytesRead);
    });
  }

  async remove(digest: string, unlessStoredSince: EpochMs): Promise<void> {
    if (!isDigest(digest)) return;
    const file = this.fileOf(digest);
    await attempt(async () => {
      const found = await unlessAbsent(stat(file));
      if (found !== undefined && found.mtimeMs < unlessStoredSince) await rm(file, { force: true });
    });
  }

  async *list(): AsyncIterable<StoredObject> {
    const folders = await attempt(async () => unlessAbsent(readdir(this.root)));
    for (const folder of folders ?? []) {
      const names = await attempt(async () => unlessAbsent(readdir(join(this.root, folder))));
      for (const digest of (names ?? []).filter(isDigest)) {
        const found = await attempt(async () => unlessAbsent(stat(this.fileOf(digest))));
        if (found !== undefined) yield { digest, storedAt: epochMs(Math.floor(found.mtimeMs)), bytes: found.size };
      }
    }
  }

  private fileOf(digest: string): string {
    return join(this.root, digest.slice(0, 2), digest);
  }
}

async function attempt<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw unavailable((cause as Error).message, cause);
  }
}

async function unlessAbsent<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
