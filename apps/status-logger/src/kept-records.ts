import type { RecordPlace } from '#contracts';

/** The records that one partition holds: from the offset `start` up to the one before `end`. */
export interface KeptRecords {
  /** Without the prefix. */
  readonly topic: string;
  readonly partition: number;
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * Returns a test that a place passes if its partition does not hold it any more. A place in a
 * partition that is not given does not pass.
 */
export function outsideOf(kept: readonly KeptRecords[]): (place: RecordPlace) => boolean {
  const bounds = new Map(kept.map((one) => [`${one.topic}/${one.partition}`, one]));
  return ({ topic, partition, offset }) => {
    const found = bounds.get(`${topic}/${partition}`);
    return found !== undefined && (offset < found.start || offset >= found.end);
  };
}
