import { Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answerOf } from '../api/client.ts';
import { useFunctions } from '../functions/queries.ts';
import { useApi } from '../session/session-context.tsx';
import { FormButtons } from '../ui/form-buttons.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { SecretOnce } from '../ui/secret-once.tsx';

const protocols = [
  { value: 'functionstage', label: 'A function' },
  { value: 'https', label: 'A webhook over HTTPS' },
  { value: 'http', label: 'A webhook over HTTP' },
] as const;
type Protocol = (typeof protocols)[number]['value'];

/** The form that adds a subscriber to a topic. A webhook gets a secret, which stands here once. */
export function AddSubscription({ urn, onClose }: { readonly urn: string; readonly onClose: () => void }) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  const functions = useFunctions();
  const [protocol, setProtocol] = useState<Protocol>('functionstage');
  const [endpoint, setEndpoint] = useState('');
  const [remark, setRemark] = useState('');
  const isFunction = protocol === 'functionstage';
  const adding = useMutation({
    mutationFn: async () => {
      const params = { path: { project, urn } };
      const body = { protocol, endpoint: endpoint.trim(), remark: remark.trim() };
      return answerOf(client.POST('/v2/{project}/notifications/topics/{urn}/subscriptions', { params, body }));
    },
    onSuccess: async (added) => {
      if (isFunction || !('secret' in added)) onClose();
      await queries.invalidateQueries({ queryKey: ['topics', urn] });
    },
  });
  const secret = adding.data !== undefined && 'secret' in adding.data ? adding.data.secret : undefined;
  if (secret !== undefined && !isFunction)
    return (
      <SecretOnce of={secret} onDone={onClose}>
        The webhook checks the signature of each message with this secret. Messages follow once it has confirmed the subscription.
      </SecretOnce>
    );
  function submit(event: FormEvent) {
    event.preventDefault();
    adding.mutate();
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Select
          label="Subscriber"
          allowDeselect={false}
          data={protocols}
          value={protocol}
          onChange={(chosen) => {
            setProtocol((chosen as Protocol | null) ?? protocol);
            setEndpoint('');
          }}
        />
        {isFunction ? (
          <Select
            label="Function"
            placeholder="Select a function"
            required
            searchable
            nothingFoundMessage="No function has that name. Create one at “Functions”."
            data={(functions.data ?? []).map(({ func_urn: value = '', package: folder, func_name: name }) => ({
              value,
              label: `${folder}:${name}`,
            }))}
            value={endpoint === '' ? null : endpoint}
            onChange={(chosen) => setEndpoint(chosen ?? '')}
          />
        ) : (
          <TextInput
            label="Address"
            type="url"
            required
            placeholder={`${protocol}://hooks.example.com/sendoff`}
            value={endpoint}
            onChange={(event) => setEndpoint(event.currentTarget.value)}
          />
        )}
        <TextInput label="Remark" value={remark} onChange={(event) => setRemark(event.currentTarget.value)} />
        {adding.error !== null && <ProblemNotice error={adding.error} />}
        <FormButtons action="Subscribe" isPending={adding.isPending} onCancel={onClose} />
      </Stack>
    </form>
  );
}
