import { Alert } from '@mantine/core';
import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { answerOf } from '../api/client.ts';
import { asProblem } from '../api/problem.ts';
import { useApi, useSession } from '../session/session-context.tsx';

/** Time between two questions whether the server is there, in milliseconds. */
const pulseMs = 10_000;
const pulseMsAway = 2_000;
/** Time until queries that failed are tried again, in milliseconds. */
const againMs = 3_000;

const pulseKey = ['pulse'];

/** Whether the same query may succeed later. */
function mayPass(error: unknown): boolean {
  const { kind } = asProblem(error);
  return kind === 'away' || kind === 'late';
}

function tryFailedAgain(queries: QueryClient): void {
  void queries.refetchQueries({
    type: 'active',
    predicate: ({ queryKey, state }) =>
      queryKey !== pulseKey && state.fetchStatus === 'idle' && state.error !== null && mayPass(state.error),
  });
}

/**
 * Says at every page that the server is away, also at those that ask for nothing at the moment.
 * Once the server answers, it lets the queries of the page go on by themselves.
 */
export function ServerWatch() {
  const { client } = useApi();
  const { isExpired } = useSession();
  const queries = useQueryClient();
  const { error } = useQuery({
    queryKey: pulseKey,
    enabled: !isExpired,
    queryFn: async ({ signal }) => {
      await answerOf(client.GET('/v3/projects', { signal }));
      return true;
    },
    retry: false,
    refetchInterval: ({ state }) => (state.error === null ? pulseMs : pulseMsAway),
  });
  const isAway = error !== null && asProblem(error).kind === 'away';
  useEffect(() => {
    if (isAway) return;
    const timer = setInterval(() => tryFailedAgain(queries), againMs);
    return () => clearInterval(timer);
  }, [isAway, queries]);
  if (!isAway) return null;
  return (
    <Alert color="yellow" role="status" title="The server is away" mb="lg">
      The page goes on by itself as soon as the server answers. Nothing you typed is lost.
    </Alert>
  );
}
