import { queryOptions, useQuery } from '@tanstack/react-query';
import { type Api, answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { durationText } from '../ui/durations.ts';
import { instantOf } from '../ui/instant.tsx';

/** A state of an invocation, in the words of FunctionGraph. */
export const statuses = ['WAIT', 'RUNNING', 'SUCCESS', 'FAIL', 'DISCARD'] as const;
export type Status = (typeof statuses)[number];

/** A try to tell a target, as the record of the invocation shows it. */
export interface Delivery {
  readonly delivery_id: string;
  readonly state: string;
  readonly tries: number;
  readonly reason?: string;
  readonly location?: string;
}

/** The record of an invocation. Times are UTC without a zone. */
export interface InvocationRecord {
  readonly request_id: string;
  readonly status: Status;
  readonly error_code: number;
  readonly error_message: string;
  readonly start_time: string;
  readonly end_time: string;
  readonly approximate_invoke_count: number;
  readonly next_due_time?: string;
  readonly deliveries: readonly Delivery[];
  /** The reference of a large return value. */
  readonly response_payload_ref?: string;
  readonly tags?: readonly string[];
}

/** Which invocations a list shows. */
export interface InvocationFilter {
  readonly urn: string;
  readonly status: Status | undefined;
  /** Texts of instants in UTC: the earliest and the latest acceptance. */
  readonly begin: string;
  readonly end: string | undefined;
}

/** Records that the table asks for at once. */
export const pageRecords = 200;

async function recordsOf({ client, project }: Api, urn: string, query: Readonly<Record<string, unknown>>, signal: AbortSignal) {
  const params = { path: { project, urn }, query };
  return answerOf(client.GET('/v2/{project}/fgs/functions/{urn}/async-invocations', { params, signal })) as Promise<{
    readonly invocations: readonly InvocationRecord[];
    readonly count: number;
  }>;
}

/** The query for one page of records, newest first, with the number of all. */
export function pageQuery(api: Api, filter: InvocationFilter, page: number) {
  const { urn, status, begin, end } = filter;
  return queryOptions({
    queryKey: ['invocations', filter, page],
    enabled: urn !== '',
    queryFn: async ({ signal }) => {
      const query = {
        limit: pageRecords,
        marker: page * pageRecords,
        query_begin_time: begin,
        ...(end === undefined ? {} : { query_end_time: end }),
        ...(status === undefined ? {} : { status }),
      };
      return recordsOf(api, urn, query, signal);
    },
    placeholderData: (before) => before,
  });
}

/** The first page of records, which follows what happens. */
export function useNewestInvocations(filter: InvocationFilter) {
  return useQuery({ ...pageQuery(useApi(), filter, 0), refetchInterval: 5_000 });
}

const settled: ReadonlySet<string> = new Set(['SUCCESS', 'FAIL', 'DISCARD']);

/** Whether the invocation has not ended. */
export function isOpen({ status }: InvocationRecord): boolean {
  return !settled.has(status);
}

/** Whether nothing will change any more: it is settled, and nobody is still to be told. */
export function isOver({ status, deliveries }: InvocationRecord): boolean {
  return settled.has(status) && deliveries.every(({ state }) => state !== 'pending');
}

/** One invocation; null until a record of it exists. It follows the invocation until it is over. */
export function useInvocation(urn: string, requestId: string) {
  const api = useApi();
  return useQuery({
    queryKey: ['invocation', urn, requestId],
    queryFn: async ({ signal }) => (await recordsOf(api, urn, { request_id: requestId }, signal)).invocations[0] ?? null,
    refetchInterval: ({ state: { data } }) => (data == null || !isOver(data) ? 2_000 : false),
  });
}

/** The lines that the function printed during one invocation. */
export function useInvocationLog(urn: string, requestId: string, isLive: boolean) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['log', urn, requestId],
    queryFn: async ({ signal }) => {
      const params = { path: { project, urn }, query: { request_id: requestId, limit: 500 } };
      return answerOf(client.GET('/v2/{project}/sendoff/functions/{urn}/logs', { params, signal }));
    },
    refetchInterval: isLive ? 3_000 : false,
  });
}

/** Seconds from acceptance to the end; undefined while the invocation is not over. */
function durationSeconds({ start_time: start, end_time: end }: InvocationRecord): number | undefined {
  return end === '' ? undefined : (instantOf(end).getTime() - instantOf(start).getTime()) / 1_000;
}

/** The duration in words. Records have whole seconds, so a short one is not known better. */
export function roughDuration(record: InvocationRecord): string {
  const seconds = durationSeconds(record);
  if (seconds === undefined) return '–';
  return seconds < 1 ? 'under 1 s' : durationText(seconds);
}
