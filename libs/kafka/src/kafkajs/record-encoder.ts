/**
 * Writes records in place of kafkajs, which allocates a buffer of 512 bytes for each header and one
 * for each number.
 *
 * The bytes are the same as those of kafkajs; a property test compares the two.
 * @see docs/adr/0013-records-are-written-by-our-own-code.md
 */
import { shortTextMax, textBytes } from '../record-bytes.ts';

type HeaderValue = string | Buffer | null | undefined;

/** A record as kafkajs hands it to its encoder. */
export interface RecordToWrite {
  readonly offsetDelta?: number;
  readonly timestampDelta?: number;
  readonly key?: string | Buffer | null;
  readonly value: string | Buffer | null;
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>;
}

/** A finished encoder, as kafkajs expects it. */
interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

const int32Max = 2 ** 31 - 1;

/** Returns the bytes that a number takes as a zigzag varint. */
function sizeOf(value: number): number {
  if (value > int32Max || value < -int32Max) return sizeOfLong(BigInt(value));
  let rest = ((value << 1) ^ (value >> 31)) >>> 7;
  let size = 1;
  for (; rest !== 0; rest >>>= 7) size += 1;
  return size;
}

function zigzag(value: bigint): bigint {
  return BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
}

function sizeOfLong(value: bigint): number {
  let size = 1;
  for (let rest = zigzag(value) >> 7n; rest !== 0n; rest >>= 7n) size += 1;
  return size;
}

const asciiMax = 0x7f;

/** The bytes of a text or a value in UTF-8; -1 for none. */
function bytesOf(value: HeaderValue): number {
  if (value === null || value === undefined) return -1;
  return typeof value === 'string' ? textBytes(value) : value.length;
}

/** A position in a buffer that is written from front to back. */
class Cursor {
  offset = 0;

  constructor(readonly buffer: Buffer) {}

  write(value: number): void {
    if (value > int32Max || value < -int32Max) return this.writeLong(BigInt(value));
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    for (; rest > asciiMax; rest >>>= 7) this.buffer[this.offset++] = (rest & asciiMax) | 0x80;
    this.buffer[this.offset++] = rest;
  }

  private writeLong(value: bigint): void {
    let rest = zigzag(value);
    for (; rest > 0x7fn; rest >>= 7n) this.buffer[this.offset++] = Number(rest & 0x7fn) | 0x80;
    this.buffer[this.offset++] = Number(rest);
  }

  /** Writes a text with its length. @param bytes as {@link bytesOf} tells. */
  writeText(text: HeaderValue, bytes: number): void {
    this.write(bytes);
    if (bytes <= 0) return;
    const { buffer, offset } = this;
    if (typeof text !== 'string') text?.copy(buffer, offset);
    // As many bytes as characters: all are ASCII.
    else if (bytes === text.length && bytes <= shortTextMax)
      for (let index = 0; index < bytes; index += 1) buffer[offset + index] = text.charCodeAt(index);
    else buffer.write(text, offset, 'utf8');
    this.offset += bytes;
  }
}

function sizeWith(bytes: number): number {
  return sizeOf(bytes) + Math.max(0, bytes);
}

/** Calls `each` with every header; a name with several values comes several times. */
function forEachHeader(headers: NonNullable<RecordToWrite['headers']>, each: (name: string, value: HeaderValue) => void): void {
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (Array.isArray(value)) for (const one of value as readonly HeaderValue[]) each(name, one);
    else each(name, value as HeaderValue);
  }
}

/** Writes a record of a batch of magic 2. @see https://kafka.apache.org/documentation/#record */
export function encodeRecord({ offsetDelta = 0, timestampDelta = 0, key, value, headers = {} }: RecordToWrite): Encoded {
  const keyBytes = bytesOf(key);
  const valueBytes = bytesOf(value);
  let size = 1 + sizeOf(timestampDelta) + sizeOf(offsetDelta) + sizeWith(keyBytes) + sizeWith(valueBytes);
  const sizes: number[] = [];
  forEachHeader(headers, (name, text) => {
    const [nameBytes, bytes] = [bytesOf(name), bytesOf(text)];
    size += sizeWith(nameBytes) + sizeWith(bytes);
    sizes.push(nameBytes, bytes);
  });
  size += sizeOf(sizes.length / 2);
  const cursor = new Cursor(Buffer.allocUnsafe(sizeOf(size) + size));
  cursor.write(size);
  // Kafka defines no attributes of a record yet.
  cursor.buffer[cursor.offset++] = 0;
  cursor.write(timestampDelta);
  cursor.write(offsetDelta);
  cursor.writeText(key, keyBytes);
  cursor.writeText(value, valueBytes);
  cursor.write(sizes.length / 2);
  let index = 0;
  forEachHeader(headers, (name, text) => {
    cursor.writeText(name, sizes[index++] ?? 0);
    cursor.writeText(text, sizes[index++] ?? 0);
  });
  return { buf: cursor.buffer, buffer: cursor.buffer };
}
