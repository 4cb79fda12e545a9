import { Select, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { FormButtons } from '../ui/form-buttons.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { KeySecret } from './key-secret.tsx';

const graces = [
  { value: '0', label: 'Ends at once' },
  { value: '3600', label: 'Stays valid for an hour' },
  { value: '86400', label: 'Stays valid for a day' },
  { value: '604800', label: 'Stays valid for a week' },
];

interface RotateKeyProps {
  readonly accessKey: string;
  readonly onClose: () => void;
}

/** The form that replaces the secret of an access key, and then the new secret. */
export function RotateKey({ accessKey, onClose }: RotateKeyProps) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  const [grace, setGrace] = useState('3600');
  const rotation = useMutation({
    mutationFn: async () => {
      const params = { path: { project, accessKey } };
      const body = { grace_in_seconds: Number(grace) };
      return answerOf(client.POST('/v2/{project}/sendoff/credentials/{accessKey}/rotate', { params, body }));
    },
    onSuccess: async () => queries.invalidateQueries({ queryKey: ['keys'] }),
  });
  if (rotation.data !== undefined) return <KeySecret of={rotation.data} onDone={onClose} />;
  function submit(event: FormEvent) {
    event.preventDefault();
    rotation.mutate();
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Text size="sm">The key keeps its name and rights, and gets a new secret.</Text>
        <Select
          label="The old secret"
          allowDeselect={false}
          data={graces}
          value={grace}
          onChange={(chosen) => setGrace(chosen ?? grace)}
        />
        {rotation.error !== null && <ProblemNotice error={rotation.error} />}
        <FormButtons action="Rotate" isPending={rotation.isPending} onCancel={onClose} />
      </Stack>
    </form>
  );
}
