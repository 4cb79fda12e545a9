/**
 * Goal: records are written and read as kafkajs does. Method: any record, written by both and read
 * by both.
 */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BatchContext, decodeRecord, encodeRecord, recordHeadersMax, type RecordToWrite } from './kafkajs-records.ts';
import { useOwnRecords } from './own-records.ts';

const require = createRequire(import.meta.url);
const encoderPath = 'kafkajs/src/protocol/recordBatch/record/v0';
const decoderPath = `${encoderPath}/decoder`;
const Decoder = require('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => { readVarInt(): number; offset: number };
const theirs = {
  encode: require(encoderPath) as (record: RecordToWrite) => { readonly buffer: Buffer },
  decode: require(decoderPath) as (decoder: object, batch: BatchContext) => unknown,
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
const batches: fc.Arbitrary<BatchContext> = fc.record({
  firstOffset: fc.bigInt(0n, 2n ** 62n).map(String),
  firstTimestamp: fc.integer({ min: -1, max: 2 ** 50 }).map(String),
  maxTimestamp: fc.integer({ min: -1, max: 2 ** 50 }).map(String),
  timestampType: fc.constantFrom(0, 1),
  isControlBatch: fc.boolean(),
  magicByte: fc.constant(2),
});

const aBatch: BatchContext = {
  firstOffset: '0',
  firstTimestamp: '0',
  maxTimestamp: '0',
  timestampType: 0,
  isControlBatch: false,
  magicByte: 2,
};

describe('a record', () => {
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
        const written = encodeRecord(record).buffer;
        const decoder = new Decoder(written);
        const length = decoder.readVarInt();
        const body = written.subarray(decoder.offset, decoder.offset + length);
        expect(decodeRecord({ buffer: body }, batch)).toEqual(theirs.decode(new Decoder(body), batch));
      }),
      { numRuns: 500 },
    );
  });

  it.each(['__proto__', 'constructor'])('may have a header named %s', (awkward) => {
    const written = encodeRecord({ value: null, headers: JSON.parse(`{"${awkward}":"a"}`) as Record<string, string> }).buffer;
    expect(Object.entries(decodeRecord({ buffer: written.subarray(1) }, aBatch).headers)).toEqual([[awkward, Buffer.from('a')]]);
  });

  it('that ends within a text cannot be decoded', () => {
    const { buffer } = encodeRecord({ value: 'a text', headers: {} });
    expect(() => decodeRecord({ buffer: buffer.subarray(1, -3) }, aBatch)).toThrow('a record ends within a text');
  });

  it('with very many headers of one name costs as much for each, and is refused past a bound', () => {
    const withHeaders = (count: number) =>
      encodeRecord({ value: null, headers: { a: Array.from({ length: count }, () => '') } }).buffer.subarray(2);
    expect(decodeRecord({ buffer: withHeaders(recordHeadersMax) }, aBatch).headers['a']).toHaveLength(recordHeadersMax);
    expect(() => decodeRecord({ buffer: withHeaders(recordHeadersMax + 1) }, aBatch)).toThrow('a record has 1001 headers');
  });

  it('that ends within a number cannot be decoded', () => {
    expect(() => decodeRecord({ buffer: Buffer.from([0, 0x80]) }, aBatch)).toThrow(RangeError);
    expect(() => decodeRecord({ buffer: Buffer.from([0, 0, 0xff, 0xff]) }, aBatch)).toThrow(RangeError);
  });
});

it('kafkajs uses these functions after useOwnRecords', () => {
  useOwnRecords({ batchBytesMax: 1_000 });
  const decoder: unknown = require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages');
  expect([require(encoderPath), typeof decoder]).toEqual([encodeRecord, 'function']);
});
