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

/** Longest text that is looked at character by character. A call into native code costs more. */
export const shortTextMax = 64;
const asciiMax = 0x7f;

/** Bytes of a text in UTF-8. */
export function textBytes(text: string): number {
  if (text.length > shortTextMax) return Buffer.byteLength(text);
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > asciiMax) return Buffer.byteLength(text);
  return text.length;
}

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
  if (record.key) bytes += textBytes(record.key);
  for (const name in record.headers) bytes += headerFramingBytes + textBytes(name) + textBytes(record.headers[name] ?? '');
  for (const [name, value] of Object.entries(record.binaryHeaders ?? {}))
    bytes += headerFramingBytes + textBytes(name) + value.length;
  return bytes;
}
