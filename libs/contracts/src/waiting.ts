import type { EpochMs } from './epoch-ms.ts';
import { contractViolated } from './errors.ts';
import { header, instant, requiredText } from './headers.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';

/** Work topics to which a delay topic may release a record. */
export type ReleaseTo = 'invocations' | 'notifications';

/** What the retry-scheduler must know of a record that waits; the rest rides along untouched. */
export interface WaitingRecord {
  readonly requestId: string;
  readonly dueAt: EpochMs;
  readonly releaseTo: ReleaseTo;
  /** The end of the validity period of a waiting invocation; absent for a notification, which has its own budget. */
  readonly expiresAt?: EpochMs;
  /** Eight fields; of a waiting invocation. */
  readonly functionUrn?: string;
}

/** Makes any work record one that waits: addressed to a delay topic, and told where to go when it is due. */
export function delayed(record: OutgoingRecord, delayTopic: string, releaseTo: ReleaseTo, dueAt: EpochMs): OutgoingRecord {
  return {
    ...record,
    topic: delayTopic,
    headers: { ...record.headers, [header.dueAt]: String(dueAt), [header.releaseTo]: releaseTo },
  };
}

/** @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape. */
export function decodeWaiting({ headers }: Pick<IncomingRecord, 'headers'>): WaitingRecord {
  const releaseTo = requiredText(headers, header.releaseTo);
  if (releaseTo !== 'invocations' && releaseTo !== 'notifications')
    throw contractViolated('header release-to must be invocations or notifications');
  return {
    requestId: requiredText(headers, header.requestId),
    dueAt: instant(headers, header.dueAt),
    releaseTo,
    ...(releaseTo === 'invocations'
      ? { expiresAt: instant(headers, header.expiresAt), functionUrn: requiredText(headers, header.functionUrn) }
      : {}),
  };
}

/** The record a waiting one becomes when it is due. */
export function released(record: IncomingRecord, topic: string): OutgoingRecord {
  const { [header.releaseTo]: _released, ...headers } = record.headers;
  return { topic, ...(record.key === null ? {} : { key: record.key }), value: record.value, headers };
}
