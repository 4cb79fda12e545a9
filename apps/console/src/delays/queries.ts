import { useQuery } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';

/** How many delayed invocations are due, and when. */
export interface DueTimes {
  /** Due before the present minute. */
  readonly overdue: number;
  /** Due after the last span. */
  readonly later: number;
  readonly spans: readonly { readonly from_time: string; readonly to_time: string; readonly count: number }[];
}

/**
 * Counts delayed invocations by the time at which they are due.
 * @param urn of one function; empty for all.
 */
export function useDueTimes(urn: string, periodMinutes: number) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['due times', urn, periodMinutes],
    queryFn: async ({ signal }) => {
      const query = { period: periodMinutes, ...(urn === '' ? {} : { function: urn }) };
      const answer = answerOf(client.GET('/v2/{project}/sendoff/due-times', { params: { path: { project }, query }, signal }));
      return answer as Promise<DueTimes>;
    },
    placeholderData: (before) => before,
    refetchInterval: 5_000,
  });
}
