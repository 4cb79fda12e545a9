import { type EpochMs, epochMs } from './epoch-ms.ts';
import { contractViolated } from './errors.ts';
import type { Lane } from './lanes.ts';
import type { IncomingRecord } from './record.ts';
import type { TopicName } from './topic-declarations.ts';

type ReadRecord = Pick<IncomingRecord, 'partition' | 'offset' | 'timestamp'>;

/** The place of one record on a topic. */
export interface RecordPlace {
  /** Without the prefix. */
  readonly topic: TopicName;
  readonly partition: number;
  /** Below 2^53, as far as any partition gets. */
  readonly offset: number;
  /** When the broker appended the record, by the clock of that broker. */
  readonly at: EpochMs;
}

/** True if the records of the topic ask executors for attempts. */
export function asksForAttempts(topic: TopicName): topic is Lane {
  return topic === 'invocations' || topic === 'invocations.bulk';
}

/** The place of a record that was read. @param topic without the prefix. */
export function placeOf(topic: TopicName, { partition, offset, timestamp }: ReadRecord): RecordPlace {
  return { topic, partition, offset: Number(offset), at: timestamp };
}

/** Writes the place of a record that asks for an attempt: `topic/partition/offset/at`. */
export function placeText({ topic, partition, offset, at }: RecordPlace): string {
  return `${topic}/${partition}/${offset}/${at}`;
}

const placePattern = /^(invocations|invocations\.bulk)\/(\d{1,10})\/(\d{1,15})\/(\d{1,15})$/;

/**
 * Reads what {@link placeText} has written.
 * @throws PlatformError `CONTRACT_VIOLATED` for another text.
 */
export function placeFromText(text: string): RecordPlace {
  const [, topic, partition, offset, at] = placePattern.exec(text) ?? [];
  if (topic === undefined) throw contractViolated('a place is not topic/partition/offset/time');
  return { topic: topic as Lane, partition: Number(partition), offset: Number(offset), at: epochMs(Number(at)) };
}
