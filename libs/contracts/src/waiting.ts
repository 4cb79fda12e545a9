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
  /** Absent for a notification. */
  readonly acceptedAt?: EpochMs;
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
      ? {
          expiresAt: instant(headers, header.expiresAt),
          functionUrn: requiredText(headers, header.functionUrn),
          acceptedAt: instant(headers, header.acceptedAt),
        }
      : {}),
  };
}

/** The same waiting record on another delay topic. */
export function requeued({ key, value, headers }: IncomingRecord, topic: string): OutgoingRecord {
  return { topic, ...(key === null ? {} : { key }), value, headers };
}

/** Smaller differences between two readings of a clock are its own inaccuracy, no step. */
const stepMinMs = 1_000;

/** The instants of a record that lie in the future. */
const comingInstants = [header.dueAt, header.expiresAt] as const;

/**
 * A record whose due time and end of validity are as far away as before a step of the clock.
 * @param stepMs how far the clock was set forward; negative if it was set back.
 */
export function afterStep(record: OutgoingRecord, stepMs: number): OutgoingRecord {
  if (Math.abs(stepMs) < stepMinMs) return record;
  const headers = { ...record.headers };
  for (const name of comingInstants) if (headers[name] !== undefined) headers[name] = String(instant(headers, name) + stepMs);
  return { ...record, headers };
}

/** The record that is released when a waiting record is due. */
export function released(record: IncomingRecord, topic: string): OutgoingRecord {
  const { [header.releaseTo]: _released, ...headers } = record.headers;
  return { topic, ...(record.key === null ? {} : { key: record.key }), value: record.value, headers };
}
