import { contractViolated } from './errors.ts';
import { bareUrnOf } from './function-urn.ts';
import { header, requiredText } from './headers.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';

/** An invocation that is not wanted any more. */
export interface Cancellation {
  readonly requestId: string;
  /** Eight fields. A caller of the Kafka door chooses request ids, so the id alone might mean somebody else's invocation. */
  readonly functionUrn: string;
}

/** The record of a cancellation: keyed by request id, without a value. */
export function encodeCancellation(topic: string, { requestId, functionUrn }: Cancellation): OutgoingRecord {
  return { topic, key: requestId, value: null, headers: { [header.functionUrn]: functionUrn } };
}

/** @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape. */
export function decodeCancellation({ key, headers }: Pick<IncomingRecord, 'key' | 'headers'>): Cancellation {
  if (key === null) throw contractViolated('the key of the cancellation is missing: it is the request id');
  return { requestId: key, functionUrn: requiredText(headers, header.functionUrn) };
}

/** What an invocation and its cancellation have in common: the request id and the function, whatever its version. */
export function cancellationKey({ requestId, functionUrn }: Cancellation): string {
  return `${requestId} ${bareUrnOf(functionUrn)}`;
}
