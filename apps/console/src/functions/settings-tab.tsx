import { Button, Group, NumberInput, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { useAgencies } from '../agencies/queries.ts';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { Panel } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { useDraft } from '../ui/use-draft.ts';
import type { FunctionSummary } from './queries.ts';
import { type MemorySize, memorySizes } from './settings.ts';

/** The settings that can be changed here. Numbers are text while they are being typed. */
interface SettingsForm {
  readonly handler: string;
  readonly timeout: number | string;
  readonly memory: string;
  readonly agency: string | null;
  readonly description: string;
  readonly userData: string;
}

function formOf(config: FunctionSummary): SettingsForm {
  return {
    handler: config.handler ?? '',
    timeout: config.timeout ?? 3,
    memory: String(config.memory_size ?? 128),
    agency: config.xrole === undefined || config.xrole === '' ? null : config.xrole,
    description: config.description ?? '',
    userData: config.user_data ?? '',
  };
}

function useSaveSettings(urn: string, config: FunctionSummary, onSaved: () => void) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (form: SettingsForm) => {
      const body = {
        func_name: config.func_name ?? null,
        runtime: config.runtime ?? '',
        handler: form.handler,
        timeout: Number(form.timeout),
        memory_size: Number(form.memory) as MemorySize,
        xrole: form.agency ?? '',
        description: form.description,
        user_data: form.userData,
      };
      return answerOf(client.PUT('/v2/{project}/fgs/functions/{urn}/config', { params: { path: { project, urn } }, body }));
    },
    onSuccess: async (saved) => {
      queries.setQueryData(['functions', urn, 'config'], saved);
      onSaved();
      await queries.invalidateQueries({ queryKey: ['functions'], exact: true });
    },
  });
}

/** The settings of a function: handler, limits, agency, description and user data. */
export function SettingsTab({ urn, config }: { readonly urn: string; readonly config: FunctionSummary }) {
  const draft = useDraft<SettingsForm>(`settings ${urn}`);
  const form = draft.value ?? formOf(config);
  const agencies = useAgencies();
  const saving = useSaveSettings(urn, config, draft.clear);
  const change = (part: Partial<SettingsForm>) => draft.set({ ...form, ...part });
  const agencyNames = [
    ...new Set([...(agencies.data ?? []).map(({ name }) => name), ...(form.agency === null ? [] : [form.agency])]),
  ];

  function submit(event: FormEvent) {
    event.preventDefault();
    saving.mutate(form);
  }

  return (
    <Panel title="Settings">
      <form onSubmit={submit} noValidate>
        <Stack gap="md">
          <Group grow align="flex-start">
            <TextInput
              label="Handler"
              value={form.handler}
              onChange={(event) => change({ handler: event.currentTarget.value })}
            />
            <NumberInput label="Time limit (s)" value={form.timeout} onChange={(timeout) => change({ timeout })} />
            <Select
              label="Memory (MB)"
              data={memorySizes}
              allowDeselect={false}
              value={form.memory}
              onChange={(memory) => change({ memory: memory ?? form.memory })}
            />
          </Group>
          <Select
            label="Agency"
            description="Lists the targets that results of the function may go to."
            placeholder="None"
            clearable
            data={agencyNames}
            value={form.agency}
            onChange={(agency) => change({ agency })}
          />
          <TextInput
            label="Description"
            value={form.description}
            onChange={(event) => change({ description: event.currentTarget.value })}
          />
          <Textarea
            className="editor"
            label="User data"
            description="A JSON object. The code reads its values as environment variables."
            autosize
            minRows={3}
            spellCheck={false}
            value={form.userData}
            onChange={(event) => change({ userData: event.currentTarget.value })}
          />
          {saving.error !== null && <ProblemNotice error={saving.error} />}
          <Group>
            <Button type="submit" loading={saving.isPending} disabled={draft.value === undefined}>
              Save
            </Button>
            <Button variant="default" onClick={draft.clear} disabled={draft.value === undefined}>
              Discard changes
            </Button>
            {draft.value !== undefined && (
              <Text size="sm" c="dimmed" role="status">
                Not saved yet.
              </Text>
            )}
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}
