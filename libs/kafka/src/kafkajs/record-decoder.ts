/**
 * Reads the records of a batch.
 *
 * Each invocation is read four times, so its headers are the largest part of reading. They are read
 * from one text of all headers of a record. Names that stand at the same place of the record before
 * are not made again.
 *
 * The values are those of kafkajs; a property test compares the two. If a header occurs several
 * times, the last one counts, as in Kafka's own clients.
 *
 * @see docs/adr/0013-records-are-written-by-our-own-code.md
 */
import type { RecordHeaders } from '#contracts';

/** The head of a batch, as far as its records need it. */
export interface BatchHead {
  readonly firstOffset: bigint;
  /** In milliseconds since 1970. */
  readonly firstTimestamp: number;
  /** The time of all records of the batch, if the broker has set it; in milliseconds since 1970. */
  readonly appendedAt: number | undefined;
  /** The batch holds marks of transactions, no records. */
  readonly isControl: boolean;
  readonly inTransaction: boolean;
  readonly producerId: string;
}

/** A record of a fetch. */
export interface FetchedMessage {
  readonly offset: bigint;
  /** In milliseconds since 1970. */
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
  /** Bytes of the record in its batch, unpacked; 0 if it could not be read. */
  readonly bytes: number;
  /** Why the batch could not be read; the message stands for all its records. */
  readonly unreadable: string | undefined;
  /** True for what no reader gets: marks of transactions, and the ends of batches. */
  readonly isControl: boolean;
  /** The mark ends a transaction whose records do not count. */
  readonly isAbort: boolean;
  /** Undefined in formats from before Kafka 0.11, which have no transactions. */
  readonly batch: BatchHead | undefined;
}

/** Headers of one record that are read. Each costs more memory than its bytes. */
export const recordHeadersMax = 1_000;
/** Headers of one batch that are read. Records with more headers behind them cannot be read. */
export const batchHeadersMax = 500_000;
/** The key of a control record: its version and its type, 16 bits each. */
const abortType = 0;
/** Header names that are remembered, by their place in a record, and their longest length. */
const namesMax = 64;
const nameBytesMax = 64;
const asciiMax = 0x7f;
/** A record begins with its attributes. Kafka defines none yet. */
const attributesBytes = 1;
/** Bits of the bytes of a number that are read without `bigint`. */
const shortBits = 28;

/** Header names of the records before, by their place in the record. */
class HeaderNames {
  private readonly bytes: Buffer[] = [];
  private readonly texts: string[] = [];

  /** The name that stands at these bytes, in lower case. */
  at(place: number, source: Buffer, from: number, end: number): string {
    const known = this.bytes[place];
    if (known !== undefined && isSame(known, source, from, end)) return this.texts[place] ?? '';
    const text = source.toString('utf8', from, end).toLowerCase();
    if (place < namesMax && end - from <= nameBytesMax) {
      this.bytes[place] = Buffer.from(source.subarray(from, end));
      this.texts[place] = text;
    }
    return text;
  }
}

/** Compares byte by byte: a call into native code costs more for some ten bytes. */
function isSame(known: Buffer, source: Buffer, from: number, end: number): boolean {
  if (known.length !== end - from) return false;
  for (let index = 0; index < known.length; index += 1) if (known[index] !== source[from + index]) return false;
  return true;
}

function isAscii(source: Buffer, from: number, end: number): boolean {
  for (let index = from; index < end; index += 1) if ((source[index] ?? 0) > asciiMax) return false;
  return true;
}

const names = new HeaderNames();

/** Reads the records of a batch from front to back. */
export class RecordDecoder {
  /** The present record begins here, behind its length. */
  private start = 0;
  /** The bytes of the present record end here. */
  private end = 0;
  private offset = 0;
  /** Begin of the text that was passed last. */
  private begin = 0;
  /** Headers of all records so far. */
  headersRead = 0;

  /** @param bytes of all records of the batch, unpacked. */
  constructor(
    private readonly bytes: Buffer,
    private readonly batch: BatchHead,
  ) {}

  /**
   * Goes to the next record.
   * @returns false if the batch ends within it, or its length is no length.
   */
  next(): boolean {
    this.offset = this.end;
    this.end = this.bytes.length;
    try {
      const length = this.readNumber();
      this.start = this.offset;
      this.end = this.start + length;
      return length >= 0 && this.end <= this.bytes.length;
    } catch {
      return false;
    }
  }

  /** The offset of the present record. @throws RangeError if the record ends before it. */
  offsetOnly(): bigint {
    this.offset = this.start + attributesBytes;
    this.passNumber();
    return this.readOffset();
  }

  /** Reads the present record. @throws RangeError if it is malformed, or has too many headers. */
  read(): FetchedMessage {
    const { batch, bytes, start, end } = this;
    this.offset = start + attributesBytes;
    const sinceFirst = this.readLong();
    const offset = this.readOffset();
    const keyEnd = this.pass(this.readNumber());
    const keyBegin = this.begin;
    const key = keyEnd < 0 ? null : this.text(keyBegin, keyEnd);
    const valueEnd = this.pass(this.readNumber());
    const value = valueEnd < 0 ? null : bytes.subarray(this.begin, valueEnd);
    return {
      offset,
      timestamp: batch.appendedAt ?? batch.firstTimestamp + sinceFirst,
      key,
      value,
      headers: this.readHeaders(),
      bytes: end - start,
      unreadable: undefined,
      isControl: batch.isControl,
      isAbort: batch.isControl && keyEnd - keyBegin >= 4 && bytes.readInt16BE(keyBegin + 2) === abortType,
      batch,
    };
  }

  private readOffset(): bigint {
    return this.batch.firstOffset + BigInt(this.readNumber());
  }

  private readHeaders(): RecordHeaders {
    const count = this.readNumber();
    if (count > recordHeadersMax) throw new RangeError(`a record has ${count} headers; ${recordHeadersMax} are read`);
    if (this.headersRead + count > batchHeadersMax) throw new RangeError(`the batch has more than ${batchHeadersMax} headers`);
    this.headersRead += Math.max(0, count);
    const headers: Record<string, string> = {};
    const first = this.offset;
    let all: string | undefined;
    for (let place = 0; place < count; place += 1) {
      const nameEnd = this.pass(Math.max(0, this.readNumber()));
      const name = names.at(place, this.bytes, this.begin, nameEnd);
      const textEnd = this.pass(this.readNumber());
      if (textEnd < 0) {
        if (headers[name] !== undefined) delete headers[name];
        continue;
      }
      const { begin } = this;
      if (isAscii(this.bytes, begin, textEnd)) {
        // One byte is one character, so places in the text are those in the bytes.
        all ??= this.bytes.toString('latin1', first, this.end);
        headers[name] = all.slice(begin - first, textEnd - first);
      } else headers[name] = this.bytes.toString('utf8', begin, textEnd);
    }
    return headers;
  }

  private text(from: number, end: number): string {
    return this.bytes.toString(isAscii(this.bytes, from, end) ? 'latin1' : 'utf8', from, end);
  }

  /** Passes a text, which begins at `begin`. @returns its end; -1 if there is none. */
  private pass(length: number): number {
    this.begin = this.offset;
    if (length < 0) return -1;
    this.offset += length;
    if (this.offset > this.end) throw new RangeError('a record ends within a text');
    return this.offset;
  }

  private readByte(): number {
    const byte = this.bytes[this.offset];
    if (byte === undefined || this.offset >= this.end) throw new RangeError('a record ends within a number');
    this.offset += 1;
    return byte;
  }

  /** Reads a zigzag varint of at most 32 bits. */
  private readNumber(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      if (shift > shortBits) throw new RangeError('a record ends within a number');
      const byte = this.readByte();
      value |= (byte & asciiMax) << shift;
      if (byte <= asciiMax) return (value >>> 1) ^ -(value & 1);
    }
  }

  private passNumber(): void {
    while (this.readByte() > asciiMax);
  }

  /** Reads a zigzag varint of at most 64 bits, as exact as a number can be. */
  private readLong(): number {
    const begin = this.offset;
    this.passNumber();
    const length = this.offset - begin;
    if (length > 10) throw new RangeError('a record ends within a number');
    this.offset = begin;
    if (length * 7 <= shortBits) return this.readNumber();
    let value = 0n;
    for (let shift = 0n; shift < 7n * BigInt(length); shift += 7n) value |= BigInt(this.readByte() & asciiMax) << shift;
    return Number(BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n)));
  }
}
