import type { EpochMs } from './epoch-ms.ts';
import { contractViolated } from './errors.ts';
import { bareUrnOf } from './function-urn.ts';
import { header, instant, requiredText } from './headers.ts';
import { formatHeaders } from './record-format.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';
import { checkedRequestId } from './request-id.ts';

/** The wish of a client to end an invocation. */
export interface Cancellation {
  readonly requestId: string;
  /**
   * Eight fields. Kafka producers choose their request ids, so another function may have an
   * invocation with the same id.
   */
  readonly functionUrn: string;
}

/** The record of a cancellation. Its key is the request id, and it has no value. */
export function encodeCancellation(topic: string, { requestId, functionUrn }: Cancellation): OutgoingRecord {
  return { topic, key: requestId, value: null, headers: { ...formatHeaders('cancellation'), [header.functionUrn]: functionUrn } };
}

/**
 * Reads a cancellation back.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodeCancellation({ key, headers }: Pick<IncomingRecord, 'key' | 'headers'>): Cancellation {
  if (key === null) throw contractViolated('the key of the cancellation is missing: it is the request id');
  return { requestId: checkedRequestId(key), functionUrn: requiredText(headers, header.functionUrn) };
}

/**
 * The key by which an invocation is matched with its cancellation: request id and function, of any
 * version.
 */
export function cancellationKey({ requestId, functionUrn }: Cancellation): string {
  return `${requestId} ${bareUrnOf(functionUrn)}`;
}

/** The wish of an operator to end the invocations of a function that wait. */
export interface Purge {
  /** Seven fields: it concerns all versions. */
  readonly bareUrn: string;
  /** It concerns invocations that were accepted at this time or before. */
  readonly acceptedUntil: EpochMs;
  /** Whether it also ends attempts that run. */
  readonly includesRunning: boolean;
}

/** The key of all purges. An earlier release takes one for a request id that nothing has. */
const purgeKey = 'purge';

/** The record of a purge, on the topic of the cancellations. It has no value. */
export function encodePurge(topic: string, { bareUrn, acceptedUntil, includesRunning }: Purge): OutgoingRecord {
  const headers = {
    ...formatHeaders('cancellation'),
    [header.functionUrn]: bareUrn,
    [header.acceptedUntil]: String(acceptedUntil),
    ...(includesRunning ? { [header.includesRunning]: '1' } : {}),
  };
  return { topic, key: purgeKey, value: null, headers };
}

/**
 * Reads a purge.
 * @returns undefined for the record of a single cancellation.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodePurge({ headers }: Pick<IncomingRecord, 'headers'>): Purge | undefined {
  if (headers[header.acceptedUntil] === undefined) return undefined;
  return {
    bareUrn: requiredText(headers, header.functionUrn),
    acceptedUntil: instant(headers, header.acceptedUntil),
    includesRunning: headers[header.includesRunning] !== undefined,
  };
}
