import { Checkbox, Group, Stack, TagsInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { FormButtons } from '../ui/form-buttons.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { KeySecret } from './key-secret.tsx';
import { type Right, rightMeanings } from './queries.ts';

const firstForm = {
  description: '',
  rights: ['invoke', 'read'] as string[],
  functions: ['*'],
  agencies: [] as string[],
  topics: [] as string[],
};

const patternFields = [
  ['functions', 'Functions', 'Names, or package:name. * stands for any characters.'],
  ['agencies', 'Agencies', 'Empty: all if the key covers all functions, else none.'],
  ['topics', 'Topics', 'Empty: all if the key covers all functions, else none.'],
] as const;

function useCreateKey() {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ description, rights, functions, agencies, topics }: typeof firstForm) => {
      const body = {
        description: description.trim(),
        rights: rights as Right[],
        functions,
        ...(agencies.length === 0 ? {} : { agencies }),
        ...(topics.length === 0 ? {} : { topics }),
      };
      return answerOf(client.POST('/v2/{project}/sendoff/credentials', { params: { path: { project } }, body }));
    },
    onSuccess: async () => queries.invalidateQueries({ queryKey: ['keys'] }),
  });
}

/** The form that creates an access key, and then its secret, which stands here once. */
export function CreateKey({ onClose }: { readonly onClose: () => void }) {
  const [form, setForm] = useState(firstForm);
  const creation = useCreateKey();
  const change = (part: Partial<typeof firstForm>) => setForm((before) => ({ ...before, ...part }));
  if (creation.data !== undefined) return <KeySecret of={creation.data} onDone={onClose} />;
  function submit(event: FormEvent) {
    event.preventDefault();
    creation.mutate(form);
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput
          label="Description"
          description="Who uses the key."
          value={form.description}
          onChange={(event) => change({ description: event.currentTarget.value })}
          data-autofocus
        />
        <Checkbox.Group label="Rights" required value={form.rights} onChange={(rights) => change({ rights })}>
          <Group mt="xs">
            {Object.entries(rightMeanings).map(([right, meaning]) => (
              <Checkbox key={right} value={right} label={`${right}: ${meaning}`} />
            ))}
          </Group>
        </Checkbox.Group>
        {patternFields.map(([field, label, description]) => (
          <TagsInput
            key={field}
            label={label}
            description={description}
            placeholder={form[field].length === 0 ? 'Type a name, then Enter' : ''}
            value={form[field]}
            onChange={(patterns) => change({ [field]: patterns })}
          />
        ))}
        {creation.error !== null && <ProblemNotice error={creation.error} />}
        <FormButtons action="Create" isPending={creation.isPending} onCancel={onClose} />
      </Stack>
    </form>
  );
}
