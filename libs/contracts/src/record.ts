import type { EpochMs } from './epoch-ms.ts';

/** The headers of a record. Names are in lower case, values are texts in UTF-8. */
export type RecordHeaders = Readonly<Record<string, string>>;

/**
 * An owner whose records go to few partitions: from the partition of its key on, one for each of
 * its places. With as many places as partitions, or more, they go to all.
 */
export interface Spread {
  readonly key: string;
  /** From 1. */
  readonly places: number;
}

/** A record to write. Without a key it may go to any partition. */
export interface OutgoingRecord {
  /** The full name, with the prefix of the installation. */
  readonly topic: string;
  readonly key?: string;
  /** `null` deletes the key from a compacted topic. */
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
  /** Headers whose values are no texts. Their names differ from those in `headers`. */
  readonly binaryHeaders?: Readonly<Record<string, Buffer>>;
  /** Bounds the partitions among which the key chooses. */
  readonly spread?: Spread;
  /** Overrules the partition of the key. */
  readonly partition?: number;
}

/** A record from a topic. */
export interface IncomingRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /**
   * When the broker appended the record, by the clock of the broker. Declared topics keep no
   * timestamps of producers: a record dated last week would be deleted at the next sweep, unread.
   */
  readonly timestamp: EpochMs;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
  /** Bytes of the record in its batch, unpacked; 0 if it could not be read. */
  readonly bytes: number;
  /**
   * Why the batch of the record could not be read; undefined if it could. Key, value and headers
   * are then empty. The record may stand for several, and its offset is that of the last one.
   */
  readonly unreadable?: string;
}
