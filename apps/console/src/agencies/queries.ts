import { useQuery } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';

/** The kinds of targets, for a choice. */
export const grantTypes = [
  { value: 'OBS', label: 'OBS: buckets' },
  { value: 'DIS', label: 'DIS: streams' },
  { value: 'SMN', label: 'SMN: topics' },
  { value: 'FunctionGraph', label: 'Functions' },
] as const;
export type GrantType = (typeof grantTypes)[number]['value'];

/** A target, or several, that an agency lets a function use. */
interface Grant {
  readonly type: GrantType;
  /** Name of a resource; `*` stands for any characters. */
  readonly resource: string;
}

/** The name that a function carries as `xrole`, with the targets that it grants. */
export interface Agency {
  readonly name: string;
  readonly grants: readonly Grant[];
}

/** The agencies that the viewer may see. */
export function useAgencies(isWanted = true) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['agencies'],
    enabled: isWanted,
    queryFn: async ({ signal }): Promise<readonly Agency[]> => {
      const answer = await answerOf(client.GET('/v2/{project}/sendoff/agencies', { params: { path: { project } }, signal }));
      return (answer.agencies ?? []) as readonly Agency[];
    },
  });
}
