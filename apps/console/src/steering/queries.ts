import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';

/** A part of a function that can be paused. */
export type Part = 'intake' | 'execution';

/** Whether a part is paused, since when and by which key. */
export interface PartState {
  readonly paused: boolean;
  readonly since?: string;
  readonly by?: string;
}

type Steering = Readonly<Record<Part, PartState>>;

const keyOf = (urn: string) => ['functions', urn, 'steering'];

/** The parts of a function that are paused. */
export function useSteering(urn: string) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: keyOf(urn),
    queryFn: async ({ signal }) => {
      const params = { path: { project, urn } };
      return answerOf(client.GET('/v2/{project}/sendoff/functions/{urn}/steering', { params, signal })) as Promise<Steering>;
    },
    refetchInterval: 10_000,
  });
}

/** Pauses or resumes a part of a function. */
export function useSteer(urn: string) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ part, isPaused }: { readonly part: Part; readonly isPaused: boolean }) => {
      const options = { params: { path: { project, urn } }, body: { part } };
      return answerOf(
        isPaused
          ? client.POST('/v2/{project}/sendoff/functions/{urn}/pause', options)
          : client.POST('/v2/{project}/sendoff/functions/{urn}/resume', options),
      );
    },
    onSuccess: (steering) => queries.setQueryData(keyOf(urn), steering),
  });
}

/** Invocations that a purge concerns. */
export interface PurgeCount {
  readonly waiting: number;
  readonly running: number;
}

/** Counts the invocations that a purge would end, or ends them. */
export function usePurge(urn: string) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: { readonly dry_run: boolean; readonly include_running: boolean }) => {
      const params = { path: { project, urn } };
      return answerOf(client.POST('/v2/{project}/sendoff/functions/{urn}/purge', { params, body })) as Promise<PurgeCount>;
    },
    onSuccess: async (_count, { dry_run: isCount }) =>
      isCount ? undefined : queries.invalidateQueries({ predicate: ({ queryKey: [name] }) => name !== 'functions' }),
  });
}
