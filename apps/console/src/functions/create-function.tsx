import { Group, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { FormButtons } from '../ui/form-buttons.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { useGoOn } from '../ui/use-go-on.ts';
import { base64OfText } from './base64.ts';
import { type FunctionFields, FunctionFieldset } from './function-fields.tsx';
import { shortName } from './queries.ts';
import { type MemorySize, runtimes } from './settings.ts';

const firstCode = `exports.handler = async (event, context) => {
  return { greeting: \`hello \${event.name}\` };
};
`;

interface CreateForm extends FunctionFields {
  readonly name: string;
  /** The package. */
  readonly folder: string;
  readonly runtime: string;
  readonly code: string;
  /** The server of an `http` function. */
  readonly url: string;
}

const firstForm: CreateForm = {
  name: '',
  folder: 'default',
  runtime: 'Node.js20.15',
  handler: 'index.handler',
  timeout: 3,
  memory: '128',
  agency: null,
  code: firstCode,
  url: '',
};

function useCreateFunction(onCreated: (name: string) => void) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (form: CreateForm) => {
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
  const goOn = useGoOn();
  const creation = useCreateFunction((name) => {
    setForm(firstForm);
    if (!isOpen) return;
    onClose();
    goOn(`/functions/${encodeURIComponent(name)}`);
  });
  const change = (part: Partial<CreateForm>) => setForm((before) => ({ ...before, ...part }));
  const isHttp = form.runtime === 'http';

  const url = (
    <TextInput
      label="URL of the server"
      required
      type="url"
      value={form.url}
      onChange={(event) => change({ url: event.currentTarget.value })}
    />
  );

  function submit(event: FormEvent) {
    event.preventDefault();
    creation.mutate(form);
  }

  return (
    <Dialog opened={isOpen} onClose={onClose} title="Create function" size="lg">
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
          <Select
            label="Runtime"
            data={runtimes}
            allowDeselect={false}
            value={form.runtime}
            onChange={(runtime) => change({ runtime: runtime ?? form.runtime })}
          />
          <FunctionFieldset of={form} onChange={change} insteadOfHandler={isHttp ? url : undefined} />
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
    </Dialog>
  );
}
