import { useQuery } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { orNull } from '../functions/queries.ts';
import { useApi } from '../session/session-context.tsx';

/** Something that an invocation waits for now. */
export interface Wait {
  readonly waits_for: string;
  readonly words: string;
  /** The act that would shorten the wait. */
  readonly change?: string;
  readonly since?: string;
  readonly until?: string;
  /** Why `until` is not known: what has to happen first. */
  readonly unknown_until?: string;
}

/** A change of the invocation, with the service that wrote it. */
export interface ExplainedTransition {
  readonly service?: string;
  readonly time: string;
  readonly kind: string;
  readonly attempt: number;
  readonly error?: string;
  readonly due_time?: string;
  readonly condition?: string;
  readonly delivery_id?: string;
}

/** The past of an invocation, and what it waits for. */
export interface Explanation {
  readonly valid_until?: string;
  readonly waits: readonly Wait[];
  readonly transitions: readonly ExplainedTransition[];
  /** Some transitions after so many were left out. */
  readonly left_out_after?: number;
}

/** The explanation of an invocation; null until a record of it exists. */
export function useExplanation(urn: string, requestId: string, isOver: boolean) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['explanation', urn, requestId],
    queryFn: async ({ signal }) => {
      const params = { path: { project, urn, requestId } };
      const path = '/v2/{project}/sendoff/functions/{urn}/invocations/{requestId}/explanation';
      return orNull(answerOf(client.GET(path, { params, signal }))) as Promise<Explanation | null>;
    },
    refetchInterval: isOver ? false : 5_000,
  });
}
