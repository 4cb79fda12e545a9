import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from '../../api/client.ts';
import { useApi } from '../../session/session-context.tsx';
import { orNull } from '../queries.ts';
import { bodyOf, type PolicyForm } from './policy-form.ts';

/** The policy of a function; null if it has none. */
export function usePolicy(urn: string) {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['functions', urn, 'policy'],
    queryFn: async ({ signal }) => {
      const params = { path: { project, urn } };
      return orNull(answerOf(client.GET('/v2/{project}/fgs/functions/{urn}/async-invoke-config', { params, signal })));
    },
  });
}

/** Sets the policy of a function. */
export function useSetPolicy(urn: string, functionUrn: string, onSaved: (form: PolicyForm) => void) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (form: PolicyForm) => {
      const params = { path: { project, urn } };
      const body = bodyOf(form, functionUrn);
      return answerOf(client.PUT('/v2/{project}/fgs/functions/{urn}/async-invoke-config', { params, body }));
    },
    onSuccess: (policy, form) => {
      queries.setQueryData(['functions', urn, 'policy'], policy);
      onSaved(form);
    },
  });
}

/** Removes the policy of a function. */
export function useDeletePolicy(urn: string) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return async () => {
    const params = { path: { project, urn } };
    await answerOf(client.DELETE('/v2/{project}/fgs/functions/{urn}/async-invoke-config', { params }));
    queries.setQueryData(['functions', urn, 'policy'], null);
  };
}

/** The log group and stream of the status log; null if it is not enabled. */
export function useStatusLog() {
  const { client, project } = useApi();
  return useQuery({
    queryKey: ['status-log'],
    queryFn: async ({ signal }) => {
      const params = { path: { project } };
      return orNull(answerOf(client.GET('/v2/{project}/fgs/functions/async-status-log-detail', { params, signal })));
    },
  });
}

/** Enables the status log of the project. */
export function useEnableStatusLog() {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () =>
      answerOf(client.POST('/v2/{project}/fgs/functions/enable-async-status-logs', { params: { path: { project } } })),
    onSuccess: async () => queries.invalidateQueries({ queryKey: ['status-log'] }),
  });
}
