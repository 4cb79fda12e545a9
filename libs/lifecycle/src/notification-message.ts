import { conditions, type Settlement, utcText } from '#contracts';

/** How the start of execution is written. */
export type TimestampForm = 'rfc3339' | 'documented';

/**
 * The message a destination is given, exactly as documented: payloads are strings, `timestamp` is the start of execution (of the
 * last attempt; of acceptance where none was made), `approximate_invoke_count` counts attempts started.
 *
 * The documented example of a timestamp carries both `Z` and an offset, which no parser takes: `documented` writes that form for
 * consumers that insist on it.
 * @see FunctionGraph user manual, Asynchronous Notification Policy, Notification Message Structure
 */
export function notificationMessage(settlement: Settlement, form: TimestampForm = 'rfc3339'): string {
  const { invocation, condition, startedAt, attempts, errorMessage, responsePayload } = settlement;
  return JSON.stringify({
    timestamp: `${utcText(startedAt ?? invocation.acceptedAt)}${form === 'rfc3339' ? '+00:00' : 'Z+00:00'}`,
    request_context: {
      request_id: invocation.requestId,
      function_urn: invocation.functionUrn,
      condition,
      approximate_invoke_count: attempts,
    },
    request_payload: invocation.payload.toString('utf8'),
    response_context: { status_code: conditions[condition].statusCode, function_error: errorMessage },
    response_payload: responsePayload.toString('utf8'),
  });
}
