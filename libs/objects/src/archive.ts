/**
 * Code as it comes: a ZIP from a caller who may mean harm.
 *
 * A1. Nothing is unpacked before the whole directory was looked at: names, kinds and declared sizes of all entries.
 * A2. What is declared binds: an entry that unpacks to another size or checksum than it says is refused.
 * A3. An archive that was found sound here unpacks elsewhere under the same checks; neither side trusts the other.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';

/** Bounds of an archive. */
export const archiveLimits = {
  /** Packed, in bytes. */
  archiveBytesMax: 50 * 1_048_576,
  /** Unpacked, all entries together, in bytes. */
  unpackedBytesMax: 512 * 1_048_576,
  entriesMax: 20_000,
  /** Unpacked over packed size of one entry; small ones may shrink as well as they can. */
  ratioMax: 100,
  ratioFromBytes: 10 * 1_048_576,
  /** Of a path and of one part of it, in bytes. */
  pathBytesMax: 1_024,
  partBytesMax: 255,
  /** Parts of a path. */
  depthMax: 64,
} as const;

/** What an archive was found to be. */
export type ArchiveVerdict =
  | { readonly kind: 'sound'; readonly files: number; readonly unpackedBytes: number }
  | { readonly kind: 'refused' /** For whoever made the archive. */; readonly reason: string };

/** Why an archive is refused; never leaves this file. */
class Refused extends Error {}

/** Looks at all of an archive, unpacking it to nowhere. Never rejects. */
export async function inspectArchive(bytes: Buffer): Promise<ArchiveVerdict> {
  return walk(bytes, async (_path, content) => {
    for await (const _chunk of content) continue;
  });
}

/**
 * Unpacks an archive into a folder that is empty or not there yet. A refused archive may leave a part of itself there.
 * Rejects for what the file system does, for nothing that the archive is.
 */
export async function unpackArchive(bytes: Buffer, folder: string): Promise<ArchiveVerdict> {
  return walk(bytes, async (path, content) => {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await pipeline(content, createWriteStream(file, { flags: 'wx' }));
  });
}

/** The files of an archive, by their paths, in memory; or why it is refused. @param bytesMax of all of them together. */
export async function readArchive(
  bytes: Buffer,
  bytesMax: number,
): Promise<
  { readonly kind: 'read'; readonly files: ReadonlyMap<string, Buffer> } | Extract<ArchiveVerdict, { kind: 'refused' }>
> {
  const files = new Map<string, Buffer>();
  let room = bytesMax;
  const verdict = await walk(bytes, async (path, content) => {
    const chunks: Buffer[] = [];
    for await (const chunk of content) {
      room -= chunk.length;
      if (room < 0) throw new Refused(`the archive may unpack to ${bytesMax} bytes`);
      chunks.push(chunk);
    }
    files.set(path, Buffer.concat(chunks));
  });
  return verdict.kind === 'refused' ? verdict : { kind: 'read', files };
}

async function walk(
  bytes: Buffer,
  take: (path: string, content: AsyncIterable<Buffer>) => Promise<void>,
): Promise<ArchiveVerdict> {
  try {
    if (bytes.length > archiveLimits.archiveBytesMax)
      throw new Refused(`an archive may have ${archiveLimits.archiveBytesMax} bytes`);
    const zip = await opened(bytes);
    const files = await filesOf(zip, bytes.length);
    for (const entry of files) await take(entry.fileName, contentOf(zip, entry));
    return { kind: 'sound', files: files.length, unpackedBytes: files.reduce((sum, file) => sum + file.uncompressedSize, 0) };
  } catch (error) {
    if (error instanceof Refused) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

async function opened(bytes: Buffer): Promise<ZipFile> {
  const zip = await readingZip(async () => fromBufferPromise(bytes, { lazyEntries: true, strictFileNames: true }));
  if (zip.entryCount > archiveLimits.entriesMax) throw new Refused(`an archive may have ${archiveLimits.entriesMax} entries`);
  return zip;
}

/** A1. @returns the files; folders are made as files need them. */
async function filesOf(zip: ZipFile, archiveBytes: number): Promise<readonly Entry[]> {
  const files: Entry[] = [];
  const names = new Names();
  let packedBytes = 0;
  let unpackedBytes = 0;
  await readingZip(async () => {
    for await (const entry of zip.eachEntry()) {
      const isFolder = entry.fileName.endsWith('/');
      names.add(isFolder ? entry.fileName.slice(0, -1) : entry.fileName, isFolder);
      packedBytes += entry.compressedSize;
      unpackedBytes += entry.uncompressedSize;
      if (unpackedBytes > archiveLimits.unpackedBytesMax)
        throw new Refused(`an archive may unpack to ${archiveLimits.unpackedBytesMax} bytes`);
      checkKind(entry, isFolder);
      if (!isFolder) files.push(entry);
    }
  });
  if (packedBytes > archiveBytes) throw new Refused('entries of the archive share their bytes');
  if (files.length === 0) throw new Refused('the archive has no files');
  return files;
}

function checkKind(entry: Entry, isFolder: boolean): void {
  const name = shown(entry.fileName);
  if (entry.isEncrypted()) throw new Refused(`${name} is encrypted`);
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8)
    throw new Refused(`${name} is packed in a way that is not known here (${entry.compressionMethod}); use deflate`);
  if (isFolder && entry.uncompressedSize > 0) throw new Refused(`${name} is a folder with bytes of its own`);
  // The upper half is the mode of Unix, where the archive was made there; 0 says nothing.
  const kind = (entry.externalFileAttributes >>> 16) & 0o170000;
  if (kind !== 0 && kind !== (isFolder ? 0o040000 : 0o100000))
    throw new Refused(`${name} is ${kind === 0o120000 ? 'a symbolic link' : 'no plain file'}; only files and folders are taken`);
  const isBomb =
    entry.uncompressedSize > archiveLimits.ratioFromBytes &&
    entry.uncompressedSize > entry.compressedSize * archiveLimits.ratioMax;
  if (isBomb) throw new Refused(`${name} unpacks to more than ${archiveLimits.ratioMax} times its size`);
}

/** Paths of an archive, each once, none leading out of it, none a file and a folder at once. */
class Names {
  private readonly kinds = new Map<string, 'file' | 'folder' | 'implied folder'>();

  add(path: string, isFolder: boolean): void {
    const fault = pathFault(path);
    if (fault !== undefined) throw new Refused(`${shown(path)} ${fault}`);
    const parts = path.split('/');
    // Folders that only paths tell of cost memory like those that are entries.
    if (this.kinds.size > 2 * archiveLimits.entriesMax) throw new Refused('the archive has too many folders');
    for (let depth = 1; depth < parts.length; depth++) {
      const above = parts.slice(0, depth).join('/');
      if (this.kinds.get(above) === 'file') throw new Refused(`${shown(above)} is a file and a folder`);
      if (!this.kinds.has(above)) this.kinds.set(above, 'implied folder');
    }
    const known = this.kinds.get(path);
    if (known === 'implied folder' && isFolder) return void this.kinds.set(path, 'folder');
    if (known !== undefined) throw new Refused(`${shown(path)} is there twice`);
    this.kinds.set(path, isFolder ? 'folder' : 'file');
  }
}

function pathFault(path: string): string | undefined {
  if (Buffer.byteLength(path) > archiveLimits.pathBytesMax) return `is longer than ${archiveLimits.pathBytesMax} bytes`;
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'is an absolute path';
  if (/[\\\p{Cc}]/u.test(path)) return 'has a character that paths here may not have';
  const parts = path.split('/');
  if (parts.includes('..')) return 'leads out of the archive';
  if (parts.length > archiveLimits.depthMax) return `is nested deeper than ${archiveLimits.depthMax}`;
  if (parts.some((part) => part === '' || part === '.')) return 'is no plain path';
  return parts.some((part) => Buffer.byteLength(part) > archiveLimits.partBytesMax)
    ? `has a part longer than ${archiveLimits.partBytesMax} bytes`
    : undefined;
}

/** A2. The size is checked by what reads the ZIP. */
async function* contentOf(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer> {
  const stream = await readingZip(async () => zip.openReadStreamPromise(entry));
  let checksum = 0;
  for await (const chunk of chunksOf(stream)) {
    checksum = crc32(chunk, checksum);
    yield chunk;
  }
  if (checksum !== entry.crc32) throw new Refused(`${shown(entry.fileName)} is damaged: its checksum is another one`);
}

async function* chunksOf(stream: Readable): AsyncGenerator<Buffer> {
  const chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  for (;;) {
    const next = await readingZip(async () => chunks.next());
    if (next.done === true) return;
    yield next.value;
  }
}

/** Whatever the reader of ZIPs throws is the archive's fault. */
async function readingZip<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof Refused ? error : new Refused(`not a ZIP that can be read: ${shown((error as Error).message)}`);
  }
}

/** A caller's text, fit to be shown in an error. */
function shown(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?').slice(0, 200);
}
