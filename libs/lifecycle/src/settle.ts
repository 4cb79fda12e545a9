import {
  beginningOf,
  type Condition,
  type EpochMs,
  type Invocation,
  invocationOfRoute,
  limits,
  type Settlement,
} from '#contracts';
import type { FoldedRecord } from './fold.ts';
import type { StatusEvent } from './status-event.ts';
import { targetFor } from './target-for.ts';

/** How an invocation ended. */
export interface Ending {
  readonly condition: Condition;
  /** Attempts started. */
  readonly attempts: number;
  /** Start of the last attempt; absent if the invocation never ran. */
  readonly startedAt?: EpochMs;
  readonly endedAt: EpochMs;
  readonly errorMessage?: string;
  readonly responsePayload?: Buffer;
  /** The reference of a return value that was stored because it is too large for a record. */
  readonly responseRef?: string;
}

const empty = Buffer.alloc(0);

/**
 * The end of an invocation that is settled instead of making its next attempt. The error message of
 * an expired one is that of its last attempt, if it made one. The message of a cancelled one is
 * FunctionGraph's.
 */
export function settledWithoutRun(
  { attempt, lastError }: Invocation,
  condition: 'EventAgeExceeded' | 'InvocationCanceled',
  endedAt: EpochMs,
): Ending {
  const expired = lastError ?? 'the validity period ended before an attempt could start';
  return {
    condition,
    attempts: attempt - 1,
    endedAt,
    errorMessage: condition === 'InvocationCanceled' ? cancelledMessage : expired,
  };
}

/** FunctionGraph's error message for a cancelled invocation. */
export const cancelledMessage = 'function invocation canceled';

/**
 * The settlement of an invocation whose records are gone, so that its failure destination and its
 * status log hear of it. The payload is gone, too.
 * @param end the end that is presumed.
 * @returns undefined if none of both is known.
 * @throws PlatformError `CONTRACT_VIOLATED` if the failure route has another shape.
 */
export function lostSettlement(record: FoldedRecord, end: StatusEvent): Settlement | undefined {
  if (record.failureRoute === undefined || end.kind !== 'settled') return undefined;
  const { condition, attempts, startedAt, endedAt, errorMessage } = end;
  const ending = { condition, attempts, endedAt, errorMessage, ...(startedAt === undefined ? {} : { startedAt }) };
  return { ...settlementOf(invocationOfRoute(record.failureRoute, record), ending), isPresumed: true };
}

/**
 * The settlement of an invocation.
 *
 * It holds both payloads only if the policy names a target for this outcome, because nobody else
 * reads them. A return value over 256 KB is replaced by its reference, or by an empty one if it was
 * not stored. The condition stays.
 */
export function settlementOf(
  invocation: Invocation,
  { errorMessage = '', responsePayload = empty, responseRef, ...ending }: Ending,
): Settlement {
  const hasTarget = targetFor({ condition: ending.condition, invocation }) !== undefined;
  const isKept = hasTarget && responsePayload.length <= limits.responseBytesMax;
  return {
    invocation: hasTarget ? invocation : { ...invocation, payload: empty },
    ...ending,
    errorMessage: beginningOf(errorMessage, limits.errorMessageLengthMax),
    responsePayload: isKept ? responsePayload : empty,
    ...(hasTarget && responseRef !== undefined ? { responseRef } : {}),
  };
}
