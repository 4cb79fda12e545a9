/**
 * Unpacks compressed record batches, with every codec of Kafka. kafkajs has gzip only, and unpacks
 * without a bound: 0.3 MB became 700 MB.
 *
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
import { promisify } from 'node:util';
import { unzip, zstdDecompress, type InputType, type ZlibOptions, type ZstdOptions } from 'node:zlib';
import { unpackLz4 } from './lz4-frame.ts';
import { unpackSnappyBlock } from './snappy-block.ts';
import { TooLarge } from './unpacked-bytes.ts';

/** Unpacks data. Rejects if it is malformed, or larger than `bytesMax` when unpacked. */
type Unpack = (data: Buffer, bytesMax: number) => Promise<Buffer> | Buffer;

const unzipBounded = promisify<InputType, ZlibOptions, Buffer>(unzip);
const zstdBounded = promisify<InputType, ZstdOptions, Buffer>(zstdDecompress);

/** The head of a stream of Snappy blocks, as the library for Java writes it. */
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const xerialHeadBytes = 16;

/** Unpacks one raw block of Snappy, or a stream of blocks with their sizes before them. */
function unpackSnappy(data: Buffer, bytesMax: number): Buffer {
  if (!data.subarray(0, xerialMagic.length).equals(xerialMagic)) return unpackSnappyBlock(data, bytesMax);
  const blocks: Buffer[] = [];
  let bytesLeft = bytesMax;
  for (let at = xerialHeadBytes; at < data.length; ) {
    const end = at + 4 + data.readUInt32BE(at);
    if (end > data.length) throw new RangeError('the Snappy data is cut off');
    const block = unpackSnappyBlock(data.subarray(at + 4, end), bytesLeft);
    bytesLeft -= block.length;
    blocks.push(block);
    at = end;
  }
  return Buffer.concat(blocks);
}

const codecs: Readonly<Record<number, { readonly name: string; readonly unpack: Unpack }>> = {
  1: { name: 'gzip', unpack: (data, bytesMax) => unzipBounded(data, { maxOutputLength: bytesMax }) },
  2: { name: 'snappy', unpack: unpackSnappy },
  3: { name: 'lz4', unpack: unpackLz4 },
  4: { name: 'zstd', unpack: (data, bytesMax) => zstdBounded(data, { maxOutputLength: bytesMax }) },
};

/** The bits of a batch's attributes that name the codec. */
const codecMask = 0x07;

/** Whether the attributes of a batch name a codec. */
export function isCompressed(attributes: number): boolean {
  return (attributes & codecMask) !== 0;
}

/**
 * Unpacks the records of a batch.
 * @param attributes of the batch.
 * @throws Error that says in one sentence why the data cannot be unpacked.
 */
export async function unpacked(attributes: number, data: Buffer, bytesMax: number): Promise<Buffer> {
  const codec = codecs[attributes & codecMask];
  if (codec === undefined) throw new Error(`the codec ${attributes & codecMask} is unknown`);
  try {
    return await codec.unpack(data, bytesMax);
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    const isTooLarge = code === 'ERR_BUFFER_TOO_LARGE' || error instanceof TooLarge;
    const why = isTooLarge ? `it unpacks to more than ${bytesMax} bytes` : message;
    throw new Error(`the batch cannot be unpacked with ${codec.name}: ${why}`, { cause: error });
  }
}
