import { Group, Modal, NumberInput, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { useAgencies } from '../agencies/queries.ts';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { FormButtons } from '../ui/form-buttons.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { base64OfText } from './base64.ts';
import { shortName } from './queries.ts';
import { type MemorySize, memorySizes, runtimes } from './settings.ts';

const firstCode = `exports.handler = async (event, context) => {
  return { greeting: \`hello \${event.name}\` };
};
`;

const firstForm = {
  name: '',
  folder: 'default',
  runtime: 'Node.js20.15',
  handler: 'index.handler',
  timeout: 3 as number | string,
  memory: '128',
  agency: null as string | null,
  code: firstCode,
  url: '',
};

function useCreateFunction(onCreated: (name: string) => void) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (form: typeof firstForm) => {
      const isHttp = form.runtime === 'http';
      const body = {
        func_name: form.name.trim(),
        package: form.folder.trim(),
        runtime: form.runtime,
        handler: isHttp ? '-' : form.handler,
        timeout: Number(form.timeout),
        memory_size: Number(form.memory) as MemorySize,
        code_type: 'inline' as const,
        ...(form.agency === null ? {} : { xrole: form.agency }),
        ...(isHttp ? { code_url: form.url.trim() } : { func_code: { file: base64OfText(form.code) } }),
      };
      return answerOf(client.POST('/v2/{project}/fgs/functions', { params: { path: { project } }, body }));
    },
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: ['functions'] });
      onCreated(shortName(made));
    },
  });
}

interface CreateFunctionProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** The dialog that creates a function. It keeps the typed text while the page is open. */
export function CreateFunction({ isOpen, onClose }: CreateFunctionProps) {
  const [form, setForm] = useState(firstForm);
  const [, navigate] = useLocation();
  const agencies = useAgencies(isOpen);
  const creation = useCreateFunction((name) => {
    setForm(firstForm);
    onClose();
    navigate(`/functions/${encodeURIComponent(name)}`);
  });
  const change = (part: Partial<typeof firstForm>) => setForm((before) => ({ ...before, ...part }));
  const isHttp = form.runtime === 'http';

  function submit(event: FormEvent) {
    event.preventDefault();
    creation.mutate(form);
  }

  return (
    <Modal opened={isOpen} onClose={onClose} title="Create function" size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack gap="md">
          <Group grow align="flex-start">
            <TextInput
              label="Name"
              required
              value={form.name}
              onChange={(event) => change({ name: event.currentTarget.value })}
              data-autofocus
            />
            <TextInput
              label="Package"
              required
              value={form.folder}
              onChange={(event) => change({ folder: event.currentTarget.value })}
            />
          </Group>
          <Group grow align="flex-start">
            <Select
              label="Runtime"
              data={runtimes}
              allowDeselect={false}
              value={form.runtime}
              onChange={(runtime) => change({ runtime: runtime ?? form.runtime })}
            />
            {isHttp ? (
              <TextInput
                label="URL of the server"
                required
                type="url"
                value={form.url}
                onChange={(event) => change({ url: event.currentTarget.value })}
              />
            ) : (
              <TextInput
                label="Handler"
                required
                value={form.handler}
                onChange={(event) => change({ handler: event.currentTarget.value })}
              />
            )}
          </Group>
          <Group grow align="flex-start">
            <NumberInput label="Time limit (s)" required value={form.timeout} onChange={(timeout) => change({ timeout })} />
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
            description="Lists the targets that results of the function may go to. It can be set later."
            placeholder="None"
            clearable
            data={(agencies.data ?? []).map(({ name }) => name)}
            value={form.agency}
            onChange={(agency) => change({ agency })}
          />
          {!isHttp && (
            <Textarea
              className="editor"
              label="Code"
              autosize
              minRows={6}
              maxRows={16}
              spellCheck={false}
              value={form.code}
              onChange={(event) => change({ code: event.currentTarget.value })}
            />
          )}
          {creation.error !== null && <ProblemNotice error={creation.error} />}
          <FormButtons action="Create" isPending={creation.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
