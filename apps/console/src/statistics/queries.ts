import { useQuery } from '@tanstack/react-query';
import { type Api, answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import type { Backlog } from './totals.ts';
import type { Series } from './series.ts';

/** Functions that one request for backlogs asks for. */
const pageFunctions = 100;
/** A project with more functions shows the first ones. */
const pagesMax = 40;

async function allBacklogs({ client, project }: Api, signal: AbortSignal): Promise<readonly Backlog[]> {
  const found: Backlog[] = [];
  let marker = '';
  for (let page = 0; page < pagesMax; page++) {
    const query = { limit: pageFunctions, ...(marker === '' ? {} : { marker }) };
    const answer = await answerOf(
      client.GET('/v2/{project}/sendoff/statistics', { params: { path: { project }, query }, signal }),
    );
    const { functions, next_marker: next } = answer as { functions: readonly Backlog[]; next_marker: string };
    found.push(...functions);
    if (next === '') break;
    marker = next;
  }
  return found;
}

/** The backlog of each function that the viewer may see. */
export function useBacklogs() {
  const api = useApi();
  return useQuery({
    queryKey: ['backlogs'],
    queryFn: async ({ signal }) => allBacklogs(api, signal),
    refetchInterval: 5_000,
  });
}

/** The last minutes of all functions. Keys for some functions only may not ask for it. */
export function useProjectSeries(period: number) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['series', period],
    queryFn: async ({ signal }) => {
      const params = { path: { project }, query: { filter: 'monitor_data' as const, period } };
      const answer = await answerOf(client.GET('/v2/{project}/fgs/functions/statistics', { params, signal }));
      return (answer as { statistics: Series }).statistics;
    },
    refetchInterval: 15_000,
  });
}

/** The last minutes of one function. */
export function useFunctionSeries(urn: string, period: number) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['series', urn, period],
    queryFn: async ({ signal }) => {
      const params = { path: { project, urn, period } };
      return answerOf(client.GET('/v2/{project}/fgs/functions/{urn}/statistics/{period}', { params, signal })) as Promise<Series>;
    },
    refetchInterval: 15_000,
  });
}
