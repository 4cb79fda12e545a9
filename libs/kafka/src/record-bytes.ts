import type { RecordHeaders } from '#contracts';

/** Bytes of framing that a record and each of its headers may take at most. */
const framingBytes = 32;
const headerFramingBytes = 8;

/** About how many bytes a record takes in a batch; never less than it does, uncompressed. */
export function recordBytes(record: {
  readonly key?: string | null;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
}): number {
  let bytes = framingBytes + (record.value?.length ?? 0);
  if (record.key) bytes += Buffer.byteLength(record.key);
  for (const name in record.headers)
    bytes += headerFramingBytes + Buffer.byteLength(name) + Buffer.byteLength(record.headers[name] ?? '');
  return bytes;
}
