import { Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { FormButtons } from '../ui/form-buttons.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';

/** The form that creates a topic. */
export function CreateTopic({ onClose }: { readonly onClose: () => void }) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [displayName, setDisplayName] = useState('');
  const creation = useMutation({
    mutationFn: async () => {
      const body = { name: name.trim(), display_name: displayName.trim() };
      return answerOf(client.POST('/v2/{project}/notifications/topics', { params: { path: { project } }, body }));
    },
    onSuccess: async () => {
      onClose();
      await queries.invalidateQueries({ queryKey: ['topics'], exact: true });
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    creation.mutate();
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput label="Name" required value={name} onChange={(event) => setName(event.currentTarget.value)} data-autofocus />
        <TextInput label="Display name" value={displayName} onChange={(event) => setDisplayName(event.currentTarget.value)} />
        {creation.error !== null && <ProblemNotice error={creation.error} />}
        <FormButtons action="Create" isPending={creation.isPending} onCancel={onClose} />
      </Stack>
    </form>
  );
}
