import { bounds, type EpochMs, epochMs, type IncomingRecord } from '#contracts';
import type { FetchedMessage } from './record-decoder.ts';

/** Returns a message of a fetch as a record. */
export function incomingRecord(topic: string, partition: number, message: FetchedMessage): IncomingRecord {
  const { offset, timestamp, key, value, headers, bytes, unreadable } = message;
  const record = { topic, partition, offset, timestamp: instantOf(timestamp), key, value, headers, bytes };
  return unreadable === undefined ? record : { ...record, unreadable };
}

/**
 * A producer may write any 64 bits as the time of a record. The ledger would not count a reject of
 * such a record, and no text shows such a time.
 */
function instantOf(timestamp: number): EpochMs {
  const { min, max } = bounds.instantMs;
  return epochMs(Math.min(max, Math.max(min, timestamp)));
}
