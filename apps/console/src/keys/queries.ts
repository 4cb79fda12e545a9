import { useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';

/** The rights of access keys, each with its meaning. */
export const rightMeanings = {
  invoke: 'runs functions',
  read: 'shows data',
  manage: 'changes things',
} as const;
export type Right = keyof typeof rightMeanings;

/** An access key without its secret. */
export interface AccessKey {
  readonly access_key: string;
  readonly description: string;
  readonly rights: readonly Right[];
  /** Patterns of names; `*` stands for any characters. */
  readonly functions: readonly string[];
  readonly agencies: readonly string[];
  readonly topics: readonly string[];
  readonly enabled: boolean;
  /** The key of the configuration, which no operation changes. */
  readonly first: boolean;
  readonly create_time?: string;
  /** Until then the secret before the last rotation is valid, too. */
  readonly previous_secret_ends_at?: string;
}

/** The access keys that the viewer may see. */
export function useKeys() {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['keys'],
    queryFn: async ({ signal }) => {
      const answer = await answerOf(client.GET('/v2/{project}/sendoff/credentials', { params: { path: { project } }, signal }));
      return (answer.credentials ?? []) as readonly AccessKey[];
    },
  });
}

/** The acts on an access key that need no more than its name. */
export function useKeyActs(accessKey: string) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  const params = { path: { project, accessKey } };
  const refresh = async () => queries.invalidateQueries({ queryKey: ['keys'] });
  return {
    async disable() {
      await answerOf(client.POST('/v2/{project}/sendoff/credentials/{accessKey}/disable', { params }));
      await refresh();
    },
    async enable() {
      await answerOf(client.POST('/v2/{project}/sendoff/credentials/{accessKey}/enable', { params }));
      await refresh();
    },
    async remove() {
      await answerOf(client.DELETE('/v2/{project}/sendoff/credentials/{accessKey}', { params }));
      await refresh();
    },
  };
}
