import { crc32, deflateRawSync } from 'node:zlib';

/** An entry of a ZIP. Every header field can be set, to wrong values too. */
export interface ZipEntry {
  readonly name: string;
  readonly data?: string | Buffer;
  /** Unix mode with file type. Default: 0100644, or 040755 if the name ends in `/`. */
  readonly mode?: number;
  /** General purpose flags. Bit 0 means encrypted. */
  readonly flags?: number;
  readonly method?: number;
  /** The unpacked size that the headers declare, if it differs from the real size. */
  readonly declaredBytes?: number;
  readonly declaredCrc32?: number;
  /** Index of another entry whose bytes this entry points at. */
  readonly sharesBytesOf?: number;
}

const utf8Names = 0x0800;
const madeByUnix = 3 << 8;

/** A ZIP of files, given by name and text. */
export function zipOf(files: Readonly<Record<string, string>>): Buffer {
  return aZip(Object.entries(files).map(([name, data]) => ({ name, data })));
}

/** A ZIP with exactly these entries. @see APPNOTE.TXT 4.3 */
export function aZip(entries: readonly ZipEntry[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  const places: { readonly offset: number; readonly packedBytes: number }[] = [];
  let offset = 0;
  for (const entry of entries) {
    const data = Buffer.from(entry.data ?? '');
    const method = entry.method ?? 8;
    const packed = method === 8 ? deflateRawSync(data) : data;
    const name = Buffer.from(entry.name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE((entry.flags ?? 0) | utf8Names, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(entry.declaredCrc32 ?? crc32(data), 10);
    const shared = entry.sharesBytesOf === undefined ? undefined : places[entry.sharesBytesOf];
    common.writeUInt32LE(shared?.packedBytes ?? packed.length, 14);
    common.writeUInt32LE(entry.declaredBytes ?? data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const place = shared ?? { offset, packedBytes: packed.length };
    places.push(place);
    if (shared === undefined) {
      const body = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, name, packed]);
      bodies.push(body);
      offset += body.length;
    }
    const head = Buffer.alloc(6);
    head.write('PK\u0001\u0002');
    head.writeUInt16LE(madeByUnix | 20, 4);
    const tail = Buffer.alloc(14);
    const mode = entry.mode ?? (entry.name.endsWith('/') ? 0o040755 : 0o100644);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(place.offset, 10);
    directory.push(head, common, tail, name);
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, listed, end]);
}
