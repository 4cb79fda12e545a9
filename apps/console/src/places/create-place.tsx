import { Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { FormButtons } from '../ui/form-buttons.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import type { PlaceKind } from './queries.ts';

interface CreatePlaceProps {
  readonly kind: PlaceKind;
  readonly onClose: () => void;
}

/** The form that lets policies name one more bucket or stream. */
export function CreatePlace({ kind, onClose }: CreatePlaceProps) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [topic, setTopic] = useState('');
  const creation = useMutation({
    mutationFn: async () => {
      const params = { path: { project, kind, name: name.trim() } };
      const body = topic.trim() === '' ? {} : { topic: topic.trim() };
      return answerOf(client.PUT('/v2/{project}/sendoff/{kind}/{name}', { params, body }));
    },
    onSuccess: async () => {
      onClose();
      await queries.invalidateQueries({ queryKey: ['places', kind] });
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
        {kind === 'streams' && (
          <TextInput
            label="Kafka topic"
            description="Empty: a topic of its own, named after the stream."
            value={topic}
            onChange={(event) => setTopic(event.currentTarget.value)}
          />
        )}
        {creation.error !== null && <ProblemNotice error={creation.error} />}
        <FormButtons action="Create" isPending={creation.isPending} onCancel={onClose} />
      </Stack>
    </form>
  );
}
