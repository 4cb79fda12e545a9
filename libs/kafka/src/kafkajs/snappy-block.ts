/**
 * Unpacks blocks of Snappy, as Kafka's producers write them, into at most a given number of bytes.
 *
 * ADR 14 weighs the libraries for JavaScript.
 * @see https://github.com/google/snappy/blob/main/format_description.txt
 */
import { TooLarge, UnpackedBytes } from './unpacked-bytes.ts';

/** Kinds of elements, by the low two bits of their tags. */
const kind = { literals: 0, nearCopy: 1, copy: 2, farCopy: 3 } as const;
/** Lengths of literals from here on stand in the bytes after the tag. */
const lengthsInTag = 60;

/** Three bytes stand for 64 at most. */
const growthMax = 22;

/** Reads numbers of a block. Each read is checked against the end of the block. */
class BlockReader {
  private at = 0;

  constructor(readonly input: Buffer) {}

  get isAtEnd(): boolean {
    return this.at >= this.input.length;
  }

  /** Reads a number of so many bytes, the lowest first. */
  uint(bytes: number): number {
    return this.input.readUIntLE(this.skip(bytes), bytes);
  }

  /** Reads a number of seven bits a byte, the lowest first. */
  varint(): number {
    let sum = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.uint(1);
      sum += (byte & 0x7f) * scale;
      if (byte < 128) return sum;
    }
    throw new RangeError('the length of the Snappy data has more than five bytes');
  }

  /** Passes over bytes. @returns where they begin. */
  skip(bytes: number): number {
    const from = this.at;
    if (from + bytes > this.input.length) throw new RangeError('the Snappy data is cut off');
    this.at += bytes;
    return from;
  }
}

function unpackElement(block: BlockReader, output: UnpackedBytes): void {
  const tag = block.uint(1);
  const upper = tag >>> 2;
  switch (tag & 3) {
    case kind.literals: {
      const count = 1 + (upper < lengthsInTag ? upper : block.uint(1 + upper - lengthsInTag));
      const from = block.skip(count);
      output.literals(block.input, from, from + count);
      break;
    }
    case kind.nearCopy:
      output.match((tag >>> 5) * 256 + block.uint(1), 4 + (upper & 7));
      break;
    case kind.copy:
      output.match(block.uint(2), 1 + upper);
      break;
    case kind.farCopy:
    default:
      output.match(block.uint(4), 1 + upper);
  }
}

/**
 * Unpacks a block.
 * @throws RangeError if it is malformed, cut off, or larger than `bytesMax` when unpacked.
 */
export function unpackSnappyBlock(input: Buffer, bytesMax: number): Buffer {
  const block = new BlockReader(input);
  const size = block.varint();
  if (size > bytesMax) throw new TooLarge(`the data unpacks to more than ${bytesMax} bytes`);
  const output = new UnpackedBytes(Math.min(size, input.length * growthMax), bytesMax);
  while (!block.isAtEnd) unpackElement(block, output);
  if (output.size !== size) throw new RangeError(`the Snappy data has ${output.size} bytes instead of ${size}`);
  return output.done();
}
