import { PlatformError } from '#contracts';
import { rootCause } from './broker-errors.ts';
import { errorOf } from './kafka-answers.ts';
import type { PartitionAnswer } from './produce-client.ts';
import type { QueuedRecord } from './publisher-queue.ts';

/** The records of one partition in one request. */
export interface Part {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly QueuedRecord[];
}

/** The records of a batch by partition. */
export function partsOf(batch: readonly QueuedRecord[]): readonly Part[] {
  const topics = new Map<string, Map<number, QueuedRecord[]>>();
  for (const record of batch) {
    const partitions = topics.get(record.topic) ?? new Map<number, QueuedRecord[]>();
    const partition = record.partition ?? 0;
    const records = partitions.get(partition);
    if (records === undefined) partitions.set(partition, [record]);
    else records.push(record);
    topics.set(record.topic, partitions);
  }
  return [...topics].flatMap(([topic, partitions]) =>
    [...partitions].map(([partition, records]) => ({ topic, partition, records })),
  );
}

/** Why the records of a part are not known to be written. */
export function faultOf(answer: PartitionAnswer | undefined, leader: number): Error {
  if (answer === undefined) return new Error(`broker ${leader} answered without naming the partition`);
  if (answer.errorCode === 0) return new Error(`broker ${leader} acknowledged records without an offset`);
  return errorOf(answer.errorCode);
}

const sizeFaults: ReadonlySet<string | undefined> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
const contentFaults: ReadonlySet<string | undefined> = new Set([
  ...sizeFaults,
  'INVALID_RECORD',
  'CORRUPT_MESSAGE',
  'INVALID_TIMESTAMP',
  'POLICY_VIOLATION',
]);

/** True for a fault of the records themselves, not of the way to the broker. */
export function isContentFault(error: unknown): boolean {
  return contentFaults.has(rootCause(error).type);
}

/** The error of a record below our own limit that its topic refuses for its size. */
export function tooLarge(topic: string, bytes: number | undefined, cause: unknown): PlatformError {
  const reason = `the topic ${topic} refuses a record of ${bytes} bytes: raise its max.message.bytes`;
  return new PlatformError('RECORD_TOO_LARGE', { details: { topic, bytes, reason, limitedBy: 'topic' }, cause });
}

/** True if a broker refused records for their size. */
export function isTooLarge(error: unknown): boolean {
  return sizeFaults.has(rootCause(error).type);
}
