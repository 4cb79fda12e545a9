/**
 * Unpacks LZ4 frames, as Kafka's producers write them, into at most a given number of bytes.
 *
 * ADR 14 weighs the libraries for JavaScript. Checksums are skipped, because the CRC of the batch
 * covers the frame.
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 */
import { UnpackedBytes } from './unpacked-bytes.ts';

const magic = 0x184d2204;
const flag = { contentChecksum: 0x04, contentSize: 0x08, blockChecksum: 0x10, dictionary: 0x01 } as const;
const versionMask = 0xc0;
const version = 0x40;
const storedBlock = 0x8000_0000;
/** Sizes of blocks, by the three bits that name them. */
const blockBytesMax: Readonly<Record<number, number>> = { 4: 65_536, 5: 262_144, 6: 1_048_576, 7: 4_194_304 };
const matchBytesMin = 4;

function byteAt(input: Buffer, at: number, end: number): number {
  const byte = at < end ? input[at] : undefined;
  if (byte === undefined) throw new RangeError('the LZ4 data is cut off');
  return byte;
}

/** Unpacks one block. */
function unpackBlock(input: Buffer, from: number, end: number, output: UnpackedBytes): void {
  let at = from;
  /** A length of 15 goes on in the next bytes, until one is below 255. */
  const length = (start: number): number => {
    let sum = start;
    if (start !== 15) return sum;
    for (;;) {
      const byte = byteAt(input, at++, end);
      sum += byte;
      if (byte !== 255) return sum;
    }
  };
  while (at < end) {
    const token = byteAt(input, at++, end);
    const literals = length(token >>> 4);
    if (at + literals > end) throw new RangeError('the LZ4 data is cut off');
    output.literals(input, at, at + literals);
    at += literals;
    // The last sequence of a block has no match.
    if (at === end) return;
    const distance = byteAt(input, at, end) | (byteAt(input, at + 1, end) << 8);
    at += 2;
    output.match(distance, length(token & 15) + matchBytesMin);
  }
}

/**
 * Unpacks a frame.
 * @throws RangeError if it is malformed, cut off, or larger than `bytesMax` when unpacked.
 */
export function unpackLz4(input: Buffer, bytesMax: number): Buffer {
  if (input.length < 7 || input.readUInt32LE(0) !== magic) throw new RangeError('the data is no LZ4 frame');
  const flags = input.readUInt8(4);
  const blockMax = blockBytesMax[(input.readUInt8(5) >>> 4) & 7];
  if ((flags & versionMask) !== version || blockMax === undefined) throw new RangeError('the LZ4 frame has an unknown form');
  if ((flags & flag.dictionary) !== 0) throw new RangeError('the LZ4 frame needs a dictionary');
  let at = 6 + ((flags & flag.contentSize) === 0 ? 0 : 8) + 1;
  const output = new UnpackedBytes(4 * input.length, bytesMax);
  for (;;) {
    if (at + 4 > input.length) throw new RangeError('the LZ4 data is cut off');
    const size = input.readUInt32LE(at);
    at += 4;
    if (size === 0) return output.done();
    const end = at + (size % storedBlock);
    if (end > input.length) throw new RangeError('the LZ4 data is cut off');
    if (end - at > blockMax) throw new RangeError('an LZ4 block is larger than its frame allows');
    if (size >= storedBlock) output.literals(input, at, end);
    else unpackBlock(input, at, end, output);
    at = end + ((flags & flag.blockChecksum) === 0 ? 0 : 4);
  }
}
