import { crc32 } from 'node:zlib';

/** A file of an archive that is written. */
export interface ArchiveFile {
  /** A plain path. */
  readonly path: string;
  readonly bytes: Buffer;
}

/** The version that is needed to read it; names are UTF-8; not packed. */
const version = 20;
const utf8Names = 0x0800;
const stored = 0;
/** 1 January 1980, the first day there is: the same files are the same bytes. */
const day = 0x0021;

/** A ZIP of a few files as they are, without packing them. @see APPNOTE.TXT 4.3 */
export function writeArchive(files: readonly ArchiveFile[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { path, bytes } of files) {
    const name = Buffer.from(path);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(version, 0);
    common.writeUInt16LE(utf8Names, 2);
    common.writeUInt16LE(stored, 4);
    common.writeUInt16LE(day, 8);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.from([0x50, 0x4b, 1, 2, version, 0]), common, place, name);
    const head = Buffer.from([0x50, 0x4b, 3, 4]);
    bodies.push(head, common, name, bytes);
    offset += head.length + common.length + name.length + bytes.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.set([0x50, 0x4b, 5, 6]);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, listed, end]);
}
