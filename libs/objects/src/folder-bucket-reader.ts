import { constants, type Dir } from 'node:fs';
import { lstat, open, opendir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { bucketNamePattern, epochMs } from '#contracts';
import type { BucketList, BucketObject, BucketQuery, BucketReader, ObjectRead } from './bucket-reader.ts';
import { type FolderEntry, lastKeys } from './last-keys.ts';
import { unavailable } from './object-store.ts';

/** A file that is no regular one must not block, and a link must not lead elsewhere. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Names that lead nowhere: no object can have such a key. */
const absentCodes = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EISDIR', 'ENXIO']);

/**
 * Reads the buckets of a folder that takes the place of an object store: `<root>/<bucket>/<key>`.
 *
 * Keys become paths. A key with an empty part, `.` or `..` names nothing. A path is used only if it
 * is its own real path below the root, so no symbolic link is followed.
 */
export class FolderBucketReader implements BucketReader {
  constructor(private readonly root: string) {}

  /** Code and payloads are in other folders. */
  isOfPlatform(): boolean {
    return false;
  }

  /** A bucket that has no folder yet is empty: the first object makes it. */
  async list({ bucket, ...range }: BucketQuery, signal: AbortSignal): Promise<BucketList> {
    return attempt(async () => {
      const found = await lastKeys((folder, prefix) => this.entries(bucket, folder, prefix), range, signal);
      if (found === undefined) return { kind: 'too-many' };
      const shown = found.slice(0, range.limit);
      const objects = await Promise.all(shown.map(async ({ key }) => this.object(bucket, key)));
      const below = found.length > range.limit ? shown.at(-1)?.key : undefined;
      return {
        kind: 'page',
        objects: objects.flatMap((object) => object ?? []),
        ...(below === undefined ? {} : { below }),
      };
    });
  }

  async read(bucket: string, key: string, bytesMax: number): Promise<ObjectRead> {
    return attempt(async () => {
      const found = await unlessAbsent(async () => this.beginning(bucket, key, bytesMax));
      return found === undefined ? { kind: 'no-object' } : { kind: 'object', ...found };
    });
  }

  private async beginning(bucket: string, key: string, bytesMax: number) {
    const path = await this.pathOf(bucket, key);
    if (path === undefined) return undefined;
    await using file = await open(path, openFlags);
    const stats = await file.stat();
    if (!stats.isFile()) return undefined;
    const length = Math.min(stats.size, bytesMax);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
    return { bytes: buffer.subarray(0, bytesRead), size: stats.size };
  }

  private async *entries(bucket: string, folder: string, prefix: string): AsyncIterable<FolderEntry> {
    const opened = await this.opened(bucket, folder);
    if (opened === undefined) return;
    for await (const entry of opened) {
      const isFolder = entry.isDirectory();
      const key = `${folder}${entry.name}${isFolder ? '/' : ''}`;
      if ((isFolder || entry.isFile()) && key.startsWith(prefix)) yield { key, isFolder };
    }
  }

  private async opened(bucket: string, folder: string): Promise<Dir | undefined> {
    return unlessAbsent(async () => {
      const path = await this.pathOf(bucket, folder.slice(0, -1));
      return path === undefined ? undefined : opendir(path);
    });
  }

  /** Undefined if the object was deleted since its name was read. */
  private async object(bucket: string, key: string): Promise<BucketObject | undefined> {
    return unlessAbsent(async () => {
      const path = await this.pathOf(bucket, key);
      if (path === undefined) return undefined;
      const { size, mtimeMs } = await lstat(path);
      return { key, bytes: size, writtenAt: epochMs(Math.floor(mtimeMs)) };
    });
  }

  /** The path of an object or folder; undefined if the key names none within the bucket. */
  private async pathOf(bucket: string, key: string): Promise<string | undefined> {
    const parts = key === '' ? [] : key.split('/');
    if (!bucketNamePattern.test(bucket)) return undefined;
    if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))) return undefined;
    const expected = join(await realpath(this.root), bucket, ...parts);
    return (await realpath(expected)) === expected ? expected : undefined;
  }
}

async function unlessAbsent<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (absentCodes.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

async function attempt<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw unavailable((cause as Error).message, cause);
  }
}
