import { conditions, type Settlement, utcText } from '#contracts';

/** The form of the timestamp. */
export type TimestampForm = 'rfc3339' | 'documented';

/**
 * The message for a destination, as FunctionGraph documents it. Payloads are strings.
 * `timestamp` is the start of the last attempt, or the time of acceptance if no attempt was made.
 * A payload in the store is empty here, and a field beside it holds its reference.
 * `approximate_invoke_count` is the number of attempts started.
 *
 * The documented example of a timestamp has both `Z` and an offset, which no parser accepts. The
 * form `documented` is for consumers that require it.
 * @see FunctionGraph user manual, Asynchronous Notification Policy, Notification Message Structure
 */
export function notificationMessage(settlement: Settlement, form: TimestampForm = 'rfc3339'): string {
  const { invocation, condition, startedAt, attempts, errorMessage, responsePayload, responseRef } = settlement;
  return JSON.stringify({
    timestamp: `${utcText(startedAt ?? invocation.acceptedAt)}${form === 'rfc3339' ? '+00:00' : 'Z+00:00'}`,
    request_context: {
      request_id: invocation.requestId,
      function_urn: invocation.functionUrn,
      condition,
      approximate_invoke_count: attempts,
    },
    request_payload: invocation.payload.toString('utf8'),
    ...(invocation.payloadRef === undefined ? {} : { request_payload_ref: invocation.payloadRef }),
    response_context: { status_code: conditions[condition].statusCode, function_error: errorMessage },
    response_payload: responsePayload.toString('utf8'),
    ...(responseRef === undefined ? {} : { response_payload_ref: responseRef }),
  });
}
