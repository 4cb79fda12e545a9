import type { KafkaMessage } from 'kafkajs';
import { epochMs, type IncomingRecord } from '#contracts';

/**
 * Returns a message of kafkajs as a record. If a header occurs several times, the last one counts,
 * as in Kafka's own clients.
 */
export function incomingRecord(topic: string, partition: number, message: KafkaMessage): IncomingRecord {
  const { unreadable } = message as { readonly unreadable?: string };
  const headers: Record<string, string> = {};
  for (const name in message.headers) {
    const value = message.headers[name];
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined && last !== null)
      headers[name.toLowerCase()] = typeof last === 'string' ? last : last.toString('utf8');
  }
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    timestamp: epochMs(Number(message.timestamp)),
    key: message.key === null ? null : message.key.toString('utf8'),
    value: message.value,
    headers,
    ...(unreadable === undefined ? {} : { unreadable }),
  };
}
