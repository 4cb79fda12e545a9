import { useQuery } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { knownPayload } from './known-payloads.ts';

/** The payload of an invocation, as far as it is known. */
export type InvocationPayload =
  /** JSON text, and whether this tab or the API has it. */
  | { readonly kind: 'text'; readonly text: string; readonly from: 'tab' | 'record' }
  /** A large one, by its reference in the store. */
  | { readonly kind: 'stored'; readonly reference: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** The payload of an invocation: of a call of this tab, or as far as the API keeps it. */
export function useInvocationPayload(urn: string, requestId: string) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['payload', urn, requestId],
    queryFn: async ({ signal }): Promise<InvocationPayload> => {
      const known = knownPayload(requestId);
      if (known !== undefined) return { kind: 'text', text: known, from: 'tab' };
      const params = { path: { project, urn, requestId } };
      const path = '/v2/{project}/sendoff/functions/{urn}/invocations/{requestId}/payload';
      const {
        payload,
        payload_ref: reference,
        reason = '',
      } = (await answerOf(client.GET(path, { params, signal }))) as {
        readonly payload?: string;
        readonly payload_ref?: string;
        readonly reason?: string;
      };
      if (reference !== undefined) return { kind: 'stored', reference };
      return payload === undefined ? { kind: 'unknown', reason } : { kind: 'text', text: payload, from: 'record' };
    },
  });
}
