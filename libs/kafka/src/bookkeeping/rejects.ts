import { type IncomingRecord, type OutgoingRecord, PlatformError, rejectHeader, type Topics } from '#contracts';
import type { Publisher } from '../ports.ts';

const reasonLengthMax = 512;

/**
 * Returns the record for the rejects topic: the original, with reason and origin in its headers
 * (I6).
 */
export function rejected(record: IncomingRecord, reason: string, topics: Topics): OutgoingRecord {
  return {
    topic: topics.name('rejects'),
    ...(record.key === null ? {} : { key: record.key }),
    value: record.value,
    headers: {
      ...record.headers,
      [rejectHeader.reason]: reason.slice(0, reasonLengthMax),
      [rejectHeader.topic]: record.topic,
      [rejectHeader.partition]: String(record.partition),
      [rejectHeader.offset]: String(record.offset),
    },
  };
}

/**
 * Writes a record to the rejects topic. With its new headers a record may be too large; then it is
 * written without its key, value and headers. Topic, partition and offset tell where to find the
 * original.
 * @throws PlatformError as {@link Publisher.publish}.
 */
export async function publishReject(publisher: Publisher, record: IncomingRecord, reason: string, topics: Topics): Promise<void> {
  try {
    await publisher.publish(rejected(record, reason, topics));
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code !== 'RECORD_TOO_LARGE') throw error;
    await publisher.publish(rejected({ ...record, key: null, value: null, headers: {} }, reason, topics));
  }
}
