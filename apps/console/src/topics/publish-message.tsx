import { Button, Group, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { Panel } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { useDraft } from '../ui/use-draft.ts';

const empty = { subject: '', message: '' };

/** The form that publishes a message to a topic. */
export function PublishMessage({ urn }: { readonly urn: string }) {
  const { client, project } = useApi();
  const draft = useDraft<typeof empty>(`message to ${urn}`);
  const form = draft.value ?? empty;
  const publishing = useMutation({
    mutationFn: async ({ subject, message }: typeof empty) => {
      const body = { message, ...(subject === '' ? {} : { subject }) };
      return answerOf(
        client.POST('/v2/{project}/notifications/topics/{urn}/publish', { params: { path: { project, urn } }, body }),
      );
    },
    onSuccess: (_answer, sent) => draft.saved(sent),
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    publishing.mutate(form);
  }
  return (
    <Panel title="Publish a message">
      <form onSubmit={submit}>
        <Stack gap="md">
          <TextInput
            label="Subject"
            value={form.subject}
            onChange={(event) => draft.set({ ...form, subject: event.currentTarget.value })}
          />
          <Textarea
            label="Message"
            required
            autosize
            minRows={3}
            maxRows={12}
            value={form.message}
            onChange={(event) => draft.set({ ...form, message: event.currentTarget.value })}
          />
          {publishing.error !== null && <ProblemNotice error={publishing.error} />}
          <Group justify="flex-end">
            <Text size="sm" role="status">
              {publishing.isSuccess && draft.value === undefined && (
                <>
                  Published as <span className="code">{publishing.data.message_id}</span>.
                </>
              )}
            </Text>
            <Button type="submit" loading={publishing.isPending}>
              Publish
            </Button>
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}
