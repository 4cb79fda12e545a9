/**
 * Reads messages in the formats from before Kafka 0.11.
 *
 * kafkajs reads backwards after a negative length: 34 bytes keep it busy until no memory is left.
 *
 * @see https://kafka.apache.org/documentation/#messageset
 */
import { crc32 } from 'node:zlib';
import { isCompressed, unpacked } from './batch-codecs.ts';

/** A message in an old format. */
export interface OldMessage {
  readonly offset: bigint;
  /** In milliseconds since 1970; -1 in the oldest format, which has no times. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

interface Entry extends OldMessage {
  readonly magic: number;
  readonly attributes: number;
}

/** Positions within an entry, in bytes. */
const at = { size: 8, crc: 12, magic: 16, attributes: 17, timestamp: 18 } as const;
/** The broker has set the time of all messages within this one. */
const logAppendTime = 0x08;

function cutOff(): RangeError {
  return new RangeError('it is cut off');
}

/** Reads a field and its length. @returns null if it says so. */
function fieldAt(entry: Buffer, begin: number): { readonly bytes: Buffer | null; readonly end: number } {
  if (begin + 4 > entry.length) throw cutOff();
  const length = entry.readInt32BE(begin);
  const from = begin + 4;
  if (length === -1) return { bytes: null, end: from };
  if (length < 0) throw new RangeError(`a field has ${length} bytes`);
  if (from + length > entry.length) throw cutOff();
  return { bytes: entry.subarray(from, from + length), end: from + length };
}

/** @param entry one whole entry. @throws RangeError if it is malformed or damaged. */
function readEntry(entry: Buffer): Entry {
  if (entry.length <= at.timestamp) throw cutOff();
  const magic = entry.readInt8(at.magic);
  if (magic !== 0 && magic !== 1) throw new RangeError(`it has the format ${magic}`);
  if (entry.readUInt32BE(at.crc) !== crc32(entry.subarray(at.magic))) throw new RangeError('its checksum does not match');
  const hasTime = magic === 1;
  if (hasTime && entry.length < at.timestamp + 8) throw cutOff();
  const key = fieldAt(entry, hasTime ? at.timestamp + 8 : at.timestamp);
  return {
    offset: entry.readBigInt64BE(0),
    timestamp: hasTime ? Number(entry.readBigInt64BE(at.timestamp)) : -1,
    key: key.bytes,
    value: fieldAt(entry, key.end).bytes,
    magic,
    attributes: entry.readInt8(at.attributes),
  };
}

/** Splits messages that were packed together. */
function* entriesOf(set: Buffer): Generator<Entry> {
  for (let from = 0; from < set.length; ) {
    if (from + at.crc > set.length) throw cutOff();
    const end = from + at.crc + set.readInt32BE(from + at.size);
    if (end <= from + at.crc || end > set.length) throw cutOff();
    yield readEntry(set.subarray(from, end));
    from = end;
  }
}

/**
 * Reads one entry: a message, or several that are packed together.
 * @param bytesMax that packed messages unpack to.
 * @param recordsMax messages that may be packed together.
 * @throws Error that says in one sentence why it cannot be read.
 */
export async function readOldMessages(
  bytes: Buffer,
  { bytesMax, recordsMax }: { readonly bytesMax: number; readonly recordsMax: number },
): Promise<readonly OldMessage[]> {
  const outer = readEntry(bytes);
  if (!isCompressed(outer.attributes)) return [outer];
  const inner: Entry[] = [];
  for (const entry of entriesOf(await unpacked(outer.attributes, outer.value ?? Buffer.alloc(0), bytesMax))) {
    if (isCompressed(entry.attributes)) throw new RangeError('it is packed twice');
    if (inner.length === recordsMax) throw new RangeError(`it has more than ${recordsMax} messages`);
    inner.push(entry);
  }
  const last = inner.at(-1);
  if (last === undefined) throw cutOff();
  // In the older format the offsets are those of the partition.
  const base = outer.magic === 0 ? 0n : outer.offset - last.offset;
  const isStamped = (outer.attributes & logAppendTime) !== 0;
  return inner.map((one) => ({ ...one, offset: base + one.offset, ...(isStamped ? { timestamp: outer.timestamp } : {}) }));
}
