import { useQuery } from '@tanstack/react-query';
import { type Api, answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';

/** Topics that a list asks for at once. */
const pageItems = 100;

async function allTopics({ client, project }: Api, signal: AbortSignal) {
  const found = [];
  for (let offset = 0, isLast = false; !isLast; ) {
    const params = { path: { project }, query: { offset, limit: pageItems } };
    const page = await answerOf(client.GET('/v2/{project}/notifications/topics', { params, signal }));
    const topics = page.topics ?? [];
    found.push(...topics);
    offset += topics.length;
    isLast = topics.length === 0 || offset >= (page.topic_count ?? 0);
  }
  return found;
}

/** All topics that the viewer may see. */
export function useTopics(isWanted = true) {
  const api = useApi();
  return useQuery({ queryKey: ['topics'], enabled: isWanted, queryFn: async ({ signal }) => allTopics(api, signal) });
}
