/**
 * Goal: records are written and read as kafkajs does. Method: any record, written by both and read
 * by both.
 */
import { createRequire } from 'node:module';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import type { KafkaMessage } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { ownFetch, useOwnRecords } from './own-records.ts';
import { type BatchHead, type FetchedMessage, RecordDecoder, recordHeadersMax } from './record-decoder.ts';
import { encodeRecord, type RecordToWrite } from './record-encoder.ts';

const require = createRequire(import.meta.url);
const encoderPath = 'kafkajs/src/protocol/recordBatch/record/v0';
const decoderPath = `${encoderPath}/decoder`;
const Decoder = require('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => { readVarInt(): number; offset: number };
const theirs = {
  encode: require(encoderPath) as (record: RecordToWrite) => { readonly buffer: Buffer },
  decode: require(decoderPath) as (decoder: object, batch: object) => KafkaMessage,
};

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), bytes);
const content = fc.oneof(text, fc.constant(null));
// kafkajs takes what every object has for an earlier header of that name.
const name = fc.string({ unit: 'binary', maxLength: 100 }).filter((drawn) => !(drawn in {}));
const recordsWith = (header: fc.Arbitrary<string | Buffer | null>): fc.Arbitrary<RecordToWrite> =>
  fc.record({
    offsetDelta: fc.oneof(fc.nat(), fc.constantFrom(0, 63, 64, 8_191, 8_192)),
    timestampDelta: fc.oneof(fc.nat(), fc.integer(), fc.constantFrom(0, -1, 2 ** 31, -(2 ** 31), 2 ** 52, -(2 ** 52))),
    key: content,
    value: content,
    headers: fc.dictionary(name, fc.oneof(header, fc.array(header, { maxLength: 3 })), { maxKeys: 12 }),
  });
const batches: fc.Arbitrary<BatchHead> = fc.record({
  firstOffset: fc.bigInt(0n, 2n ** 62n),
  firstTimestamp: fc.integer({ min: -1, max: 2 ** 50 }),
  appendedAt: fc.option(fc.integer({ min: -1, max: 2 ** 50 }), { nil: undefined }),
  isControl: fc.boolean(),
  inTransaction: fc.constant(false),
  producerId: fc.constant('-1'),
});

const aBatch: BatchHead = {
  firstOffset: 0n,
  firstTimestamp: 0,
  appendedAt: undefined,
  isControl: false,
  inTransaction: false,
  producerId: '-1',
};

/** Reads the only record of a batch. */
function decoded(bytes: Buffer, batch = aBatch): FetchedMessage {
  const records = new RecordDecoder(bytes, batch);
  expect(records.next()).toBe(true);
  return records.read();
}

/** The record of these bytes as kafkajs reads it. */
function decodedByKafkajs(bytes: Buffer, { firstOffset, firstTimestamp, appendedAt, isControl }: BatchHead): KafkaMessage {
  const decoder = new Decoder(bytes);
  const length = decoder.readVarInt();
  const context = {
    firstOffset: String(firstOffset),
    firstTimestamp: String(firstTimestamp),
    maxTimestamp: String(appendedAt ?? 0),
    timestampType: appendedAt === undefined ? 0 : 1,
    isControlBatch: isControl,
    magicByte: 2,
  };
  return theirs.decode(new Decoder(bytes.subarray(decoder.offset, decoder.offset + length)), context);
}

/** The headers of a message of kafkajs, by their names in lower case: the last value counts. */
function lastTexts(headers: KafkaMessage['headers']): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [key, values] of Object.entries(headers ?? {})) {
    const last = Array.isArray(values) ? values.at(-1) : values;
    if (last === undefined || last === null) texts.delete(key.toLowerCase());
    else texts.set(key.toLowerCase(), String(last));
  }
  return texts;
}

describe('a record', () => {
  it.each([65_000, 65_536, 200_000, 999_000])('of %i bytes is written as kafkajs writes it, and so is one after it', (length) => {
    const headers = { long: 'ä'.repeat(length / 4), short: 'x'.repeat(63), border: 'x'.repeat(64) };
    for (const value of [Buffer.alloc(length, 7), Buffer.from('small')]) {
      const record = { key: 'k', value, headers };
      expect(encodeRecord(record).buffer.equals(theirs.encode(record).buffer)).toBe(true);
    }
  });

  it('is written as kafkajs writes it', () => {
    fc.assert(
      fc.property(recordsWith(text), (record) => {
        expect(encodeRecord(record).buffer.toString('hex')).toBe(theirs.encode(record).buffer.toString('hex'));
      }),
      { numRuns: 500 },
    );
  });

  it('is read as kafkajs reads it', () => {
    fc.assert(
      // Of a header without a value, as other producers write them, kafkajs reads null but writes
      // none.
      fc.property(recordsWith(content), batches, (record, batch) => {
        const bytes = encodeRecord(record).buffer;
        const ours = decoded(bytes, batch);
        const { offset, timestamp, key, value, headers } = decodedByKafkajs(bytes, batch);
        expect(ours).toMatchObject({
          offset: BigInt(offset),
          timestamp: Number(timestamp),
          key: key === null ? null : String(key),
          value,
        });
        expect(new Map(Object.entries(ours.headers))).toEqual(lastTexts(headers));
      }),
      { numRuns: 500 },
    );
  });

  it('has the headers of its own, whatever names stood at their places before', () => {
    const texts = [
      { alpha: '1', beta: '2' },
      { alphb: '3', bet: '4' },
      { beta: '5', alpha: '6', gamma: '7' },
    ];
    for (const headers of [...texts, ...texts])
      expect(decoded(encodeRecord({ value: null, headers }).buffer).headers).toEqual(headers);
  });

  it('has the last of several values of a header, and none if that one is null', () => {
    const read = (...values: readonly (string | null)[]) =>
      decoded(encodeRecord({ value: null, headers: { A: values, b: 'x' } }).buffer).headers;
    expect([read('1', '2'), read('1', null), read(null, 'ü')]).toEqual([{ a: '2', b: 'x' }, { b: 'x' }, { a: 'ü', b: 'x' }]);
  });

  it.each(['__proto__', 'constructor', 'toString'])('may have a header named %s, which changes no other', (awkward) => {
    const headers = JSON.parse(`{"${awkward}":"a","b":"c"}`) as Record<string, string>;
    const read = decoded(encodeRecord({ value: null, headers }).buffer).headers;
    expect([read['b'], Object.getPrototypeOf(read)]).toEqual(['c', Object.prototype]);
  });

  it('that ends within a text cannot be decoded', () => {
    const { buffer } = encodeRecord({ value: 'a text', headers: {} });
    const cut = Buffer.concat([Buffer.from([(buffer.length - 4) * 2]), buffer.subarray(1, -3)]);
    expect(() => decoded(cut)).toThrow('a record ends within a text');
  });

  it('with very many headers is refused past a bound', () => {
    const withHeaders = (count: number) =>
      decoded(encodeRecord({ value: null, headers: { a: Array.from({ length: count }, (_, index) => String(index)) } }).buffer);
    expect(withHeaders(recordHeadersMax).headers).toEqual({ a: '999' });
    expect(() => withHeaders(recordHeadersMax + 1)).toThrow('a record has 1001 headers');
  });

  it.each([
    ['its time', [4, 0, 0x80]],
    ['its offset', [8, 0, 0, 0xff, 0xff]],
    ['its count of headers', [10, 0, 0, 0, 1, 1]],
  ])('that ends within %s cannot be decoded', (_what, bytes) => {
    expect(() => decoded(Buffer.from(bytes))).toThrow(new RangeError('a record ends within a number'));
  });

  it('that ends behind its batch, or within its length, does not come next', () => {
    for (const bytes of [[], [0x80], [40, 0, 0, 0], [1], [0xff, 0xff, 0xff, 0xff, 0xff, 0x01]])
      expect(new RecordDecoder(Buffer.from(bytes), aBatch).next()).toBe(false);
  });
});

it('kafkajs writes records with these functions, and reads with them what this library has fetched', async () => {
  useOwnRecords({ batchBytesMax: 1_000 });
  expect(require(encoderPath)).toBe(encodeRecord);
  const decode = require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages') as (decoder: object) => Promise<unknown[]>;
  const message = (value: string) => ({ offset: 7, value: Buffer.from(value) });
  const answer = oldAnswer(message('a'));
  expect(await decode(new Decoder(answer))).toMatchObject([{ offset: '7', value: Buffer.from('a') }]);
  expect(await decode(new Decoder(ownFetch(answer)))).toMatchObject([{ offset: 7n, value: Buffer.from('a') }]);
});

/** The answer to a fetch of one message in the format from before Kafka 0.11. */
function oldAnswer({ offset, value }: { readonly offset: number; readonly value: Buffer }): Buffer {
  const bytes = Buffer.alloc(4 + 12 + 22 + value.length);
  bytes.writeInt32BE(bytes.length - 4, 0);
  bytes.writeBigInt64BE(BigInt(offset), 4);
  bytes.writeInt32BE(bytes.length - 16, 12);
  bytes.writeInt8(1, 20);
  bytes.writeInt32BE(-1, 30);
  bytes.writeInt32BE(value.length, 34);
  value.copy(bytes, 38);
  bytes.writeUInt32BE(crc32(bytes.subarray(20)), 16);
  return bytes;
}
