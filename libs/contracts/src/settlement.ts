import { bounds } from './bounds.ts';
import { type Condition, conditions, isCondition } from './condition.ts';
import type { EpochMs } from './epoch-ms.ts';
import { contractViolated } from './errors.ts';
import { header, instant, optionalInstant, requiredText, wholeNumber } from './headers.ts';
import { decodeInvocation, type Invocation, invocationHeaders } from './invocation.ts';
import type { IncomingRecord, OutgoingRecord, RecordHeaders } from './record.ts';
import { placeFromText, placeText, type RecordPlace } from './record-place.ts';
import { referenceHeaders } from './record-format.ts';

/**
 * The end of an invocation. Both payloads are empty if its policy names no target for the outcome.
 */
export interface Settlement {
  /** The invocation at its last attempt. Its `payload` is the request payload. */
  readonly invocation: Invocation;
  readonly condition: Condition;
  /** Attempts that were started; 0 if it never ran. */
  readonly attempts: number;
  /** Start of the last attempt; absent if it never ran. */
  readonly startedAt?: EpochMs;
  readonly endedAt: EpochMs;
  /** Empty on success. */
  readonly errorMessage: string;
  /** True if no service reported it: the records of the invocation are gone. */
  readonly isPresumed?: true;
  /** The return value of the function, or its error document. */
  readonly responsePayload: Buffer;
  /** The reference of the return value in the store; `responsePayload` is then empty. */
  readonly responseRef?: string;
  /**
   * The record from which the last attempt was made, or would have been made. Absent if no record
   * asked for it, and in records of earlier releases.
   */
  readonly madeFrom?: RecordPlace;
}

/** The headers of the invocation, and of its end. */
function settlementHeaders(settlement: Settlement): Record<string, string> {
  const { condition } = settlement;
  const headers = invocationHeaders(settlement.invocation);
  headers[header.condition] = condition;
  headers[header.attempts] = String(settlement.attempts);
  headers[header.endedAt] = String(settlement.endedAt);
  headers[header.statusCode] = String(conditions[condition].statusCode);
  headers[header.errorCode] = String(conditions[condition].errorCode);
  if (settlement.startedAt !== undefined) headers[header.startedAt] = String(settlement.startedAt);
  if (settlement.errorMessage !== '') headers[header.errorMessage] = settlement.errorMessage;
  if (settlement.madeFrom !== undefined) headers[header.madeFrom] = placeText(settlement.madeFrom);
  if (settlement.isPresumed === true) headers[header.isPresumed] = '1';
  if (settlement.responseRef !== undefined)
    Object.assign(headers, referenceHeaders({ [header.responseRef]: settlement.responseRef }));
  return headers;
}

/**
 * The record of a settlement. Its value is the request payload, followed by the response payload.
 */
export function encodeSettlement(topic: string, settlement: Settlement): OutgoingRecord {
  const { invocation, responsePayload } = settlement;
  const headers = settlementHeaders(settlement);
  if (invocation.payload.length > 0) headers[header.requestBytes] = String(invocation.payload.length);
  return { topic, key: invocation.requestId, value: joined(invocation.payload, responsePayload), headers };
}

/** Without a target both are empty, and to join them took 0.4 us of each invocation. */
function joined(payload: Buffer, responsePayload: Buffer): Buffer {
  if (responsePayload.length === 0) return payload;
  return payload.length === 0 ? responsePayload : Buffer.concat([payload, responsePayload]);
}

/**
 * Reads `Settlement.madeFrom` alone.
 * @throws PlatformError `CONTRACT_VIOLATED` for another shape.
 */
export function madeFromOf(headers: RecordHeaders): RecordPlace | undefined {
  const text = headers[header.madeFrom];
  return text === undefined ? undefined : placeFromText(text);
}

/**
 * Reads a settlement back.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodeSettlement({ headers, value }: Pick<IncomingRecord, 'headers' | 'value'>): Settlement {
  const condition = requiredText(headers, header.condition);
  if (!isCondition(condition)) throw contractViolated(`header condition is not one of the known conditions`);
  const bytes = value ?? Buffer.alloc(0);
  const requestBytes = wholeNumber(headers, header.requestBytes, bounds.requestBytes, 0);
  if (requestBytes > bytes.length) throw contractViolated('header request-bytes is past the end of the value');
  const startedAt = optionalInstant(headers, header.startedAt);
  const responseRef = headers[header.responseRef];
  const madeFrom = madeFromOf(headers);
  return {
    invocation: decodeInvocation({ headers, value: bytes.subarray(0, requestBytes) }),
    condition,
    attempts: wholeNumber(headers, header.attempts, bounds.attempts),
    ...(startedAt === undefined ? {} : { startedAt }),
    endedAt: instant(headers, header.endedAt),
    errorMessage: headers[header.errorMessage] ?? '',
    ...(headers[header.isPresumed] === undefined ? {} : { isPresumed: true }),
    responsePayload: bytes.subarray(requestBytes),
    ...(responseRef === undefined ? {} : { responseRef }),
    ...(madeFrom === undefined ? {} : { madeFrom }),
  };
}
