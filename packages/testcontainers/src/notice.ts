/** A notification that has come to a destination: how an invocation ended. */
export interface Notice {
  readonly requestId: string;
  readonly functionUrn: string;
  /** Empty on success; else how the invocation ended, for example `InvocationTimeout`. */
  readonly condition: string;
  readonly attempts: number;
  /** The event that the function was given. */
  readonly event: unknown;
  /** The value that the function returned, parsed if it is JSON. */
  readonly response: unknown;
  readonly statusCode: number;
  /** The error of the function. Empty on success. */
  readonly error: string;
}

/** The message of the platform. */
interface NotificationMessage {
  readonly request_context: {
    readonly request_id: string;
    readonly function_urn: string;
    readonly condition: string;
    readonly approximate_invoke_count: number;
  };
  readonly request_payload: string;
  readonly response_context: { readonly status_code: number; readonly function_error: string };
  readonly response_payload: string;
}

/**
 * Reads a notification.
 * @returns undefined if the text is another one, such as a message that a client published.
 */
export function noticeOf(text: string): Notice | undefined {
  const message = parsed(text) as Partial<NotificationMessage> | null;
  if (typeof message !== 'object' || message?.request_context === undefined) return undefined;
  const { request_context: about, response_context: outcome } = message;
  return {
    requestId: about.request_id,
    functionUrn: about.function_urn,
    condition: about.condition,
    attempts: about.approximate_invoke_count,
    event: parsed(message.request_payload ?? ''),
    response: parsed(message.response_payload ?? ''),
    statusCode: outcome?.status_code ?? 0,
    error: outcome?.function_error ?? '',
  };
}

/** The value of JSON, or the text if it is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
