import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { afterMarker, byMarker } from '../api/pages.ts';
import type { PlaceKind } from '../places/queries.ts';
import { useApi } from '../session/session-context.tsx';

/** A target, by what its notices tell. */
export interface Target {
  /** Kind and name, as `OBS:results/`. */
  readonly target: string;
  readonly pending: number;
  readonly undelivered: number;
  /** State of the circuit breaker. An open one sends no notice until `open_until`. */
  readonly circuit?: 'closed' | 'open' | 'half-open';
  readonly open_until?: string;
  /** Failures since the last success. */
  readonly failures?: number;
  readonly failing_since?: string;
  /** It failed for days, and gets no notice until somebody enables it. */
  readonly switched_off?: boolean;
  /** It no longer exists: only its notices do. */
  readonly removed?: boolean;
  readonly last_success_time?: string;
  readonly last_error?: string;
  readonly last_error_time?: string;
}

interface TargetPage {
  readonly targets: readonly Target[];
  readonly next_marker: string;
}

/** The API counts no further: a count of this size means at least so many. */
const countMax = 10_000;

/** Whether a target no longer exists, and has no notice left to act on. */
export function isOver({ removed, pending, undelivered }: Target): boolean {
  return removed === true && pending === 0 && undelivered === 0;
}

/** A count of notices in words. */
export function countText(count: number): string {
  return count >= countMax ? `${countMax.toLocaleString()} or more` : count.toLocaleString();
}

/** The targets in the order of their names, page by page. */
export function useTargets() {
  const { client, project } = useApi();
  return useInfiniteQuery({
    queryKey: ['targets'],
    ...byMarker,
    queryFn: async ({ pageParam, signal }) => {
      const params = { path: { project }, query: afterMarker(pageParam) };
      return answerOf(client.GET('/v2/{project}/sendoff/targets', { params, signal })) as Promise<TargetPage>;
    },
    refetchInterval: 10_000,
  });
}

/** A marker after which the list goes on with this text. No name of a target holds a tilde. */
function markerBefore(text: string): string {
  return `${text.slice(0, -1)}${String.fromCharCode(text.charCodeAt(text.length - 1) - 1)}~`;
}

/**
 * The targets within a place: one for each prefix of a bucket, one for a stream. At most 100, which
 * is a page of the API.
 */
export function useTargetsOfPlace(kind: PlaceKind, name: string) {
  const { client, project } = useApi();
  const begin = kind === 'buckets' ? `OBS:${name}/` : `DIS:${name}`;
  return useQuery({
    queryKey: ['targets', 'of', begin],
    queryFn: async ({ signal }) => {
      const params = { path: { project }, query: { marker: markerBefore(begin) } };
      const page = await (answerOf(client.GET('/v2/{project}/sendoff/targets', { params, signal })) as Promise<TargetPage>);
      return page.targets.filter(({ target }) => (kind === 'buckets' ? target.startsWith(begin) : target === begin));
    },
  });
}

/** Switches a target on again. */
export function useEnableTarget(target: string) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return async () => {
    const params = { path: { project, target } };
    await answerOf(client.POST('/v2/{project}/sendoff/targets/{target}/enable', { params }));
    await queries.invalidateQueries({ queryKey: ['targets'] });
  };
}

/** How the test of a target went. */
export interface TestOutcome {
  readonly id: string;
  readonly outcome: 'delivered' | 'deferred' | 'refused' | 'unknown';
  readonly took_ms?: number;
  /** Why the target did not take the notice. */
  readonly reason?: string;
  readonly location?: string;
}

/** Sends one test notice to a target. A success may switch the target on. */
export function useTestTarget(target: string) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      const params = { path: { project, target } };
      return answerOf(client.POST('/v2/{project}/sendoff/targets/{target}/test', { params })) as Promise<TestOutcome>;
    },
    onSuccess: async () => queries.invalidateQueries({ queryKey: ['targets'] }),
  });
}
