import { beginningOf, type Condition, type EpochMs, type Invocation, limits, type Settlement } from '#contracts';

/** How an invocation ended. */
export interface Ending {
  readonly condition: Condition;
  /** Attempts started. */
  readonly attempts: number;
  /** Start of the last attempt; absent when it never ran. */
  readonly startedAt?: EpochMs;
  readonly endedAt: EpochMs;
  readonly errorMessage?: string;
  readonly responsePayload?: Buffer;
}

const nothing = Buffer.alloc(0);

/**
 * The end of an invocation that makes no further attempt though none has settled it. Its message tells why the last attempt failed, where
 * there was one, rather than that time ran out; a cancelled one says so in FunctionGraph's words.
 */
export function endingUnrun(
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

/** FunctionGraph's words for a cancelled invocation. */
export const cancelledMessage = 'function invocation canceled';

/** The settlement of an invocation. A return value over 256 KB becomes an empty one; the condition stays what it is. */
export function settlementOf(
  invocation: Invocation,
  { errorMessage = '', responsePayload = nothing, ...ending }: Ending,
): Settlement {
  const isKept = responsePayload.length <= limits.responseBytesMax;
  return {
    invocation,
    ...ending,
    errorMessage: beginningOf(errorMessage, limits.errorMessageLengthMax),
    responsePayload: isKept ? responsePayload : nothing,
  };
}
