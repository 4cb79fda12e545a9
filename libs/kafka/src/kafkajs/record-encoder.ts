/**
 * Writes records in place of kafkajs, which allocates a buffer of 512 bytes for each header and one
 * for each number. A record is written in one pass over its headers, into memory that all records
 * share. Its length is known only then, and is put before it.
 *
 * The bytes are the same as those of kafkajs; a property test compares the two.
 * @see docs/adr/0013-records-are-written-by-our-own-code.md
 */
import { shortTextMax } from '../record-bytes.ts';

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

/** Returns the bytes that a length takes as a zigzag varint. */
function sizeOf(length: number): number {
  let size = 1;
  for (let rest = (length << 1) >>> 7; rest !== 0; rest >>>= 7) size += 1;
  return size;
}

function zigzag(value: bigint): bigint {
  return BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
}

const asciiMax = 0x7f;

/** Memory that all records are written into, one after the other. */
const sharedBytes = 65_536;
/** The most bytes of a length. */
const lengthBytesMax = 5;
/** The most bytes of a number. */
const numberBytesMax = 10;

/** A record that is written from front to back. Its memory grows as needed. */
class RecordWriter {
  private buffer = Buffer.allocUnsafeSlow(sharedBytes);
  private offset = 0;

  begin(): void {
    // One large record does not keep its memory.
    if (this.buffer.length > sharedBytes) this.buffer = Buffer.allocUnsafeSlow(sharedBytes);
    this.offset = lengthBytesMax;
  }

  writeByte(value: number): void {
    this.makeRoom(1);
    this.buffer[this.offset++] = value;
  }

  writeNumber(value: number): void {
    this.makeRoom(numberBytesMax);
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

  /** Writes a text or a value, after its length. */
  writeText(text: HeaderValue): void {
    if (text === null || text === undefined) this.writeNumber(-1);
    else if (typeof text !== 'string') {
      this.writeNumber(text.length);
      this.makeRoom(text.length);
      this.offset += text.copy(this.buffer, this.offset);
    } else if (text.length >= shortTextMax || !this.writeShortAscii(text)) {
      const bytes = Buffer.byteLength(text);
      this.writeNumber(bytes);
      this.makeRoom(bytes);
      this.offset += this.buffer.write(text, this.offset, 'utf8');
    }
  }

  /** @returns false for other characters than ASCII; nothing is written then. */
  private writeShortAscii(text: string): boolean {
    const { length } = text;
    this.makeRoom(1 + length);
    const { buffer, offset } = this;
    // A length below 64 takes one byte.
    buffer[offset] = length << 1;
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > asciiMax) return false;
      buffer[offset + 1 + index] = code;
    }
    this.offset = offset + 1 + length;
    return true;
  }

  /** Returns the record, after its length. */
  end(): Buffer {
    const { buffer, offset: end } = this;
    const bytes = end - lengthBytesMax;
    const start = lengthBytesMax - sizeOf(bytes);
    this.offset = start;
    this.writeNumber(bytes);
    const record = Buffer.allocUnsafe(end - start);
    buffer.copy(record, 0, start, end);
    return record;
  }

  private makeRoom(bytes: number): void {
    const { buffer, offset } = this;
    if (offset + bytes <= buffer.length) return;
    this.buffer = Buffer.allocUnsafeSlow(Math.max(2 * buffer.length, offset + bytes));
    buffer.copy(this.buffer, 0, 0, offset);
  }
}

const writer = new RecordWriter();

/** Writes a record of a batch of magic 2. @see https://kafka.apache.org/documentation/#record */
export function encodeRecord({ offsetDelta = 0, timestampDelta = 0, key, value, headers = {} }: RecordToWrite): Encoded {
  writer.begin();
  // Kafka defines no attributes of a record yet.
  writer.writeByte(0);
  writer.writeNumber(timestampDelta);
  writer.writeNumber(offsetDelta);
  writer.writeText(key);
  writer.writeText(value);
  writer.writeNumber(countOf(headers));
  for (const name in headers) {
    const given = headers[name];
    if (!Array.isArray(given)) writeHeader(name, given as HeaderValue);
    else for (const one of given as readonly HeaderValue[]) writeHeader(name, one);
  }
  const record = writer.end();
  return { buf: record, buffer: record };
}

function writeHeader(name: string, value: HeaderValue): void {
  writer.writeText(name);
  writer.writeText(value);
}

/** A name with several values is written several times. */
function countOf(headers: NonNullable<RecordToWrite['headers']>): number {
  let count = 0;
  for (const name in headers) {
    const given = headers[name];
    count += Array.isArray(given) ? given.length : 1;
  }
  return count;
}
