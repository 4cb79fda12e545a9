import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type Api, answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';

/** Entries that a list asks for at once. */
const pageItems = 100;

/** Reads a list of SMN to its end. */
async function allPages<Item>(
  read: (offset: number) => Promise<{ readonly items: readonly Item[]; readonly count: number }>,
): Promise<readonly Item[]> {
  const found: Item[] = [];
  for (let isLast = false; !isLast; ) {
    const { items, count } = await read(found.length);
    found.push(...items);
    isLast = items.length === 0 || found.length >= count;
  }
  return found;
}

async function allTopics({ client, project }: Api, signal: AbortSignal) {
  return allPages(async (offset) => {
    const params = { path: { project }, query: { offset, limit: pageItems } };
    const page = await answerOf(client.GET('/v2/{project}/notifications/topics', { params, signal }));
    return { items: page.topics ?? [], count: page.topic_count ?? 0 };
  });
}

async function allSubscriptions({ client, project }: Api, urn: string, signal: AbortSignal) {
  return allPages(async (offset) => {
    const params = { path: { project, urn }, query: { offset, limit: pageItems } };
    const page = await answerOf(client.GET('/v2/{project}/notifications/topics/{urn}/subscriptions', { params, signal }));
    return { items: page.subscriptions ?? [], count: page.subscription_count ?? 0 };
  });
}

/** A subscription of a topic. */
export type Subscription = Awaited<ReturnType<typeof allSubscriptions>>[number];

/** All topics that the viewer may see. */
export function useTopics(isWanted = true) {
  const api = useApi();
  return useQuery({ queryKey: ['topics'], enabled: isWanted, queryFn: async ({ signal }) => allTopics(api, signal) });
}

/** One topic. */
export function useTopic(urn: string) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['topics', urn],
    queryFn: async ({ signal }) =>
      answerOf(client.GET('/v2/{project}/notifications/topics/{urn}', { params: { path: { project, urn } }, signal })),
  });
}

/** All subscriptions of a topic, oldest first. */
export function useSubscriptions(urn: string) {
  const api = useApi();
  return useQuery({
    queryKey: ['topics', urn, 'subscriptions'],
    queryFn: async ({ signal }) => allSubscriptions(api, urn, signal),
  });
}

/** Deletes a topic with its subscriptions. */
export function useDeleteTopic() {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return async (urn: string) => {
    await answerOf(client.DELETE('/v2/{project}/notifications/topics/{urn}', { params: { path: { project, urn } } }));
    await queries.invalidateQueries({ queryKey: ['topics'], exact: true });
  };
}
