import { epochMs, type IncomingRecord } from '#contracts';
import type { FetchedMessage } from './record-decoder.ts';

/** Returns a message of a fetch as a record. */
export function incomingRecord(topic: string, partition: number, message: FetchedMessage): IncomingRecord {
  const { offset, timestamp, key, value, headers, bytes, unreadable } = message;
  const record = { topic, partition, offset, timestamp: epochMs(timestamp), key, value, headers, bytes };
  return unreadable === undefined ? record : { ...record, unreadable };
}
