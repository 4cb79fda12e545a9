import { useMutation } from '@tanstack/react-query';
import { problemOf } from '../api/problem.ts';
import { rememberPayload } from '../payload/known-payloads.ts';
import { useApi } from '../session/session-context.tsx';

/** Reads a body as JSON, or as text if it is none. */
export async function jsonOrText(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** An asynchronous call: the event as JSON text, or the reference of a stored one. */
interface AsyncCall {
  readonly event: string | { readonly reference: string };
  /** Seconds until the first attempt. */
  readonly delaySeconds?: number;
  /** Names to find it by, separated by commas. */
  readonly tags?: string;
  /** A second call with the same key is the same invocation. */
  readonly idempotencyKey?: string;
}

/**
 * Calls a function asynchronously and answers the request id.
 * @param urn the name of the function, or a URN of a version of it.
 */
export function useAsyncCall(urn: string) {
  const api = useApi();
  return useMutation({
    mutationFn: async ({ event, delaySeconds = 0, tags = '', idempotencyKey = '' }: AsyncCall) => {
      const headers = {
        ...(typeof event === 'string' ? { 'content-type': 'application/json' } : { 'x-sendoff-payload-ref': event.reference }),
        ...(delaySeconds > 0 ? { 'x-sendoff-delay-seconds': String(delaySeconds) } : {}),
        ...(tags.trim() === '' ? {} : { 'x-sendoff-tags': tags.trim() }),
        ...(idempotencyKey.trim() === '' ? {} : { 'idempotency-key': idempotencyKey.trim() }),
      };
      const path = `/fgs/functions/${encodeURIComponent(urn)}/invocations-async`;
      const response = await api.send('POST', path, { ...(typeof event === 'string' ? { body: event } : {}), headers });
      const answer = await jsonOrText(response);
      if (!response.ok) throw problemOf(response, answer);
      const { request_id: requestId } = answer as { readonly request_id: string };
      if (typeof event === 'string') rememberPayload(requestId, event);
      return requestId;
    },
  });
}
