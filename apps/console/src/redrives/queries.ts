import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import type { RedriveKind, RedriveRequest } from './selection.ts';

/** A redrive and how far it is. */
export interface Redrive {
  readonly id: string;
  readonly of: RedriveKind;
  readonly state: string;
  /** Why it stopped by itself. */
  readonly reason?: string;
  readonly created_time: string;
  readonly created_by: string;
  readonly functions?: readonly string[];
  readonly condition?: string;
  readonly error_text?: string;
  readonly target?: string;
  /** Present if functions that were made anew run the events of their namesakes. */
  readonly made_anew?: boolean;
  /** The window of the selection. */
  readonly begin_time: string;
  readonly end_time: string;
  /** The most that it looks at. */
  readonly limit: number;
  /** Looked at so far. */
  readonly selected: number;
  /** About how many follow; absent if nobody counted them. */
  readonly left?: number;
  readonly sent: number;
  /** Of invocations, as far as they have ended. */
  readonly succeeded?: number;
  readonly failed?: number;
  /** Of notices, as far as they have ended. */
  readonly delivered?: number;
  readonly undelivered?: number;
  readonly refused: readonly { readonly reason: string; readonly count: number }[];
}

/** The count before a redrive. */
export interface RedrivePreview {
  /** Those that fit. */
  readonly selected: number;
  /** Those of them that would start. */
  readonly startable: number;
  /** The others, as far as the records show it. */
  readonly refused: Redrive['refused'];
  readonly is_more: boolean;
  readonly first_request_ids: readonly string[];
  readonly estimated_seconds: number;
}

const listKey = ['redrives'];

/** Redrives, newest first. Asks again while the page is open. */
export function useRedrives() {
  const { client, project } = useApi();
  return useQuery({
    queryKey: listKey,
    queryFn: async ({ signal }) => {
      const params = { path: { project } };
      const { redrives } = (await answerOf(client.GET('/v2/{project}/sendoff/redrives', { params, signal }))) as {
        readonly redrives: readonly Redrive[];
      };
      return redrives;
    },
    refetchInterval: 2_000,
  });
}

/** One redrive, which the page follows while it goes on. */
export function useRedriveOf(id: string) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: [...listKey, id],
    queryFn: async ({ signal }) => {
      const params = { path: { project, id } };
      return answerOf(client.GET('/v2/{project}/sendoff/redrives/{id}', { params, signal })) as Promise<Redrive>;
    },
    refetchInterval: ({ state: { data } }) => (data?.state === 'running' || data?.state === 'waiting' ? 2_000 : false),
  });
}

/** Counts what a redrive would start, or starts it. */
export function useRedrive<Answer>(isDryRun: boolean) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (request: RedriveRequest) => {
      const body = { ...request, dry_run: isDryRun };
      return answerOf(client.POST('/v2/{project}/sendoff/redrives', { params: { path: { project } }, body })) as Promise<Answer>;
    },
    onSuccess: async () => (isDryRun ? undefined : queries.invalidateQueries({ queryKey: listKey })),
  });
}

/** Cancels a redrive, or lets it go on. */
export function useOrder(id: string) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return async (act: 'cancel' | 'resume') => {
    const params = { params: { path: { project, id } } };
    await answerOf(
      act === 'cancel'
        ? client.POST('/v2/{project}/sendoff/redrives/{id}/cancel', params)
        : client.POST('/v2/{project}/sendoff/redrives/{id}/resume', params),
    );
    await queries.invalidateQueries({ queryKey: listKey });
  };
}
