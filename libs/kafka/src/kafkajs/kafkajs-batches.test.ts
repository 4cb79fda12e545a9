/**
 * Goal: batches of every codec are read. A batch that cannot be read becomes one message with the
 * reason, and the batches behind it are read. Method: answers of a broker, made by hand.
 */
import { createRequire } from 'node:module';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import snappy from 'snappyjs';
import { describe, expect, it } from 'vitest';
import { crc32c } from './crc32c.ts';
import { batchReader } from './kafkajs-batches.ts';
import { batchHeadersMax } from './record-decoder.ts';
import { encodeRecord } from './record-encoder.ts';

const require = createRequire(import.meta.url);
const Decoder = require('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => Parameters<ReturnType<typeof batchReader>>[0];
/** The module inside that which own code replaces, so that ours is never compared with itself. */
const theirCrc = require('kafkajs/src/protocol/recordBatch/crc32C/crc32C') as (bytes: Buffer) => number;

/** Compresses as a codec of Kafka does. */
type Pack = (bytes: Buffer) => Buffer;

/** An LZ4 frame of literals only, in blocks of 64 KB with checksums and a content size. */
function lz4Literals(bytes: Buffer): Buffer {
  const head = Buffer.from('04224d18' + '7c' + '40' + '0000000000000000' + '00', 'hex');
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 60_000) {
    const literals = bytes.subarray(at, at + 60_000);
    const rest = literals.length - 15;
    const lengths = rest < 0 ? [] : [...Array<number>(Math.floor(rest / 255)).fill(255), rest % 255];
    const block = Buffer.concat([Buffer.from([Math.min(15, literals.length) << 4, ...lengths]), literals]);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(block.length);
    blocks.push(size, block, Buffer.from('checksum').subarray(4));
  }
  return Buffer.concat([head, ...blocks, Buffer.alloc(4), Buffer.from('last')]);
}

/** An LZ4 frame with one block of this many zeros: a literal, and a match that overlaps itself. */
function lz4Zeros(count: number): Buffer {
  const rest = count - 1 - 4 - 15;
  const block = Buffer.concat([
    Buffer.from([0x1f, 0x00, 0x01, 0x00]),
    Buffer.alloc(Math.floor(rest / 255), 255),
    Buffer.from([rest % 255]),
  ]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(block.length);
  return Buffer.concat([Buffer.from('04224d18607000', 'hex'), size, block, Buffer.alloc(4)]);
}

function xerial(bytes: Buffer): Buffer {
  const blocks: Buffer[] = [Buffer.from('82534e41505059000000000100000001', 'hex')];
  for (let at = 0; at < bytes.length; at += 32_768) {
    const block = snappy.compress(bytes.subarray(at, at + 32_768));
    const size = Buffer.alloc(4);
    size.writeUInt32BE(block.length);
    blocks.push(size, block);
  }
  return Buffer.concat(blocks);
}

const none: Pack = (bytes) => bytes;
const packs: readonly (readonly [name: string, codec: number, pack: Pack])[] = [
  ['no codec', 0, none],
  ['gzip', 1, (bytes) => gzipSync(bytes)],
  ['snappy', 2, (bytes) => snappy.compress(bytes)],
  ['snappy in blocks', 2, xerial],
  ['lz4', 3, lz4Literals],
  ['zstd', 4, (bytes) => zstdCompressSync(bytes)],
];

interface Made {
  readonly first?: number;
  readonly values?: readonly string[];
  readonly codec?: number;
  readonly pack?: Pack;
  readonly magic?: number;
  readonly lastOffsetDelta?: number;
  readonly count?: number;
}

/** Makes a batch with a right checksum. */
function batch({ first = 0, values = ['a'], codec = 0, pack = none, magic = 2, lastOffsetDelta, count }: Made): Buffer {
  const records = pack(Buffer.concat(values.map((value, index) => encodeRecord({ offsetDelta: index, value }).buffer)));
  const bytes = Buffer.alloc(61 + records.length);
  bytes.writeBigInt64BE(BigInt(first), 0);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt8(magic, 16);
  bytes.writeInt16BE(codec, 21);
  bytes.writeInt32BE(lastOffsetDelta ?? values.length - 1, 23);
  bytes.writeBigInt64BE(-1n, 43);
  bytes.writeInt32BE(count ?? values.length, 57);
  records.copy(bytes, 61);
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
  return bytes;
}

function changed(bytes: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
}

/** A copy of a record with another offset, as a number of as many bytes. */
function offsetSet(record: Buffer, delta: number): Buffer {
  const begin = record.indexOf(0x80, record[0] !== undefined && record[0] > 0x7f ? 2 : 1);
  return changed(record, (copy) => {
    let rest = 2 * delta;
    for (let at = begin; ; at += 1) {
      const isLast = (record[at] ?? 0) < 0x80;
      copy[at] = (rest & 0x7f) | (isLast ? 0 : 0x80);
      rest >>>= 7;
      if (isLast) return;
    }
  });
}

function answerOf(...batches: readonly Buffer[]): Buffer {
  const all = Buffer.concat(batches);
  const size = Buffer.alloc(4);
  size.writeInt32BE(all.length);
  return Buffer.concat([size, all]);
}

/** Reads an answer. @returns `offset value`, `offset !reason` or `offset end` of each message. */
async function read(answer: Buffer, batchBytesMax = 1_048_576): Promise<readonly string[]> {
  const messages = await batchReader({ batchBytesMax })(new Decoder(answer));
  return messages.map(
    ({ offset, value, unreadable, isControl }) =>
      `${offset} ${isControl ? 'end' : unreadable === undefined ? String(value) : `!${unreadable}`}`,
  );
}

describe('a batch', () => {
  it.each(packs)('with %s is read', async (_name, codec, pack) => {
    const values = ['a', 'b'.repeat(100_000), ''];
    expect(await read(answerOf(batch({ first: 7, values, codec, pack })))).toEqual([`7 a`, `8 ${values[1]}`, '9 ']);
  });

  it.each(packs)('with %s is read, whatever its records are', async (_name, codec, pack) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary', maxLength: 3_000 }), { minLength: 1, maxLength: 30 }),
        async (values) => {
          const seen = await read(answerOf(batch({ values, codec, pack })));
          expect(seen).toEqual(values.map((value, index) => `${index} ${Buffer.from(value)}`));
        },
      ),
      { numRuns: 30 },
    );
  });

  it.each<[what: string, bytes: Buffer, reason: string]>([
    ['of a future format', batch({ first: 3, magic: 3 }), 'the batch has the unknown format 3'],
    [
      'with a damaged byte',
      changed(batch({ first: 3 }), (bytes) => bytes.writeUInt8(0x55, 66)),
      'the checksum of the batch does not match',
    ],
    ['of an unknown codec', batch({ first: 3, codec: 5 }), 'the codec 5 is unknown'],
    [
      'with bytes that are not gzip',
      batch({ first: 3, codec: 1 }),
      'the batch cannot be unpacked with gzip: incorrect header check',
    ],
    ['with bytes that are not snappy', batch({ first: 3, codec: 2 }), 'the batch cannot be unpacked with snappy: a match'],
    [
      'with bytes that are not lz4',
      batch({ first: 3, codec: 3 }),
      'the batch cannot be unpacked with lz4: the data is no LZ4 frame',
    ],
    ['with bytes that are not zstd', batch({ first: 3, codec: 4 }), 'the batch cannot be unpacked with zstd'],
    ['with too many records', batch({ first: 3, count: 2 ** 30 }), 'the batch has 1073741824 records; 200000 are read at most'],
    [
      'that ends in its head',
      changed(batch({ first: 3 }), (bytes) => bytes.writeInt32BE(20, 8)).subarray(0, 32),
      'the batch is too short',
    ],
  ])('%s becomes a message with the reason, and the next batch is read', async (_what, bytes, reason) => {
    const seen = await read(answerOf(bytes, batch({ first: 4, values: ['next'] })));
    const [broken = '', next] = seen.filter((line) => !line.startsWith('3 a'));
    expect([broken.slice(2, 3 + reason.length), next]).toEqual([`!${reason}`, '4 next']);
    expect(broken).toContain('3');
  });

  it('stands at its last offset if it cannot be read, and names all of them', async () => {
    const broken = changed(batch({ first: 10, values: ['a', 'b', 'c'] }), (bytes) => bytes.writeUInt8(0x55, 66));
    expect(await read(answerOf(broken))).toEqual([
      '12 !the checksum of the batch does not match: it was damaged (offsets 10 to 12)',
    ]);
  });

  it('is read up to the record that is malformed', async () => {
    const values = ['a', 'b'];
    const pack: Pack = (bytes) => changed(bytes, (copy) => copy.writeUInt8(0x7f, copy.length - 3));
    expect(await read(answerOf(batch({ values, pack })))).toEqual(['0 a', '1 !a record ends within a number (offset 1)']);
  });

  it('with fewer records than it says is read as far as it goes', async () => {
    expect(await read(answerOf(batch({ first: 3, count: 9, lastOffsetDelta: 8 })))).toEqual([
      '3 a',
      '11 !the batch ends within a record (offsets 4 to 11)',
    ]);
  });

  it('whose record has an offset outside of it is not believed', async () => {
    expect(await read(answerOf(batch({ values: ['a', 'b'], lastOffsetDelta: 0 })))).toEqual(['0 a']);
    expect(await read(answerOf(batch({ values: ['a', 'b'], lastOffsetDelta: 5 })))).toEqual(['0 a', '1 b', '5 end']);
  });

  it('of which compaction left no record, or not the last ones, ends at its last offset', async () => {
    const empty = batch({ first: 3, values: [], count: 0, lastOffsetDelta: 6 });
    expect(await read(answerOf(empty, batch({ first: 10, values: ['next'] })))).toEqual(['9 end', '10 next']);
    expect(await read(answerOf(batch({ first: 3, values: ['a'], lastOffsetDelta: 6 })))).toEqual(['3 a', '9 end']);
  });

  it('that says that it has less than no records cannot be read', async () => {
    expect(await read(answerOf(batch({ first: 3, count: -1 })))).toEqual(['3 !the batch says that it has -1 records (offset 3)']);
  });

  it('with a record of too many headers is read but for that record', async () => {
    const headers = Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [`h${n}`, 'x']));
    const records = [{ value: 'a' }, { value: 'b', headers }, { value: 'c' }];
    const pack: Pack = () => Buffer.concat(records.map((record, offsetDelta) => encodeRecord({ ...record, offsetDelta }).buffer));
    expect(await read(answerOf(batch({ values: ['a', 'b', 'c'], pack })))).toEqual([
      '0 a',
      '1 !a record has 1001 headers; 1000 are read (offset 1)',
      '2 c',
    ]);
  });

  it('of very many headers is read up to a bound', async () => {
    const headers = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`h${n}`, '']));
    const count = batchHeadersMax / 1_000 + 1;
    // All records of one length: only the difference of the offset changes.
    const record = encodeRecord({ offsetDelta: 0x1000, value: 'a', headers }).buffer;
    const pack: Pack = () => Buffer.concat(Array.from({ length: count }, (_, delta) => offsetSet(record, delta)));
    const batches = [batch({ values: [], count, lastOffsetDelta: count - 1, pack }), batch({ first: count, values: ['next'] })];
    const seen = await read(answerOf(...batches), 20_000_000);
    expect(seen.slice(-2)).toEqual([
      `${count - 2} a`,
      expect.stringContaining(`${count - 1} !the batch has more than 500000 headers`),
    ]);
    // The next batch is left for the next fetch, because headers take more memory than their bytes.
    expect(seen).toHaveLength(count);
  });

  it('of very many records lets other work go on while it is read', async () => {
    const count = 60_000;
    const record = encodeRecord({ offsetDelta: 0x100000, value: 'a' }).buffer;
    const pack: Pack = () => Buffer.concat(Array.from({ length: count }, (_, delta) => offsetSet(record, delta)));
    const reading = read(answerOf(batch({ values: [], count, lastOffsetDelta: count - 1, pack })), 20_000_000);
    let turns = 0;
    const turn = () => {
      turns += 1;
      immediate = setImmediate(turn);
    };
    let immediate = setImmediate(turn);
    expect(await reading).toHaveLength(count);
    clearImmediate(immediate);
    expect(turns).toBeGreaterThan(1);
  });

  it('that is cut off is left for the next fetch, unless it is the first', async () => {
    const whole = batch({ first: 0 });
    const cut = batch({ first: 1, values: ['b', 'c'] }).subarray(0, 62);
    expect(await read(answerOf(whole, cut))).toEqual(['0 a']);
    expect(await read(answerOf(cut))).toEqual(['2 !the batch is cut off (offsets 1 to 2)']);
    expect(await read(answerOf(whole.subarray(0, 12)))).toEqual([]);
  });

  it('with a malformed length ends the fetch, and the partition goes on behind it', async () => {
    const bytes = changed(batch({ first: 5 }), (copy) => copy.writeInt32BE(-3, 8));
    expect(await read(answerOf(bytes, batch({ first: 6 })))).toEqual(['5 !the batch has a malformed length (offset 5)']);
  });
});

describe('a malformed block of Snappy', () => {
  const literal = (size: number, count: number, ...bytes: readonly number[]): Buffer => {
    const head = Buffer.from([size, 0xfc, 0, 0, 0, 0]);
    head.writeUInt32LE(count - 1, 2);
    return Buffer.concat([head, Buffer.from(bytes)]);
  };

  it.each<[what: string, block: Buffer, reason: string]>([
    ['literals of nearly 4 GB', literal(4, 0xffff_fff0, 1, 2, 3, 4), 'the Snappy data is cut off'],
    ['literals of more than 2 GB', literal(4, 0x8000_0100, 1, 2, 3, 4), 'the Snappy data is cut off'],
    ['a tag without its length', Buffer.from([4, 0xfc, 1]), 'the Snappy data is cut off'],
    ['a copy without its distance', Buffer.from([4, 0x00, 65, 0x02]), 'the Snappy data is cut off'],
    ['a copy from before the data', Buffer.from([9, 0x00, 65, 0x1d, 2]), 'a match begins before the data'],
    ['a copy over no distance', Buffer.from([9, 0x00, 65, 0x1f, 0, 0, 0, 0]), 'a match begins before the data'],
    ['less than it states', literal(9, 4, 1, 2, 3, 4), 'the Snappy data has 4 bytes instead of 9'],
    ['more than it states', literal(3, 4, 1, 2, 3, 4), 'the Snappy data has 4 bytes instead of 3'],
    ['no end of its length', Buffer.alloc(9, 0xff), 'the length of the Snappy data has more than five bytes'],
    ['no byte', Buffer.alloc(0), 'the Snappy data is cut off'],
  ])('with %s is refused at once', async (_what, block, reason) => {
    const expected = [`0 !the batch cannot be unpacked with snappy: ${reason} (offset 0)`];
    expect(await read(answerOf(batch({ codec: 2, pack: () => block })))).toEqual(expected);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(block.length);
    const stream = Buffer.concat([xerial(Buffer.alloc(0)), size, block]);
    expect(await read(answerOf(batch({ codec: 2, pack: () => stream })))).toEqual(expected);
  });
});

describe('what a batch unpacks to', () => {
  const zeros = '\0'.repeat(700_000);
  const bombs = packs.filter(([, codec]) => codec !== 0);

  it.each([...bombs, ['lz4 that repeats itself', 3, () => lz4Zeros(700_000)] as const])(
    'is bounded: %s',
    async (_name, codec, pack) => {
      const answer = answerOf(batch({ values: [zeros], codec, pack }));
      const seen = await read(answer, 500_000);
      expect(seen).toEqual([
        expect.stringMatching(/^0 !the batch cannot be unpacked with \w+: it unpacks to more than 500000 bytes/),
      ]);
      expect(
        await read(
          answerOf(batch({ values: ['x'.repeat(400_000)], codec, pack: packs.find(([, one]) => one === codec)?.[2] ?? none })),
          500_000,
        ),
      ).toHaveLength(1);
    },
  );

  it('of one fetch is bounded: the batches behind the bound are read later', async () => {
    const [, codec, pack] = packs[1] as (typeof packs)[number];
    const batches = [0, 1, 2].map((first) => batch({ first, values: ['x'.repeat(300_000)], codec, pack }));
    expect(await read(answerOf(...batches), 500_000)).toHaveLength(2);
    // The partitions of one fetch share the bound.
    const one = answerOf(batches[0] as Buffer);
    const decoder = new Decoder(Buffer.concat([one, one, one]));
    const reader = batchReader({ batchBytesMax: 500_000 });
    const counts = [await reader(decoder), await reader(decoder), await reader(decoder)].map((messages) => messages.length);
    expect(counts).toEqual([1, 1, 0]);
  });
});

it('bytes of any kind never make the reader reject or work for long', { timeout: 5_000 }, async () => {
  const reader = batchReader({ batchBytesMax: 100_000 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...packs),
      fc.nat(),
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
      async ([, codec, pack], at, noise) => {
        const bytes = batch({ values: ['abc', 'd'.repeat(500)], codec, pack });
        Buffer.from(noise).copy(bytes, 23 + (at % (bytes.length - 23)));
        bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
        const messages = await reader(new Decoder(answerOf(bytes)));
        for (const { offset } of messages) expect(offset >= 0n).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

it('the checksum is that of kafkajs', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(crc32c(Buffer.from(bytes))).toBe(theirCrc(Buffer.from(bytes)) >>> 0);
    }),
  );
});
