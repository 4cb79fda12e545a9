const baseOffsetAt = 0;
const lastOffsetDeltaAt = 23;

/** The record batches of one partition, as a producer wrote them. */
export class PartitionLog {
  private readonly batches: { readonly lastOffset: bigint; readonly bytes: Buffer }[] = [];
  private nextOffset = 0n;

  /** Offset that the next record will get. */
  get end(): bigint {
    return this.nextOffset;
  }

  /**
   * Appends one record batch.
   * @returns the offset of its first record.
   */
  append(records: Buffer): bigint {
    const bytes = Buffer.from(records);
    const base = this.nextOffset;
    bytes.writeBigInt64BE(base, baseOffsetAt);
    const lastOffset = base + BigInt(bytes.readInt32BE(lastOffsetDeltaAt));
    this.batches.push({ lastOffset, bytes });
    this.nextOffset = lastOffset + 1n;
    return base;
  }

  /** Returns all batches that hold the offset or a later one. */
  from(offset: bigint): Buffer {
    return Buffer.concat(this.batches.filter(({ lastOffset }) => lastOffset >= offset).map(({ bytes }) => bytes));
  }

  /** True if a batch holds these bytes: a value that no other record has. */
  holds(value: string): boolean {
    return this.batches.some(({ bytes }) => bytes.includes(value));
  }
}
