/** Shorter runs are copied faster one by one. */
const copyFrom = 32;

/** The data unpacks to more bytes than allowed. */
export class TooLarge extends RangeError {}

/** Gathers unpacked bytes. It grows as they come, up to a bound. */
export class UnpackedBytes {
  private bytes: Buffer;
  private length = 0;

  constructor(
    firstBytes: number,
    private readonly bytesMax: number,
  ) {
    this.bytes = Buffer.allocUnsafe(Math.min(firstBytes, bytesMax));
  }

  /** Bytes so far. */
  get size(): number {
    return this.length;
  }

  literals(input: Buffer, from: number, to: number): void {
    this.reserve(to - from);
    input.copy(this.bytes, this.length, from, to);
    this.length += to - from;
  }

  /** Repeats bytes that were unpacked before; the run may overlap itself. */
  match(distance: number, count: number): void {
    if (distance === 0 || distance > this.length) throw new RangeError('a match begins before the data');
    this.reserve(count);
    const { bytes } = this;
    const from = this.length - distance;
    if (count < copyFrom) for (let at = 0; at < count; at++) bytes[this.length + at] = bytes[from + at] ?? 0;
    // Each step of a run that overlaps itself copies all that came before it.
    else
      for (let copied = 0; copied < count; ) {
        const next = Math.min(distance + copied, count - copied);
        bytes.copyWithin(this.length + copied, from, from + next);
        copied += next;
      }
    this.length += count;
  }

  done(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  private reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.bytesMax) throw new TooLarge(`the data unpacks to more than ${this.bytesMax} bytes`);
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.min(this.bytesMax, Math.max(needed, 2 * this.bytes.length)));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}
