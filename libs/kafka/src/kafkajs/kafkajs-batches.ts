/**
 * Reads the record batches of a fetch, in place of kafkajs.
 *
 * The decoder of kafkajs fails for the whole fetch if one batch cannot be read. The consumer then
 * leaves its group, joins again and meets the same batch, without end. That decoder unpacks without
 * a bound and does not check the checksum.
 *
 * B1. A batch that cannot be read becomes one message with `unreadable`, at the last offset of the
 *     batch. So the partition goes on behind it, and the record goes to the rejects.
 * B2. A batch is unpacked to at most `batchBytesMax`. One fetch is unpacked until that many bytes
 *     are reached; the rest of it is fetched again later.
 * B3. A batch that is cut off by the size of the fetch is left for the next one. The brokers send
 *     one whole batch at least, so the first one must be whole.
 * B4. A record that cannot be read takes no other record of its batch with it.
 * B5. A batch whose last records are gone, by compaction, ends with a message that no reader gets.
 *     So the partition goes on behind the batch.
 * B6. Small records and headers take more memory than their bytes: 0.2 MB of packed headers became
 *     0.5 GB. So their number is bounded, and counts as bytes towards the bound of a fetch.
 * B7. Reading a large batch leaves the event loop to others every few milliseconds.
 *
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isCompressed, unpacked } from './batch-codecs.ts';
import { crc32c } from './crc32c.ts';
import { readOldMessages } from './old-messages.ts';
import { type BatchHead, type FetchedMessage, RecordDecoder } from './record-decoder.ts';

/** Bounds of what one batch unpacks to. */
export interface BatchBounds {
  /** Bytes of one batch, and bytes of one fetch after which no other batch is unpacked. */
  readonly batchBytesMax: number;
}

/** Records of one batch. Each takes some 0.5 KB of memory, however small it is. */
const batchRecordsMax = 200_000;
/** Memory that counts for each, in bytes. */
const cost = { record: 256, header: 64 } as const;
/** The longest time in one turn of the event loop, and after how many records to look at it. */
const turnMs = 5;
const lookEvery = 16;

/** The position in an answer of the brokers: the decoder of kafkajs. */
export interface Answer {
  readonly buffer: Buffer;
  readInt32(): number;
  canReadBytes(length: number): boolean;
  readBytes(length: number): Buffer;
}

/** Positions within a batch, in bytes. */
const at = {
  length: 8,
  /** The length counts from here. */
  body: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  firstTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  count: 57,
  records: 61,
} as const;
const attribute = { logAppendTime: 0x08, transactional: 0x10, control: 0x20 } as const;
const currentMagic = 2;

/** Says why a batch cannot be read, from which offset on. */
class Unreadable extends Error {}

/** A message that no record stands behind. */
function emptyAt(offset: bigint, batch: BatchHead | undefined): FetchedMessage {
  return {
    offset,
    timestamp: Math.max(0, batch?.firstTimestamp ?? 0),
    key: null,
    value: null,
    headers: {},
    bytes: 0,
    unreadable: undefined,
    isControl: batch?.isControl === true,
    isAbort: false,
    batch,
  };
}

/** B1. @param lastOffset of the batch, as far as it can be known. */
function unreadable(firstOffset: bigint, lastOffset: bigint, reason: string, batch?: BatchHead): FetchedMessage {
  const offsets = firstOffset === lastOffset ? `offset ${firstOffset}` : `offsets ${firstOffset} to ${lastOffset}`;
  return { ...emptyAt(lastOffset, batch), unreadable: `${reason} (${offsets})` };
}

/** B5. */
function endOf(batch: BatchHead, lastOffset: bigint): FetchedMessage {
  return { ...emptyAt(lastOffset, batch), isControl: true };
}

function headOf(bytes: Buffer): BatchHead {
  const attributes = bytes.readInt16BE(at.attributes);
  return {
    firstOffset: bytes.readBigInt64BE(0),
    firstTimestamp: Number(bytes.readBigInt64BE(at.firstTimestamp)),
    appendedAt: (attributes & attribute.logAppendTime) === 0 ? undefined : Number(bytes.readBigInt64BE(at.maxTimestamp)),
    isControl: (attributes & attribute.control) !== 0,
    inTransaction: (attributes & attribute.transactional) !== 0,
    producerId: String(bytes.readBigInt64BE(at.producerId)),
  };
}

/** The offset of the last record of a batch. A broken batch may name one before the first. */
function lastOffsetOf(bytes: Buffer): bigint {
  const first = bytes.readBigInt64BE(0);
  if (bytes.length < at.lastOffsetDelta + 4 || bytes.readInt8(at.magic) !== currentMagic) return first;
  return first + BigInt(Math.max(0, bytes.readInt32BE(at.lastOffsetDelta)));
}

/** @throws Unreadable if the head of a batch cannot be believed. */
function checkWhole(bytes: Buffer): void {
  if (bytes.length < at.records) throw new Unreadable('the batch is too short for its head');
  const stated = bytes.readUInt32BE(at.crc);
  const found = crc32c(bytes.subarray(at.attributes));
  if (stated !== found) throw new Unreadable('the checksum of the batch does not match: it was damaged');
}

/** Returns the bytes of the records of a batch. @throws Error why they cannot be read. */
async function recordBytesOf(bytes: Buffer, { batchBytesMax }: BatchBounds): Promise<Buffer> {
  const count = bytes.readInt32BE(at.count);
  if (count > batchRecordsMax) throw new Unreadable(`the batch has ${count} records; ${batchRecordsMax} are read at most`);
  if (count < 0) throw new Unreadable(`the batch says that it has ${count} records`);
  const data = bytes.subarray(at.records);
  const attributes = bytes.readInt16BE(at.attributes);
  return isCompressed(attributes) && count > 0 ? unpacked(attributes, data, batchBytesMax) : data;
}

/** Reads a record, or makes a message that says why it cannot be read (B4). */
function readRecord(records: RecordDecoder, batch: BatchHead): FetchedMessage {
  try {
    return records.read();
  } catch (error) {
    const offset = records.offsetOnly();
    return unreadable(offset, offset, reasonOf(error), batch);
  }
}

/**
 * Adds the records of a batch, or one message that says why they cannot be read (B1).
 * @returns the memory that they take beside their bytes (B6).
 */
async function addRecords(messages: FetchedMessage[], bytes: Buffer, unpackedBytes: Buffer, batch: BatchHead): Promise<number> {
  const lastOffset = lastOffsetOf(bytes);
  const count = bytes.readInt32BE(at.count);
  let nextOffset = batch.firstOffset;
  const records = new RecordDecoder(unpackedBytes, batch);
  let turnEndsAt = performance.now() + turnMs;
  try {
    for (let left = count; left > 0; left--) {
      // B7.
      if (left % lookEvery === 0 && performance.now() > turnEndsAt) {
        await nextTurn();
        turnEndsAt = performance.now() + turnMs;
      }
      if (!records.next()) throw new Unreadable('the batch ends within a record');
      const message = readRecord(records, batch);
      const { offset } = message;
      if (offset < nextOffset || offset > lastOffset) throw new Unreadable(`a record has the offset ${offset}`);
      messages.push(message);
      nextOffset = offset + 1n;
    }
    if (nextOffset <= lastOffset) messages.push(endOf(batch, lastOffset));
  } catch (error) {
    if (nextOffset <= lastOffset) messages.push(unreadable(nextOffset, lastOffset, reasonOf(error), batch));
  }
  return count * cost.record + records.headersRead * cost.header;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Adds the messages of one entry in a format from before Kafka 0.11.
 * @returns their bytes.
 */
async function addOldMessages(messages: FetchedMessage[], entry: Buffer, bytesMax: number): Promise<number> {
  const offset = entry.readBigInt64BE(0);
  try {
    const found = await readOldMessages(entry, { bytesMax, recordsMax: batchRecordsMax });
    let total = found.length * cost.record;
    for (const { offset: own, timestamp, key, value } of found) {
      const bytes = (key?.length ?? 0) + (value?.length ?? 0);
      messages.push({ ...emptyAt(own, undefined), timestamp, key: key === null ? null : key.toString('utf8'), value, bytes });
      total += bytes;
    }
    return total;
  } catch (error) {
    messages.push(unreadable(offset, offset, `the message cannot be read: ${reasonOf(error)}`));
    return 0;
  }
}

/**
 * Makes the function that reads the batches of one partition in a fetch.
 * @returns for kafkajs: it takes the decoder at the size of the batches. It never rejects.
 */
export function batchReader(bounds: BatchBounds): (answer: Answer) => Promise<readonly FetchedMessage[]> {
  /** Unpacked bytes of each fetch; the partitions of a fetch share its buffer. */
  const unpackedBytes = new WeakMap<Buffer, number>();

  /** Reads one whole entry: a batch, or a message in an old format. */
  const addEntry = async (messages: FetchedMessage[], entry: Buffer, spend: (bytes: number) => void): Promise<void> => {
    const magic = entry.readInt8(at.magic);
    if (magic === 0 || magic === 1) return spend(await addOldMessages(messages, entry, bounds.batchBytesMax));
    const firstOffset = entry.readBigInt64BE(0);
    let batch: BatchHead | undefined;
    try {
      if (magic !== currentMagic) throw new Unreadable(`the batch has the unknown format ${magic}`);
      checkWhole(entry);
      batch = headOf(entry);
      const records = await recordBytesOf(entry, bounds);
      spend(records.length);
      spend(await addRecords(messages, entry, records, batch));
    } catch (error) {
      messages.push(unreadable(firstOffset, lastOffsetOf(entry), reasonOf(error), batch));
    }
  };

  return async (answer) => {
    const size = answer.readInt32();
    const messages: FetchedMessage[] = [];
    if (size <= 0 || !answer.canReadBytes(size)) return messages;
    const bytes = answer.readBytes(size);
    const spend = (count: number): void => void unpackedBytes.set(answer.buffer, (unpackedBytes.get(answer.buffer) ?? 0) + count);
    for (let from = 0; from + at.magic < bytes.length; ) {
      // B2. Left for the next fetch.
      if ((unpackedBytes.get(answer.buffer) ?? 0) >= bounds.batchBytesMax) break;
      const rest = bytes.subarray(from);
      const firstOffset = rest.readBigInt64BE(0);
      const end = at.body + rest.readInt32BE(at.length);
      const isCutOff = end > rest.length;
      if (isCutOff && from > 0) break;
      if (isCutOff || end <= at.magic) {
        const reason = isCutOff ? 'the batch is cut off' : 'the batch has a malformed length';
        messages.push(unreadable(firstOffset, isCutOff ? lastOffsetOf(rest) : firstOffset, reason));
        break;
      }
      await addEntry(messages, rest.subarray(0, end), spend);
      from += end;
    }
    return messages;
  };
}
