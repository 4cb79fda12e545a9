/**
 * How much of each partition the tries of one target hold. The consumer reads a partition until a
 * number of records or bytes is in hand. A target that had them all would stop the notices of all
 * other targets.
 *
 * A target may hold another try while it has fewer than three times as many records, and bytes, as
 * are free. So one slow target has three quarters at most, and a second one three quarters of the
 * rest. All share half of what the consumer takes: a full partition is read on at half.
 */

/** Records and bytes of one partition that may be in hand. */
export interface PartitionLimits {
  readonly recordsMax: number;
  readonly bytesMax: number;
}

/**
 * Records in hand of all partitions that one notifier may have. One takes 2.2 KB of memory: 210 MB
 * in all.
 */
const recordsMaxOfAll = 96_000;
const bytesMaxOfAll = 128 * 1_048_576;
/** A partition holds at least so much, however many there are. A record has 1 MiB at most. */
const leastLimits: PartitionLimits = { recordsMax: 1_000, bytesMax: 4 * 1_048_576 };
/** `settlements` and `notifications`. */
const topics = 2;

/**
 * Bounds of the consumer for one partition. Records that find no room cost five more reads and
 * writes each, by a delay topic.
 * @param partitions of each topic; one notifier may have to read all of them.
 */
export function partitionLimitsOf(partitions: number): PartitionLimits {
  const share = (all: number, least: number) => Math.max(least, Math.floor(all / (topics * partitions)));
  return {
    recordsMax: share(recordsMaxOfAll, leastLimits.recordsMax),
    bytesMax: share(bytesMaxOfAll, leastLimits.bytesMax),
  };
}

/** The record that a try is made for. */
export interface HeldRecord {
  /** Names the partition that it was read from. */
  readonly partition: string;
  readonly bytes: number;
}

interface Amount {
  records: number;
  bytes: number;
}

interface Partition extends Amount {
  readonly byTarget: Map<string, Amount>;
}

/** A target holds so many times as much as is free. */
const heldPerFree = 3;

/** The records in hand, by partition and target. */
export class PartitionRoom {
  private readonly partitions = new Map<string, Partition>();

  /** @param limits of the consumer. */
  constructor(private readonly limits: PartitionLimits) {}

  /** Whether a try of the target may wait in memory. Without it others may run short of room. */
  mayHold(key: string, { partition }: HeldRecord): boolean {
    const held = this.partitions.get(partition);
    const own = held?.byTarget.get(key);
    if (held === undefined || own === undefined) return true;
    const { recordsMax, bytesMax } = this.limits;
    const freeRecords = recordsMax / 2 - held.records;
    const freeBytes = bytesMax / 2 - held.bytes;
    return own.records < heldPerFree * freeRecords && own.bytes < heldPerFree * freeBytes;
  }

  /** Counts a record that is in hand from now on. */
  enter(key: string, { partition, bytes }: HeldRecord): void {
    const held = this.partitions.get(partition) ?? { records: 0, bytes: 0, byTarget: new Map<string, Amount>() };
    this.partitions.set(partition, held);
    const own = held.byTarget.get(key) ?? { records: 0, bytes: 0 };
    held.byTarget.set(key, own);
    for (const amount of [held, own]) {
      amount.records += 1;
      amount.bytes += bytes;
    }
  }

  /** Counts a record no more. */
  leave(key: string, { partition, bytes }: HeldRecord): void {
    const held = this.partitions.get(partition);
    const own = held?.byTarget.get(key);
    if (held === undefined || own === undefined) return;
    for (const amount of [held, own]) {
      amount.records -= 1;
      amount.bytes -= bytes;
    }
    if (own.records === 0) held.byTarget.delete(key);
    if (held.records === 0) this.partitions.delete(partition);
  }
}
