import type { EpochMs } from './epoch-ms.ts';

/** The headers of a record: lower-case names, UTF-8 text values. */
export type RecordHeaders = Readonly<Record<string, string>>;

/** A record to be written. `topic` is the physical name, prefix included. A record without a key goes to any partition. */
export interface OutgoingRecord {
  readonly topic: string;
  readonly key?: string;
  /** `null` is a tombstone, for compacted topics. */
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
  /** Only where a record must go back to a partition of its own. */
  readonly partition?: number;
}

/** A record as it was read. */
export interface IncomingRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** When the producer made the record, by its own clock. */
  readonly timestamp: EpochMs;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
}
