import { Button, Group, NumberInput, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { Panel } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { useDraft } from '../ui/use-draft.ts';
import { type FunctionFields, FunctionFieldset } from './function-fields.tsx';
import type { FunctionSummary } from './queries.ts';
import type { MemorySize } from './settings.ts';

/** The settings that can be changed here. Numbers are text while they are being typed. */
interface SettingsForm extends FunctionFields {
  readonly description: string;
  readonly userData: string;
  /** Processes of the function in each executor. */
  readonly processes: number | string;
  /** Calls that one process runs at once. */
  readonly callsAtOnce: number | string;
}

/** Settings that have no field here. */
interface KeptSettings {
  readonly app_xrole?: string;
  readonly initializer_handler?: string;
  readonly initializer_timeout?: number;
  readonly enable_dynamic_memory?: boolean;
}

const keptNames = ['app_xrole', 'initializer_handler', 'initializer_timeout', 'enable_dynamic_memory'] as const;

/** A configuration is replaced as a whole, so what this page does not change goes along. */
function keptOf(config: KeptSettings): KeptSettings {
  return Object.fromEntries(keptNames.flatMap((name) => (config[name] === undefined ? [] : [[name, config[name]]])));
}

const processesByDefault = 400;

function formOf(config: FunctionSummary): SettingsForm {
  return {
    handler: config.handler ?? '',
    timeout: config.timeout ?? 3,
    memory: String(config.memory_size ?? 128),
    agency: config.xrole === undefined || config.xrole === '' ? null : config.xrole,
    description: config.description ?? '',
    userData: config.user_data ?? '',
    processes: config.strategy_config?.concurrency ?? processesByDefault,
    callsAtOnce: config.strategy_config?.concurrent_num ?? 1,
  };
}

function useSaveSettings(urn: string, config: FunctionSummary, onSaved: (form: SettingsForm) => void) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (form: SettingsForm) => {
      const body = {
        ...keptOf(config),
        func_name: config.func_name ?? null,
        runtime: config.runtime ?? '',
        handler: form.handler,
        timeout: Number(form.timeout),
        memory_size: Number(form.memory) as MemorySize,
        xrole: form.agency ?? '',
        description: form.description,
        user_data: form.userData,
        strategy_config: { concurrency: Number(form.processes), concurrent_num: Number(form.callsAtOnce) },
      };
      return answerOf(client.PUT('/v2/{project}/fgs/functions/{urn}/config', { params: { path: { project, urn } }, body }));
    },
    onSuccess: async (saved, form) => {
      queries.setQueryData(['functions', urn, 'config'], saved);
      onSaved(form);
      await queries.invalidateQueries({ queryKey: ['functions'], exact: true });
    },
  });
}

/** The settings of a function: handler, limits, agency, description and user data. */
export function SettingsTab({ urn, config }: { readonly urn: string; readonly config: FunctionSummary }) {
  const draft = useDraft<SettingsForm>(`settings ${urn}`);
  const form = draft.value ?? formOf(config);
  const saving = useSaveSettings(urn, config, draft.saved);
  const change = (part: Partial<SettingsForm>) => draft.set({ ...form, ...part });
  function submit(event: FormEvent) {
    event.preventDefault();
    saving.mutate(form);
  }

  return (
    <Panel title="Settings">
      <form onSubmit={submit} noValidate>
        <Stack gap="md">
          <FunctionFieldset of={form} onChange={change} />
          <Group grow align="flex-start">
            <NumberInput
              label="Processes"
              description="The most in each executor. 0 stops the function, -1 sets no limit."
              value={form.processes}
              onChange={(processes) => change({ processes })}
            />
            <NumberInput
              label="Calls at once"
              description="The most that one process runs."
              value={form.callsAtOnce}
              onChange={(callsAtOnce) => change({ callsAtOnce })}
            />
          </Group>
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
