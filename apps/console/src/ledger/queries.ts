import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { afterMarker, byMarker } from '../api/pages.ts';
import { useApi } from '../session/session-context.tsx';

/** Counts of invocations and of their notices. */
export interface Counts {
  readonly accepted: number;
  readonly settled: number;
  readonly in_flight: number;
  readonly delayed: number;
  readonly queued: number;
  readonly running: number;
  /** Ended invocations by condition; `Success` is one. */
  readonly conditions: Readonly<Record<string, number>>;
  readonly notices: Readonly<Record<'pending' | 'delivered' | 'undelivered', number>>;
  readonly rejected: Rejected;
}

/** Records of the Kafka topic `intake` that were refused. */
export interface Rejected {
  readonly total: number;
  /** By the code of the reason. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** Accepted invocations that are in no topic any more. */
export interface Unaccounted {
  /** Whether this was ever checked against the topics. */
  readonly is_proven: boolean;
  readonly proven_at?: string;
  readonly count: number;
  readonly invocations: readonly { readonly request_id: string; readonly func_urn: string }[];
}

interface LedgerPage {
  readonly functions: readonly (Counts & { readonly func_urn: string })[];
  readonly next_marker: string;
  readonly unaccounted: Unaccounted;
  /** Absent for a key that is for some functions only. */
  readonly total?: Counts;
  /** Rejects that name no function; absent as `total` is. */
  readonly no_function?: { readonly rejected: Rejected };
}

/** The ledger of all functions, page by page. */
export function useLedger() {
  const { client, project } = useApi();
  return useInfiniteQuery({
    queryKey: ['ledger'],
    ...byMarker,
    queryFn: async ({ pageParam, signal }) => {
      const params = { path: { project }, query: afterMarker(pageParam) };
      return answerOf(client.GET('/v2/{project}/sendoff/ledger', { params, signal })) as Promise<LedgerPage>;
    },
    refetchInterval: 10_000,
  });
}

/** A refused record of the Kafka topic `intake`. */
export interface Reject {
  /** Empty if the record names no function. */
  readonly function_urn: string;
  /** The word of the reason. */
  readonly code: string;
  readonly reason: string;
  readonly rejected_time: string;
  readonly partition: number;
  readonly offset: number;
  readonly reject_partition: number;
  readonly reject_offset: number;
}

interface RejectPage {
  readonly rejects: readonly Reject[];
  readonly next_marker: string;
}

/** Rejects that a list asks for at once. */
const pageRejects = 20;

/** Refused records, the newest first, page by page. */
export function useRejects() {
  const { client, project } = useApi();
  return useInfiniteQuery({
    queryKey: ['rejects'],
    ...byMarker,
    queryFn: async ({ pageParam, signal }) => {
      const query = { limit: pageRejects, ...afterMarker(pageParam) };
      const params = { path: { project }, query };
      return answerOf(client.GET('/v2/{project}/sendoff/rejects', { params, signal })) as Promise<RejectPage>;
    },
  });
}

/** The ledger of one function. */
export function useFunctionLedger(urn: string) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['ledger', urn],
    queryFn: async ({ signal }) => {
      const params = { path: { project, urn } };
      return answerOf(client.GET('/v2/{project}/sendoff/functions/{urn}/ledger', { params, signal })) as Promise<
        Counts & { readonly unaccounted: Unaccounted }
      >;
    },
    refetchInterval: 10_000,
  });
}
