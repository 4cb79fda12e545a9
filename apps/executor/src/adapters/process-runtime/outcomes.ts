import { beginningOf, limits } from '#contracts';
import type { AttemptOutcome } from '#lifecycle';
import type { FunctionCall } from '../../runtime.ts';
import type { ErrorDocument } from './protocol.ts';

/** Bounds of an error document: function code chooses its content. Lengths in characters. */
const documentMax = { typeLength: 256, frames: 16, frameLength: 1_024 } as const;

/** Success with a return value, or without it if it is larger than the call allows. */
export function returned(responsePayload: Buffer, isLeftOut: boolean): AttemptOutcome {
  return isLeftOut ? { kind: 'succeeded', responsePayload: Buffer.alloc(0), isLeftOut } : { kind: 'succeeded', responsePayload };
}

/** The failure of a call that ran past its timeout. */
export function timedOut(call: FunctionCall): AttemptOutcome {
  return failed(
    'InvocationTimeout',
    errorDocument('InvocationTimeout', `the function ran past its timeout of ${call.function.timeoutMs / 1_000} s`),
  );
}

/** The error document of a failure that the runtime detected, not the function. */
export function errorDocument(errorType: string, errorMessage: string): ErrorDocument {
  return { errorMessage, errorType, stackTrace: [] };
}

/**
 * A function failure with its error document, cut to its bounds and pretty-printed as
 * FunctionGraph's runtimes do.
 */
export function failed(
  condition: Extract<AttemptOutcome, { kind: 'failed' }>['condition'],
  error: ErrorDocument,
  isRetryable = true,
): AttemptOutcome {
  const document = bounded(error);
  return {
    kind: 'failed',
    condition,
    errorMessage: document.errorMessage,
    responsePayload: Buffer.from(JSON.stringify(document, null, 2)),
    isRetryable,
  };
}

function bounded({ errorMessage, errorType, stackTrace }: ErrorDocument): ErrorDocument {
  return {
    errorMessage: beginningOf(errorMessage, limits.errorDocumentLengthMax),
    errorType: beginningOf(errorType, documentMax.typeLength),
    stackTrace: stackTrace.slice(0, documentMax.frames).map((frame) => beginningOf(frame, documentMax.frameLength)),
  };
}
