import type { EpochMs } from './epoch-ms.ts';
import { contractViolated } from './errors.ts';
import { header, instant, requiredText } from './headers.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';
import { checkedRequestId } from './request-id.ts';

/** The topics to which the retry-scheduler releases records. */
export type ReleaseTo = 'invocations' | 'notifications';

/** The part of a waiting record that the retry-scheduler reads. */
export interface WaitingRecord {
  readonly requestId: string;
  readonly dueAt: EpochMs;
  readonly releaseTo: ReleaseTo;
  /** The end of the validity period; absent for a notification. */
  readonly expiresAt?: EpochMs;
  /** Eight fields; absent for a notification. */
  readonly functionUrn?: string;
}

/**
 * Sends a record to a delay topic first. The retry-scheduler releases it to `releaseTo` when it is
 * due.
 */
export function delayed(record: OutgoingRecord, delayTopic: string, releaseTo: ReleaseTo, dueAt: EpochMs): OutgoingRecord {
  return {
    ...record,
    topic: delayTopic,
    headers: { ...record.headers, [header.dueAt]: String(dueAt), [header.releaseTo]: releaseTo },
  };
}

/**
 * Reads a waiting record.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodeWaiting({ headers }: Pick<IncomingRecord, 'headers'>): WaitingRecord {
  const releaseTo = requiredText(headers, header.releaseTo);
  if (releaseTo !== 'invocations' && releaseTo !== 'notifications')
    throw contractViolated('header release-to must be invocations or notifications');
  return {
    requestId: checkedRequestId(requiredText(headers, header.requestId)),
    dueAt: instant(headers, header.dueAt),
    releaseTo,
    ...(releaseTo === 'invocations'
      ? { expiresAt: instant(headers, header.expiresAt), functionUrn: requiredText(headers, header.functionUrn) }
      : {}),
  };
}

/** The record that is released when a waiting record is due. */
export function released(record: IncomingRecord, topic: string): OutgoingRecord {
  const { [header.releaseTo]: _released, ...headers } = record.headers;
  return { topic, ...(record.key === null ? {} : { key: record.key }), value: record.value, headers };
}
