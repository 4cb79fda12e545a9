import { useInfiniteQuery } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { afterMarker, byMarker } from '../api/pages.ts';
import { useApi } from '../session/session-context.tsx';
import type { InvocationRecord, Status } from './queries.ts';

/** The fields of a search besides function, state and time. */
export const searchKinds = [
  { value: 'request_id', label: 'Request id' },
  { value: 'idempotency_key', label: 'Idempotency key' },
  { value: 'error_text', label: 'Error text' },
  { value: 'tag', label: 'Tag' },
] as const;
export type SearchKind = (typeof searchKinds)[number]['value'];
/** The fields that name one request. */
const oneRequest: ReadonlySet<SearchKind> = new Set(['request_id', 'idempotency_key']);

/** A search over the functions that the viewer may see. */
export interface Search {
  /** Empty for all functions. */
  readonly urn: string;
  readonly status: Status | undefined;
  readonly begin: string;
  readonly end: string | undefined;
  readonly kind: SearchKind;
  /** Empty for everything. */
  readonly text: string;
}

/** A record with the function that it is of. */
export interface FoundRecord extends InvocationRecord {
  readonly function_urn: string;
}

interface SearchPage {
  readonly invocations: readonly FoundRecord[];
  readonly next_marker: string;
  /** How far back a page looked; empty on the last one. */
  readonly searched_until: string;
}

/** Found invocations, newest first, page by page. A page may be empty and not the last. */
export function useSearch(search: Search) {
  const { urn, status, begin, end, kind, text } = search;
  const { client, project } = useApi();
  return useInfiniteQuery({
    queryKey: ['search', search],
    ...byMarker,
    queryFn: async ({ pageParam, signal }) => {
      const query = {
        limit: 50,
        ...(urn === '' ? {} : { function: urn }),
        ...(status === undefined ? {} : { status }),
        // One request is found however old it is.
        ...(text !== '' && oneRequest.has(kind) ? {} : { begin_time: begin, ...(end === undefined ? {} : { end_time: end }) }),
        ...(text === '' ? {} : { [kind]: text }),
        ...afterMarker(pageParam),
      };
      const answer = answerOf(client.GET('/v2/{project}/sendoff/invocations', { params: { path: { project }, query }, signal }));
      return answer as Promise<SearchPage>;
    },
  });
}
