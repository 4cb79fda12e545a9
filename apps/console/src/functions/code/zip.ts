/**
 * Reads and changes ZIP archives in the browser. The API has checked each archive, so this code
 * trusts their sizes only as far as it allocates nothing by them.
 *
 * 1. Only the directory at the end is read. Local headers give nothing but where the bytes begin.
 * 2. A changed archive keeps the packed bytes of all other entries.
 *
 * @see APPNOTE.TXT 4.3
 */
import { ApiProblem } from '../../api/problem.ts';
import { crc32 } from './crc32.ts';

const marks = { local: 0x04034b50, directory: 0x02014b50, end: 0x06054b50 } as const;
const lengths = { local: 30, directory: 46, end: 22 } as const;
const commentMax = 65_535;
/** A field with this value is in the fields of ZIP64, which archives below 4 GB do not need. */
const zip64 = 0xffff_ffff;
const [stored, deflated] = [0, 8] as const;
/** The sizes follow the bytes. */
const sizesFollow = 0x0008;

/** An entry of an archive. */
export interface ZipEntry {
  /** As the archive has it; a folder ends in `/`. */
  readonly name: string;
  readonly bytes: number;
  readonly packedBytes: number;
  readonly method: number;
  readonly checksum: number;
  /** The place of its local header. */
  readonly offset: number;
  /** Its line of the directory. */
  readonly line: Uint8Array;
}

/** An archive that cannot be read here. The message says why. */
export class ZipFault extends ApiProblem {
  constructor(message: string) {
    super('local', `The archive cannot be read. ${message} Download it to see its files.`);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function endOf(view: DataView): number {
  const first = Math.max(0, view.byteLength - lengths.end - commentMax);
  for (let at = view.byteLength - lengths.end; at >= first; at -= 1) if (view.getUint32(at, true) === marks.end) return at;
  throw new ZipFault('It is no ZIP archive.');
}

function entryAt(archive: Uint8Array, view: DataView, at: number): ZipEntry {
  if (at + lengths.directory > view.byteLength || view.getUint32(at, true) !== marks.directory)
    throw new ZipFault('Its directory is damaged.');
  const nameLength = view.getUint16(at + 28, true);
  const length = lengths.directory + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  const line = archive.subarray(at, at + length);
  const entry = {
    name: new TextDecoder().decode(line.subarray(lengths.directory, lengths.directory + nameLength)),
    method: view.getUint16(at + 10, true),
    checksum: view.getUint32(at + 16, true),
    packedBytes: view.getUint32(at + 20, true),
    bytes: view.getUint32(at + 24, true),
    offset: view.getUint32(at + 42, true),
    line,
  };
  if ([entry.packedBytes, entry.bytes, entry.offset].includes(zip64)) throw new ZipFault('It uses ZIP64.');
  return entry;
}

/**
 * Lists the entries of an archive, folders among them.
 * @throws ZipFault if it cannot be read.
 */
export function readZip(archive: Uint8Array): readonly ZipEntry[] {
  const view = viewOf(archive);
  const end = endOf(view);
  const count = view.getUint16(end + 10, true);
  const entries: ZipEntry[] = [];
  let at = view.getUint32(end + 16, true);
  while (entries.length < count) {
    const entry = entryAt(archive, view, at);
    entries.push(entry);
    at += entry.line.length;
  }
  return entries;
}

/** The bytes of an entry as the archive holds them. */
function packedOf(archive: Uint8Array, { offset, packedBytes }: ZipEntry): Uint8Array<ArrayBuffer> {
  const view = viewOf(archive);
  if (offset + lengths.local > view.byteLength || view.getUint32(offset, true) !== marks.local)
    throw new ZipFault('An entry is damaged.');
  const begin = offset + lengths.local + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  return Uint8Array.from(archive.subarray(begin, begin + packedBytes));
}

/**
 * Unpacks the beginning of an entry.
 * @param bytesMax the unpacking ends there.
 * @throws ZipFault if the entry is damaged.
 */
export async function unpacked(archive: Uint8Array, entry: ZipEntry, bytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
  const packed = packedOf(archive, entry);
  if (entry.method === stored) return packed.subarray(0, bytesMax);
  if (entry.method !== deflated) throw new ZipFault('An entry is packed in an unknown way.');
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  const content = new Uint8Array(Math.min(bytesMax, entry.bytes));
  let filled = 0;
  try {
    while (filled < content.length) {
      const { done, value } = await reader.read();
      if (done) break;
      const taken = value.subarray(0, content.length - filled);
      content.set(taken, filled);
      filled += taken.length;
    }
  } catch {
    throw new ZipFault('An entry is damaged.');
  } finally {
    // Not awaited: the rest is not needed, and its errors are not either.
    void reader.cancel().catch(() => undefined);
  }
  return content.subarray(0, filled);
}

interface Body {
  readonly entry: Pick<ZipEntry, 'bytes' | 'packedBytes' | 'method' | 'checksum' | 'line'>;
  readonly packed: Uint8Array;
}

/** An entry with other content, not packed. */
function changed({ line }: ZipEntry, content: Uint8Array): Body {
  const size = { bytes: content.length, packedBytes: content.length };
  return { entry: { ...size, method: stored, checksum: crc32(content), line }, packed: content };
}

/** The parts of the archive of one entry: its local header with the name, and its line. */
function headersOf({ entry }: Body, offset: number): { readonly local: Uint8Array; readonly line: Uint8Array } {
  const line = Uint8Array.from(entry.line);
  const view = viewOf(line);
  view.setUint16(8, view.getUint16(8, true) & ~sizesFollow, true);
  view.setUint16(10, entry.method, true);
  view.setUint32(16, entry.checksum, true);
  view.setUint32(20, entry.packedBytes, true);
  view.setUint32(24, entry.bytes, true);
  view.setUint32(42, offset, true);
  const nameLength = view.getUint16(28, true);
  const local = new Uint8Array(lengths.local + nameLength);
  viewOf(local).setUint32(0, marks.local, true);
  // From the version to the length of the name both headers have the same fields.
  local.set(line.subarray(6, 30), 4);
  local.set(line.subarray(lengths.directory, lengths.directory + nameLength), lengths.local);
  return { local, line };
}

/**
 * Makes an archive in which some entries have other content.
 * @param contents by the name of the entry; names that the archive lacks are ignored.
 * @throws ZipFault if an entry is damaged.
 */
export function withContents(archive: Uint8Array, contents: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const bodies = readZip(archive).map((entry): Body => {
    const content = contents.get(entry.name);
    return content === undefined ? { entry, packed: packedOf(archive, entry) } : changed(entry, content);
  });
  const parts: Uint8Array[] = [];
  const lines: Uint8Array[] = [];
  let offset = 0;
  for (const body of bodies) {
    const { local, line } = headersOf(body, offset);
    parts.push(local, body.packed);
    lines.push(line);
    offset += local.length + body.packed.length;
  }
  const end = new Uint8Array(lengths.end);
  const view = viewOf(end);
  view.setUint32(0, marks.end, true);
  view.setUint16(8, lines.length, true);
  view.setUint16(10, lines.length, true);
  view.setUint32(
    12,
    lines.reduce((sum, line) => sum + line.length, 0),
    true,
  );
  view.setUint32(16, offset, true);
  return joined([...parts, ...lines, end]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
