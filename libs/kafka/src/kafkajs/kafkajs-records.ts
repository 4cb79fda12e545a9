/**
 * Writes and reads records in place of kafkajs, which allocates a buffer of 512 bytes for each
 * header and one for each number.
 *
 * Bytes and values are the same as those of kafkajs; property tests compare the two.
 * @see docs/adr/0013-records-are-written-by-our-own-code.md
 */
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

/** The batch of a record, as kafkajs hands it to the decoder. */
export interface BatchContext {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly maxTimestamp: string;
  readonly timestampType: number;
  readonly isControlBatch: boolean;
  readonly magicByte: number;
}

const logAppendTime = 1;
const int32Max = 2 ** 31 - 1;
/** Headers of one record that are read. Each costs more memory than its bytes. */
export const recordHeadersMax = 1_000;

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

/** A position in a buffer, for writing or for reading from front to back. */
class Cursor {
  offset = 0;

  constructor(readonly buffer: Buffer) {}

  write(value: number): void {
    if (value > int32Max || value < -int32Max) return this.writeLong(BigInt(value));
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    for (; rest > 0x7f; rest >>>= 7) this.buffer[this.offset++] = (rest & 0x7f) | 0x80;
    this.buffer[this.offset++] = rest;
  }

  writeLong(value: bigint): void {
    let rest = zigzag(value);
    for (; rest > 0x7fn; rest >>= 7n) this.buffer[this.offset++] = Number(rest & 0x7fn) | 0x80;
    this.buffer[this.offset++] = Number(rest);
  }

  /** @param bytes the length of the text in UTF-8; -1 for null. */
  writeText(text: HeaderValue, bytes: number): void {
    this.write(bytes);
    if (typeof text === 'string') this.buffer.write(text, this.offset, 'utf8');
    else text?.copy(this.buffer, this.offset);
    if (bytes > 0) this.offset += bytes;
  }

  /** Reads a varint of at most 32 bits. */
  read(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.buffer[this.offset++];
      if (byte === undefined || shift > 28) throw new RangeError('a record ends within a number');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
  }

  readLong(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.buffer[this.offset++];
      if (byte === undefined || shift > 63n) throw new RangeError('a record ends within a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
    }
  }

  readBytes(): Buffer | null {
    const length = this.read();
    if (length < 0) return null;
    this.pass(length);
    return this.buffer.subarray(this.offset - length, this.offset);
  }

  readText(): string {
    const length = Math.max(0, this.read());
    this.pass(length);
    return this.buffer.toString('utf8', this.offset - length, this.offset);
  }

  private pass(length: number): void {
    this.offset += length;
    if (this.offset > this.buffer.length) throw new RangeError('a record ends within a text');
  }
}

function bytesOf(value: HeaderValue): number {
  return value === null || value === undefined ? -1 : typeof value === 'string' ? Buffer.byteLength(value) : value.length;
}

function sizeWith(bytes: number): number {
  return sizeOf(bytes) + Math.max(0, bytes);
}

/** Writes a record of a batch of magic 2. @see https://kafka.apache.org/documentation/#record */
export function encodeRecord({ offsetDelta = 0, timestampDelta = 0, key, value, headers = {} }: RecordToWrite): Encoded {
  const keyBytes = bytesOf(key);
  const valueBytes = bytesOf(value);
  const pairs: { readonly name: string; readonly nameBytes: number; readonly text: HeaderValue; readonly bytes: number }[] = [];
  let size = 1 + sizeOf(timestampDelta) + sizeOf(offsetDelta) + sizeWith(keyBytes) + sizeWith(valueBytes);
  for (const [name, given] of Object.entries(headers)) {
    const nameBytes = Buffer.byteLength(name);
    for (const text of Array.isArray(given) ? (given as readonly HeaderValue[]) : [given as HeaderValue]) {
      const bytes = bytesOf(text);
      size += sizeWith(nameBytes) + sizeWith(bytes);
      pairs.push({ name, nameBytes, text, bytes });
    }
  }
  size += sizeOf(pairs.length);
  const cursor = new Cursor(Buffer.allocUnsafe(sizeOf(size) + size));
  cursor.write(size);
  // Kafka defines no attributes of a record yet.
  cursor.buffer[cursor.offset++] = 0;
  cursor.write(timestampDelta);
  cursor.write(offsetDelta);
  cursor.writeText(key, keyBytes);
  cursor.writeText(value, valueBytes);
  cursor.write(pairs.length);
  for (const { name, nameBytes, text, bytes } of pairs) {
    cursor.writeText(name, nameBytes);
    cursor.writeText(text, bytes);
  }
  return { buf: cursor.buffer, buffer: cursor.buffer };
}

/** The offset of a record. @throws RangeError if the record ends before it. */
export function offsetOf(buffer: Buffer, { firstOffset }: Pick<BatchContext, 'firstOffset'>): bigint {
  const cursor = new Cursor(buffer);
  cursor.offset += 1;
  cursor.readLong();
  return BigInt(firstOffset) + BigInt(cursor.read());
}

/** Reads a record of a batch of magic 2, as the message that kafkajs makes of it. */
export function decodeRecord({ buffer }: { readonly buffer: Buffer }, batch: BatchContext) {
  const cursor = new Cursor(buffer);
  const attributes = buffer.readInt8(cursor.offset++);
  const timestampDelta = cursor.readLong();
  const isAppendTime = batch.timestampType === logAppendTime && batch.maxTimestamp !== '';
  const timestamp = isAppendTime ? batch.maxTimestamp : String(BigInt(batch.firstTimestamp) + timestampDelta);
  const offset = String(BigInt(batch.firstOffset) + BigInt(cursor.read()));
  const key = cursor.readBytes();
  const value = cursor.readBytes();
  // Without a prototype, because a header may be named `constructor`.
  const headers = Object.create(null) as Record<string, Buffer | null | (Buffer | null)[]>;
  const headerCount = cursor.read();
  if (headerCount > recordHeadersMax) throw new RangeError(`a record has ${headerCount} headers; ${recordHeadersMax} are read`);
  for (let left = headerCount; left > 0; left -= 1) {
    const name = cursor.readText();
    const text = cursor.readBytes();
    const before = headers[name];
    if (before === undefined) headers[name] = text;
    // A copy for each value would cost the square of their number.
    else if (Array.isArray(before)) before.push(text);
    else headers[name] = [before, text];
  }
  return {
    magicByte: batch.magicByte,
    attributes,
    timestamp,
    offset,
    key,
    value,
    headers,
    isControlRecord: batch.isControlBatch,
    batchContext: batch,
  };
}
