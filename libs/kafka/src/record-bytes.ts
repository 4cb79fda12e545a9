import type { RecordHeaders } from '#contracts';

/**
 * Largest record the publisher takes, in bytes; below the broker's own limit of 1,048,588 for a
 * batch (`message.max.bytes`).
 */
export const recordBytesMaxDefault = 1_000_000;

/** The most bytes that the framing of a record takes. */
const framingBytes = 32;
/** The most bytes that the framing of a header takes. */
const headerFramingBytes = 8;

/**
 * Estimates the bytes of a record in a batch. The estimate is never below its uncompressed size.
 */
export function recordBytes(record: {
  readonly key?: string | null;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
  readonly binaryHeaders?: Readonly<Record<string, Buffer>>;
}): number {
  let bytes = framingBytes + (record.value?.length ?? 0);
  if (record.key) bytes += Buffer.byteLength(record.key);
  for (const name in record.headers)
    bytes += headerFramingBytes + Buffer.byteLength(name) + Buffer.byteLength(record.headers[name] ?? '');
  for (const [name, value] of Object.entries(record.binaryHeaders ?? {}))
    bytes += headerFramingBytes + Buffer.byteLength(name) + value.length;
  return bytes;
}
