import { useQuery } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';

/** The kinds of places, as paths of the API name them. */
export type PlaceKind = 'buckets' | 'streams';

/** A bucket or stream that policies may name. */
export interface Place {
  readonly name: string;
  /** Streams only: the Kafka topic behind it, unless that is the default one. */
  readonly topic?: string;
}

/** The buckets or streams that the viewer may see. */
export function usePlaces(kind: PlaceKind, isWanted = true) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['places', kind],
    enabled: isWanted,
    queryFn: async ({ signal }) => {
      const answer = await answerOf(client.GET('/v2/{project}/sendoff/{kind}', { params: { path: { project, kind } }, signal }));
      // The document describes the answer by its example, which is that of buckets.
      return (answer as Partial<Record<PlaceKind, readonly Place[]>>)[kind] ?? [];
    },
  });
}
