/**
 * The headers of dead letters, as existing tools read them.
 *
 * - Spring's dead-letter headers name the place of the record that was given up, so that a tool can
 *   write it back there. Numbers are bytes in big-endian order, texts are UTF-8.
 * - CloudEvents' headers describe the dead letter, unless the record is an event already: a tool
 *   that writes it back must find it as it came.
 * @see https://docs.spring.io/spring-kafka/reference/kafka/annotation-error-handling.html#dlpr-headers
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
 */
import { beginningOf } from './cut-text.ts';
import type { EpochMs } from './epoch-ms.ts';
import type { IncomingRecord, OutgoingRecord, RecordHeaders } from './record.ts';
import { utcInstant } from './utc-text.ts';

const springPrefix = 'kafka_dlt-';

/** Names of Spring's headers. */
export const springHeader = {
  topic: `${springPrefix}original-topic`,
  /** Four bytes. */
  partition: `${springPrefix}original-partition`,
  /** Eight bytes. */
  offset: `${springPrefix}original-offset`,
  /** Eight bytes, milliseconds since 1970. */
  timestamp: `${springPrefix}original-timestamp`,
  timestampType: `${springPrefix}original-timestamp-type`,
  consumerGroup: `${springPrefix}original-consumer-group`,
  /** Stands for the class of a Java exception. */
  exceptionName: `${springPrefix}exception-fqcn`,
  exceptionMessage: `${springPrefix}exception-message`,
} as const;

/** Names of CloudEvents' headers. */
export const cloudEventHeader = {
  contentType: 'content-type',
  specVersion: 'ce_specversion',
  id: 'ce_id',
  source: 'ce_source',
  type: 'ce_type',
  time: 'ce_time',
  traceparent: 'ce_traceparent',
  /** An extension of ours: the tags of an invocation, separated by commas. */
  tags: 'ce_sendofftags',
} as const;

const messageLengthMax = 512;

/** The attributes of a CloudEvent. */
export interface CloudEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly at: EpochMs;
  readonly contentType: string;
  readonly traceparent?: string;
  readonly tags?: readonly string[];
}

/** The headers of a CloudEvent in binary mode. */
export function cloudEventHeaders({
  id,
  source,
  type,
  at,
  contentType,
  traceparent,
  tags = [],
}: CloudEvent): Record<string, string> {
  return {
    [cloudEventHeader.contentType]: contentType,
    [cloudEventHeader.specVersion]: '1.0',
    [cloudEventHeader.id]: id,
    [cloudEventHeader.source]: source,
    [cloudEventHeader.type]: type,
    [cloudEventHeader.time]: utcInstant(at),
    ...(traceparent === undefined ? {} : { [cloudEventHeader.traceparent]: traceparent }),
    ...(tags.length === 0 ? {} : { [cloudEventHeader.tags]: tags.join(',') }),
  };
}

/** Why a record was given up, and where it lies. */
export interface DeadLetter {
  /** The record that was read. */
  readonly origin: Pick<IncomingRecord, 'topic' | 'partition' | 'offset' | 'timestamp'>;
  /** The consumer group that read it. */
  readonly groupId: string;
  /** A name, which becomes `dev.sendoff.<name>`, and words without payloads or secrets. */
  readonly fault: { readonly name: string; readonly message: string };
  /** The type of the dead letter as an event. */
  readonly type: 'dev.sendoff.record.rejected' | 'dev.sendoff.delivery.abandoned';
  /** The media type of the value, unless the record names one. */
  readonly contentType: string;
  readonly at: EpochMs;
}

/**
 * Adds the headers of a dead letter to a record. Those of Spring replace the ones of an earlier
 * dead letter.
 */
export function asDeadLetter(record: OutgoingRecord, letter: DeadLetter): OutgoingRecord {
  const { origin, groupId, fault } = letter;
  const own = Object.entries(record.headers).filter(([name]) => !name.startsWith(springPrefix));
  return {
    ...record,
    headers: {
      ...Object.fromEntries(own),
      ...eventHeaders(record.headers, letter),
      [springHeader.topic]: origin.topic,
      // Every topic of the platform has this type.
      [springHeader.timestampType]: 'LogAppendTime',
      [springHeader.consumerGroup]: groupId,
      [springHeader.exceptionName]: `dev.sendoff.${fault.name}`,
      [springHeader.exceptionMessage]: beginningOf(fault.message, messageLengthMax),
    },
    binaryHeaders: {
      [springHeader.partition]: int32(origin.partition),
      [springHeader.offset]: int64(origin.offset),
      [springHeader.timestamp]: int64(BigInt(origin.timestamp)),
    },
  };
}

/** None for a record that is an event already. */
function eventHeaders(headers: RecordHeaders, { origin, type, at, contentType }: DeadLetter): Record<string, string> {
  if (headers[cloudEventHeader.specVersion] !== undefined) return {};
  return cloudEventHeaders({
    id: `${origin.topic}/${origin.partition}/${origin.offset}`,
    source: `/topics/${origin.topic}`,
    type,
    at,
    contentType: headers[cloudEventHeader.contentType] ?? contentType,
  });
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}
