/**
 * Reads ZIPs from callers. A ZIP may be malicious: path traversal, ZIP bombs, overlapping entries.
 *
 * A1. The whole directory is checked before any entry is unpacked: the name, kind and declared size
 * of each entry. A2. An entry that unpacks to another size or checksum than declared is refused.
 * A3. The ingress and the executor both run all checks; neither trusts the other.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';

/** Limits of an archive. */
export const archiveLimits = {
  /** Size of the ZIP, in bytes. */
  archiveBytesMax: 50 * 1_048_576,
  /** Unpacked size of all entries together, in bytes. */
  unpackedBytesMax: 512 * 1_048_576,
  entriesMax: 20_000,
  /**
   * Highest compression ratio of an entry, and of all entries together. Up to `ratioFromBytes`
   * unpacked may have any ratio.
   */
  ratioMax: 100,
  ratioFromBytes: 10 * 1_048_576,
  /** Length of a path and of one part of it, in bytes. */
  pathBytesMax: 1_024,
  partBytesMax: 255,
  /** Number of parts of a path. */
  depthMax: 64,
} as const;

/** The result of checking an archive: sound, or refused with a reason. */
export type ArchiveVerdict =
  | { readonly kind: 'sound'; readonly files: number; readonly unpackedBytes: number }
  | { readonly kind: 'refused' /** Shown to the caller. */; readonly reason: string };

/** Carries the reason of a refusal inside this file. */
class Refused extends Error {}

/** Checks an archive completely: unpacks every entry and discards the bytes. Never rejects. */
export async function inspectArchive(bytes: Buffer): Promise<ArchiveVerdict> {
  return walk(bytes, async (_path, content) => {
    for await (const _chunk of content) continue;
  });
}

/**
 * Unpacks an archive into a folder that is empty or does not exist yet. A refused archive may leave
 * some files there. Rejects for errors of the file system only, never for a fault of the archive.
 */
export async function unpackArchive(bytes: Buffer, folder: string): Promise<ArchiveVerdict> {
  return walk(bytes, async (path, content) => {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await pipeline(content, createWriteStream(file, { flags: 'wx' }));
  });
}

/** Unpacks an archive into memory, by path. @param bytesMax limit of all files together. */
export async function readArchive(
  bytes: Buffer,
  bytesMax: number,
): Promise<
  { readonly kind: 'read'; readonly files: ReadonlyMap<string, Buffer> } | Extract<ArchiveVerdict, { kind: 'refused' }>
> {
  const files = new Map<string, Buffer>();
  let bytesLeft = bytesMax;
  const verdict = await walk(bytes, async (path, content) => {
    const chunks: Buffer[] = [];
    for await (const chunk of content) {
      bytesLeft -= chunk.length;
      if (bytesLeft < 0) throw new Refused(`the archive unpacks to more than ${bytesMax} bytes`);
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
      throw new Refused(`the archive is larger than ${archiveLimits.archiveBytesMax} bytes`);
    const zip = await opened(bytes);
    const files = await filesOf(zip, bytes.length);
    for (const { entry, path } of files) await take(path, contentOf(zip, entry));
    const unpackedBytes = files.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0);
    return { kind: 'sound', files: files.length, unpackedBytes };
  } catch (error) {
    if (error instanceof Refused) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

async function opened(bytes: Buffer): Promise<ZipFile> {
  const zip = await readingZip(async () => fromBufferPromise(bytes, { lazyEntries: true, strictFileNames: true }));
  if (zip.entryCount > archiveLimits.entriesMax)
    throw new Refused(`the archive has more than ${archiveLimits.entriesMax} entries`);
  return zip;
}

interface FileEntry {
  readonly entry: Entry;
  readonly path: string;
}

/** The path without `./` at its beginning: `zip -r code.zip .` and `tar` write it. */
function pathOf(fileName: string): string {
  return fileName.startsWith('./') ? pathOf(fileName.slice(2)) : fileName;
}

/** Checks the directory (A1). @returns the files; folders are created as files need them. */
async function filesOf(zip: ZipFile, archiveBytes: number): Promise<readonly FileEntry[]> {
  const files: FileEntry[] = [];
  const names = new Names();
  let packedBytes = 0;
  let unpackedBytes = 0;
  await readingZip(async () => {
    for await (const entry of zip.eachEntry()) {
      const isFolder = entry.fileName.endsWith('/');
      const path = pathOf(entry.fileName);
      if (path !== '') names.add(isFolder ? path.slice(0, -1) : path, isFolder);
      packedBytes += entry.compressedSize;
      unpackedBytes += entry.uncompressedSize;
      if (unpackedBytes > archiveLimits.unpackedBytesMax)
        throw new Refused(`the archive unpacks to more than ${archiveLimits.unpackedBytesMax} bytes`);
      checkKind(entry, isFolder);
      if (!isFolder) files.push({ entry, path });
    }
  });
  if (isBomb(unpackedBytes, packedBytes))
    throw new Refused(
      `the archive unpacks to ${unpackedBytes} bytes, more than ${archiveLimits.ratioMax} times its packed size of ${packedBytes}`,
    );
  if (packedBytes > archiveBytes) throw new Refused('entries of the archive overlap');
  if (files.length === 0) throw new Refused('the archive has no files');
  return files;
}

function checkKind(entry: Entry, isFolder: boolean): void {
  const name = shown(entry.fileName);
  if (entry.isEncrypted()) throw new Refused(`${name} is encrypted`);
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8)
    throw new Refused(`${name} uses compression method ${entry.compressionMethod}; use deflate`);
  if (isFolder && entry.uncompressedSize > 0) throw new Refused(`${name} is a folder with content`);
  // The upper 16 bits are the Unix mode if the archive was made on Unix, else 0.
  const kind = (entry.externalFileAttributes >>> 16) & 0o170000;
  if (kind !== 0 && kind !== (isFolder ? 0o040000 : 0o100000))
    throw new Refused(
      `${name} is ${kind === 0o120000 ? 'a symbolic link' : 'not a regular file'}; only files and folders are accepted`,
    );
  if (isBomb(entry.uncompressedSize, entry.compressedSize))
    throw new Refused(`${name} unpacks to more than ${archiveLimits.ratioMax} times its packed size`);
}

function isBomb(unpackedBytes: number, packedBytes: number): boolean {
  return unpackedBytes > archiveLimits.ratioFromBytes && unpackedBytes > packedBytes * archiveLimits.ratioMax;
}

/**
 * The paths of an archive. Each path is unique, stays inside the archive, and is either a file or a
 * folder.
 */
class Names {
  private readonly kinds = new Map<string, 'file' | 'folder' | 'implied folder'>();

  add(path: string, isFolder: boolean): void {
    const fault = pathFault(path);
    if (fault !== undefined) throw new Refused(`${shown(path)} ${fault}`);
    const parts = path.split('/');
    // Folders without an entry of their own cost as much memory as folders with one.
    if (this.kinds.size > 2 * archiveLimits.entriesMax) throw new Refused('the archive has too many folders');
    for (let depth = 1; depth < parts.length; depth++) {
      const above = parts.slice(0, depth).join('/');
      if (this.kinds.get(above) === 'file') throw new Refused(`${shown(above)} is both a file and a folder`);
      if (!this.kinds.has(above)) this.kinds.set(above, 'implied folder');
    }
    const known = this.kinds.get(path);
    if (known === 'implied folder' && isFolder) return void this.kinds.set(path, 'folder');
    if (known === 'implied folder') throw new Refused(`${shown(path)} is both a file and a folder`);
    if (known !== undefined) throw new Refused(`${shown(path)} occurs twice`);
    this.kinds.set(path, isFolder ? 'folder' : 'file');
  }
}

function pathFault(path: string): string | undefined {
  if (Buffer.byteLength(path) > archiveLimits.pathBytesMax) return `is longer than ${archiveLimits.pathBytesMax} bytes`;
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'is an absolute path';
  if (/[\\\p{Cc}]/u.test(path)) return 'has a backslash or a control character';
  const parts = path.split('/');
  if (parts.includes('..')) return 'leads out of the archive';
  if (parts.length > archiveLimits.depthMax) return `is nested deeper than ${archiveLimits.depthMax}`;
  if (parts.some((part) => part === '' || part === '.')) return 'has an empty part or a part .';
  return parts.some((part) => Buffer.byteLength(part) > archiveLimits.partBytesMax)
    ? `has a part longer than ${archiveLimits.partBytesMax} bytes`
    : undefined;
}

/** Unpacks an entry and checks its checksum (A2). yauzl checks its size. */
async function* contentOf(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer> {
  const stream = await readingZip(async () => zip.openReadStreamPromise(entry), entry);
  let checksum = 0;
  for await (const chunk of chunksOf(stream, entry)) {
    checksum = crc32(chunk, checksum);
    yield chunk;
  }
  if (checksum !== entry.crc32) throw new Refused(`${shown(entry.fileName)} is damaged: its checksum does not match`);
}

async function* chunksOf(stream: Readable, entry: Entry): AsyncGenerator<Buffer> {
  const chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  for (;;) {
    const next = await readingZip(async () => chunks.next(), entry);
    if (next.done === true) return;
    yield next.value;
  }
}

/**
 * Turns every error of yauzl into a refusal: each is a fault of the archive.
 * @param entry the entry that is read, for the reason. Absent for the directory.
 */
async function readingZip<T>(read: () => Promise<T>, entry?: Entry): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Refused) throw error;
    const where = entry === undefined ? '' : `${shown(entry.fileName)}: `;
    throw new Refused(`not a readable ZIP: ${where}${shown((error as Error).message)}`);
  }
}

/** A caller's text, made safe for an error message. */
function shown(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?').slice(0, 200);
}
