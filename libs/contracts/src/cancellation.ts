import { contractViolated } from './errors.ts';
import { bareUrnOf } from './function-urn.ts';
import { header, requiredText } from './headers.ts';
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
