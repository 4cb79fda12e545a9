/**
 * Goal: messages in the formats from before Kafka 0.11 are read, and no bytes stop the reader.
 * Method: messages made by hand, compared with the reader of kafkajs, whole and damaged.
 */
import { createRequire } from 'node:module';
import { crc32, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchReader } from './kafkajs-batches.ts';
import { readOldMessages } from './old-messages.ts';

const require = createRequire(import.meta.url);
const Decoder = require('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => Parameters<ReturnType<typeof batchReader>>[0];
const theirs = require('kafkajs/src/protocol/messageSet/decoder') as (
  decoder: object,
  size: number,
) => Promise<
  readonly { readonly offset: string; readonly timestamp?: string; readonly key: Buffer | null; readonly value: Buffer | null }[]
>;

interface Made {
  readonly offset?: number;
  readonly magic?: 0 | 1;
  readonly attributes?: number;
  readonly time?: number;
  readonly key?: Uint8Array | null;
  readonly value?: Uint8Array | null;
}

function field(bytes: Uint8Array | null): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes?.length ?? -1);
  return Buffer.concat([length, bytes ?? Buffer.alloc(0)]);
}

/** Sets size and checksum. */
function sealed(entry: Buffer): Buffer {
  entry.writeInt32BE(entry.length - 12, 8);
  entry.writeUInt32BE(crc32(entry.subarray(16)), 12);
  return entry;
}

function message({ offset = 0, magic = 1, attributes = 0, time = 5, key = null, value = null }: Made): Buffer {
  const head = Buffer.alloc(magic === 1 ? 26 : 18);
  head.writeBigInt64BE(BigInt(offset));
  head.writeInt8(magic, 16);
  head.writeInt8(attributes, 17);
  if (magic === 1) head.writeBigInt64BE(BigInt(time), 18);
  return sealed(Buffer.concat([head, field(key), field(value)]));
}

function packed(messages: readonly Made[], outer: Made = {}): Buffer {
  return message({ attributes: 1, ...outer, value: gzipSync(Buffer.concat(messages.map(message))) });
}

const bounds = { bytesMax: 100_000, recordsMax: 100 };

async function read(entry: Buffer): Promise<readonly string[]> {
  const messages = await readOldMessages(entry, bounds);
  return messages.map(({ offset, timestamp, key, value }) => `${offset} ${timestamp} ${key} ${value}`);
}

describe('a message from before Kafka 0.11', () => {
  it('is read as kafkajs reads it', async () => {
    const bytes = fc.option(fc.uint8Array({ maxLength: 30 }));
    const made = fc.record({ offset: fc.nat(), magic: fc.constantFrom(0, 1), time: fc.nat(), key: bytes, value: bytes });
    await fc.assert(
      fc.asyncProperty(fc.array(made, { minLength: 1, maxLength: 4 }), fc.boolean(), async (all, isPacked) => {
        const { magic, offset } = all[0] as { readonly magic: 0 | 1; readonly offset: number };
        const like = all.map((one, index) => ({ ...one, magic, offset: offset + index })) as readonly Made[];
        const entry = isPacked ? packed(like, { magic, offset: 9_999 }) : message(like[0] ?? {});
        const expected = (await theirs(new Decoder(entry), entry.length)).map(
          ({ offset: own, timestamp = '-1', key, value }) => `${own} ${timestamp} ${key} ${value}`,
        );
        expect(await read(entry)).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  it('has the time of the broker if the broker has set it for all', async () => {
    expect(await read(packed([{ time: 5 }, { offset: 1, time: 6 }], { offset: 8, attributes: 9, time: 70 }))).toEqual([
      '7 70 null null',
      '8 70 null null',
    ]);
  });

  it.each<[what: string, entry: Buffer, reason: string]>([
    ['with a damaged byte', message({ value: Buffer.from('a') }).fill('b', 34), 'its checksum does not match'],
    ['that is cut off', sealed(message({ key: Buffer.from('a') }).subarray(0, -3)), 'it is cut off'],
    ['of nothing', Buffer.alloc(17), 'it is cut off'],
    ['packed in an unknown way', message({ attributes: 6 }), 'the codec 6 is unknown'],
    ['packed twice', packed([{ attributes: 1, value: gzipSync('') }]), 'it is packed twice'],
    ['packed without a message', packed([]), 'it is cut off'],
    ['of too many messages', packed(Array<Made>(101).fill({})), 'it has more than 100 messages'],
    ['that unpacks to too much', packed([{ value: Buffer.alloc(200_000) }]), 'it unpacks to more than 100000 bytes'],
  ])('%s is refused', async (_what, entry, reason) => {
    await expect(read(entry)).rejects.toThrow(reason);
  });

  it('whose field leads back to its beginning becomes a message with the reason', async () => {
    const entry = sealed(Buffer.concat([message({ magic: 0 }), Buffer.alloc(8)]));
    // The key ends where the message begins, and the value, with its length of -4, there too.
    entry.writeInt32BE(-22, 18);
    entry.writeInt32BE(-4, 0);
    const size = Buffer.alloc(4);
    size.writeInt32BE(entry.length);
    const [found] = await batchReader({ batchBytesMax: 1_000 })(new Decoder(Buffer.concat([size, sealed(entry)])));
    expect(found?.unreadable).toContain('the message cannot be read: a field has -22 bytes');
  });

  it('with any damage behind its checksum ends at once', async () => {
    const whole = [message({ key: Buffer.from('k') }), packed([{ value: Buffer.from('a') }, { offset: 1 }])] as const;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...whole), fc.nat(), fc.integer(), async (entry, where, number) => {
        const copy = Buffer.from(entry);
        copy.writeInt32BE(number | 0, 17 + (where % (copy.length - 20)));
        await readOldMessages(sealed(copy), bounds).catch((error: unknown) => expect(error).toBeInstanceOf(Error));
      }),
      { numRuns: 50 },
    );
  });
});
