import {
  asDeadLetter,
  type IncomingRecord,
  type OutgoingRecord,
  PlatformError,
  rejectFacts,
  rejectHeader,
  rejectReasonLengthMax,
  type Topics,
} from '#contracts';
import { systemClock } from '#platform';
import type { Publisher } from '../ports.ts';

/** The consumer that rejects a record. */
export interface Rejecter {
  readonly publisher: Publisher;
  readonly topics: Topics;
  readonly groupId: string;
}

/**
 * Returns the record for the rejects topic: the original, with reason and origin in its headers
 * (I6).
 */
function rejected(record: IncomingRecord, fault: PlatformError, { topics, groupId }: Rejecter): OutgoingRecord {
  const reject = {
    topic: topics.name('rejects'),
    ...(record.key === null ? {} : { key: record.key }),
    value: record.value,
    headers: {
      ...rejectFacts(record.headers, fault),
      [rejectHeader.reason]: fault.message.slice(0, rejectReasonLengthMax),
      [rejectHeader.topic]: record.topic,
      [rejectHeader.partition]: String(record.partition),
      [rejectHeader.offset]: String(record.offset),
      [rejectHeader.timestamp]: String(record.timestamp),
    },
  };
  return asDeadLetter(reject, {
    origin: record,
    groupId,
    fault: { name: fault.code, message: fault.message },
    type: 'dev.sendoff.record.rejected',
    contentType: 'application/octet-stream',
    at: systemClock.now(),
  });
}

/**
 * Writes a record to the rejects topic. With its new headers a record may be too large; then it is
 * written without its key, value and headers. Topic, partition and offset tell where to find the
 * original.
 * @throws PlatformError as {@link Publisher.publish}.
 */
export async function publishReject(record: IncomingRecord, fault: PlatformError, rejecter: Rejecter): Promise<void> {
  try {
    await rejecter.publisher.publish(rejected(record, fault, rejecter));
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code !== 'RECORD_TOO_LARGE') throw error;
    await rejecter.publisher.publish(rejected({ ...record, key: null, value: null, headers: {} }, fault, rejecter));
  }
}
