/**
 * Puts own functions in the place of modules of kafkajs, which loads them with its first request.
 * The client has had no release since 2.2.4 (2023).
 * @see docs/adr/0013-records-are-written-by-our-own-code.md
 */
import { createRequire } from 'node:module';
import { unpacked } from './batch-codecs.ts';
import { crc32c } from './crc32c.ts';
import { type Answer, type BatchBounds, batchReader } from './kafkajs-batches.ts';
import { encodeRecord } from './record-encoder.ts';

const require = createRequire(import.meta.url);

/** @param instead is given what the module exports, and returns what stands in its place. */
function replace<Exports>(name: string, instead: (theirs: Exports) => unknown): void {
  const file = require.resolve(`kafkajs/src/protocol/${name}`);
  const theirs = require(file) as Exports;
  const module = require.cache[file];
  if (module !== undefined) module.exports = instead(theirs);
}

/** Answers to fetches of this library. Other consumers of the process get messages of kafkajs. */
const ownFetches = new WeakSet<Buffer>();

/** Marks the bytes of an answer, whose records are then read by own code. */
export function ownFetch(bytes: Buffer): Buffer {
  ownFetches.add(bytes);
  return bytes;
}

/** The bounds of the last call of {@link useOwnRecords}. */
const bounds = { batchBytesMax: 0 };
let isInPlace = false;

/**
 * Makes every producer of this process write records with own code. The records of each
 * {@link ownFetch} are read with own code. Call it before the first request. The bounds of the last
 * call hold for all.
 *
 * @see docs/adr/0013-records-are-written-by-our-own-code.md.
 */
export function useOwnRecords({ batchBytesMax }: BatchBounds): void {
  bounds.batchBytesMax = batchBytesMax;
  if (isInPlace) return;
  isInPlace = true;
  replace('recordBatch/record/v0', () => encodeRecord);
  replace('recordBatch/crc32C', () => crc32c);
  const ours = batchReader(bounds);
  replace<(answer: Answer) => unknown>(
    'requests/fetch/v4/decodeMessages',
    (theirs) => (answer: Answer) => (ownFetches.has(answer.buffer) ? ours(answer) : theirs(answer)),
  );
  // Other consumers of the process unpack with these codecs.
  const { Codecs } = require('kafkajs/src/protocol/message/compression') as { readonly Codecs: Record<number, () => object> };
  const { compress } = require('kafkajs/src/protocol/message/compression/gzip') as { readonly compress: unknown };
  for (const codec of [1, 2, 3, 4]) {
    const decompress = async (data: Buffer) => unpacked(codec, data, bounds.batchBytesMax);
    Codecs[codec] = () => (codec === 1 ? { compress, decompress } : { decompress });
  }
}
