import { Button, Group, Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { FormButtons } from '../ui/form-buttons.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { type Agency, grantTypes, type GrantType } from './queries.ts';

const newGrant = { type: 'OBS' as GrantType, resource: '' };

interface AgencyFormProps {
  /** The agency to change; a new one if it is undefined. */
  readonly of: Agency | undefined;
  readonly onClose: () => void;
}

/** The form that sets all grants of an agency. */
export function AgencyForm({ of, onClose }: AgencyFormProps) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  const [name, setName] = useState(of?.name ?? '');
  const [grants, setGrants] = useState(of?.grants ?? [newGrant]);
  const saving = useMutation({
    mutationFn: async () => {
      const params = { path: { project, name: name.trim() } };
      const body = { grants: grants.map(({ type, resource }) => ({ type, resource: resource.trim() })) };
      return answerOf(client.PUT('/v2/{project}/sendoff/agencies/{name}', { params, body }));
    },
    onSuccess: async () => {
      onClose();
      await queries.invalidateQueries({ queryKey: ['agencies'] });
    },
  });
  const change = (at: number, part: Partial<typeof newGrant>) =>
    setGrants((before) => before.map((grant, index) => (index === at ? { ...grant, ...part } : grant)));
  function submit(event: FormEvent) {
    event.preventDefault();
    saving.mutate();
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput
          label="Name"
          required
          disabled={of !== undefined}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        {grants.map(({ type, resource }, at) => (
          <Group key={at} align="flex-end" gap="xs" wrap="nowrap">
            <Select
              label={`Kind ${at + 1}`}
              allowDeselect={false}
              data={grantTypes}
              value={type}
              onChange={(chosen) => change(at, { type: (chosen as GrantType | null) ?? type })}
              w={170}
            />
            <TextInput
              label={`Name ${at + 1}`}
              required
              placeholder="results, or * for all"
              value={resource}
              onChange={(event) => change(at, { resource: event.currentTarget.value })}
              flex={1}
            />
            <Button
              variant="default"
              aria-label={`Remove grant ${at + 1}`}
              onClick={() => setGrants((before) => before.filter((_, index) => index !== at))}
            >
              Remove
            </Button>
          </Group>
        ))}
        <Group>
          <Button variant="default" size="xs" onClick={() => setGrants((before) => [...before, newGrant])}>
            Add grant
          </Button>
        </Group>
        {saving.error !== null && <ProblemNotice error={saving.error} />}
        <FormButtons action="Save" isPending={saving.isPending} onCancel={onClose} />
      </Stack>
    </form>
  );
}
