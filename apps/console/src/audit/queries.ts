import { useInfiniteQuery } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { afterMarker, byMarker } from '../api/pages.ts';
import { useApi } from '../session/session-context.tsx';

/** One act that changed something, or was refused. */
export interface AuditEntry {
  readonly time: string;
  /** Id of an access key, or `token`. */
  readonly by: string;
  /** Id of the operation. */
  readonly act: string;
  readonly object: string;
  readonly outcome: string;
  readonly request_id: string;
}

/** Which acts a list shows. An empty field limits nothing. */
export interface AuditFilter {
  readonly by: string;
  readonly act: string;
  readonly object: string;
}

interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly next_marker: string;
}

/** Entries that a list asks for at once. */
const pageEntries = 50;

/** The acts of all keys, newest first, page by page. */
export function useAuditEntries({ by, act, object }: AuditFilter) {
  const { client, project } = useApi();
  return useInfiniteQuery({
    queryKey: ['audit', by, act, object],
    ...byMarker,
    queryFn: async ({ pageParam, signal }) => {
      const query = {
        limit: pageEntries,
        ...(by === '' ? {} : { by }),
        ...(act === '' ? {} : { act }),
        ...(object === '' ? {} : { object }),
        ...afterMarker(pageParam),
      };
      const params = { path: { project }, query };
      return answerOf(client.GET('/v2/{project}/sendoff/audit', { params, signal })) as Promise<AuditPage>;
    },
  });
}
