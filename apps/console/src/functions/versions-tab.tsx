import { Button, Stack, Table, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { FormButtons } from '../ui/form-buttons.tsx';
import { Instant } from '../ui/instant.tsx';
import { Panel } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { ScrollX } from '../ui/scroll-x.tsx';
import { useVersions } from './queries.ts';

function PublishVersion({ urn, onClose }: { readonly urn: string; readonly onClose: () => void }) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  const [version, setVersion] = useState('');
  const [description, setDescription] = useState('');
  const publishing = useMutation({
    mutationFn: async () => {
      const body = { description, ...(version.trim() === '' ? {} : { version: version.trim() }) };
      return answerOf(client.POST('/v2/{project}/fgs/functions/{urn}/versions', { params: { path: { project, urn } }, body }));
    },
    onSuccess: async () => {
      onClose();
      await queries.invalidateQueries({ queryKey: ['functions', urn, 'versions'] });
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    publishing.mutate();
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput
          label="Version"
          description="Empty: the time of publication becomes the name."
          value={version}
          onChange={(event) => setVersion(event.currentTarget.value)}
        />
        <TextInput label="Description" value={description} onChange={(event) => setDescription(event.currentTarget.value)} />
        {publishing.error !== null && <ProblemNotice error={publishing.error} />}
        <FormButtons action="Publish" isPending={publishing.isPending} onCancel={onClose} />
      </Stack>
    </form>
  );
}

/** The versions of a function: the code and settings of a moment, which no longer change. */
export function VersionsTab({ urn }: { readonly urn: string }) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  const query = useVersions(urn);
  const [isOpen, { open, close }] = useDisclosure();
  const remove = async (version: string) => {
    const params = { path: { project, urn: `${query.data?.[0]?.func_urn?.split(':').slice(0, 7).join(':') ?? urn}:${version}` } };
    await answerOf(client.DELETE('/v2/{project}/fgs/functions/{urn}', { params }));
    await queries.invalidateQueries({ queryKey: ['functions', urn] });
  };
  return (
    <Panel title="Versions" isFlush actions={<Button onClick={open}>Publish version</Button>}>
      <QueryView query={query}>
        {(versions) => (
          <ScrollX label="Versions">
            <Table miw={620}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Version</Table.Th>
                  <Table.Th>Description</Table.Th>
                  <Table.Th>Changed</Table.Th>
                  <Table.Th>Acts</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {versions.map(({ version = '', description, last_modified: changed }) => (
                  <Table.Tr key={version}>
                    <Table.Td fw={550}>{version}</Table.Td>
                    <Table.Td>{version === 'latest' ? 'The present code and settings' : description}</Table.Td>
                    <Table.Td>
                      <Instant at={changed} />
                    </Table.Td>
                    <Table.Td>
                      {version !== 'latest' && (
                        <ConfirmButton
                          size="xs"
                          label="Delete"
                          title={`Delete version ${version}?`}
                          question="Its code is gone for good."
                          onConfirm={async () => remove(version)}
                        />
                      )}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </ScrollX>
        )}
      </QueryView>
      <Dialog opened={isOpen} onClose={close} title="Publish version">
        <PublishVersion urn={urn} onClose={close} />
      </Dialog>
    </Panel>
  );
}
