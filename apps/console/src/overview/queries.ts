import { useQuery } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { ApiProblem } from '../api/problem.ts';
import { useApi } from '../session/session-context.tsx';

/** Targets that stand in the overview. */
const targetsMax = 100;

/**
 * The targets that take nothing now; `isMore` if the project has more targets than were looked at.
 * Null if the key is for some functions only, because targets belong to all.
 */
export function useTargetsDown() {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['targets', 'down'],
    queryFn: async ({ signal }) => {
      const params = { path: { project }, query: { limit: targetsMax } };
      try {
        const { targets = [], next_marker: next } = await answerOf(
          client.GET('/v2/{project}/sendoff/targets', { params, signal }),
        );
        const down = targets.filter(
          ({ circuit, switched_off: isOff, removed }) => removed !== true && (circuit !== 'closed' || isOff === true),
        );
        return { down: down.length, isMore: next !== '' };
      } catch (error) {
        if (error instanceof ApiProblem && error.kind === 'forbidden') return null;
        throw error;
      }
    },
    refetchInterval: 10_000,
  });
}

/** An invocation that failed. */
export interface Failure {
  readonly request_id: string;
  readonly function_urn: string;
  readonly error_message: string;
  readonly end_time: string;
}

/** The newest invocations that failed for good. */
export function useNewestFailures(limit: number) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['failures', limit],
    queryFn: async ({ signal }) => {
      const params = { path: { project }, query: { status: 'FAIL,DISCARD', limit } };
      const page = await answerOf(client.GET('/v2/{project}/sendoff/invocations', { params, signal }));
      return page.invocations as readonly Failure[];
    },
    refetchInterval: 10_000,
  });
}
