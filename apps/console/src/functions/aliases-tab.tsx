import { Button, Select, Stack, Table, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { FormButtons } from '../ui/form-buttons.tsx';
import { Instant } from '../ui/instant.tsx';
import { Panel } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { ScrollX } from '../ui/scroll-x.tsx';
import { useAliases, useVersions } from './queries.ts';

function CreateAlias({ urn, onClose }: { readonly urn: string; readonly onClose: () => void }) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  const versions = useVersions(urn);
  const [name, setName] = useState('');
  const [version, setVersion] = useState('latest');
  const [description, setDescription] = useState('');
  const creation = useMutation({
    mutationFn: async () => {
      const body = { name: name.trim(), version, description };
      return answerOf(client.POST('/v2/{project}/fgs/functions/{urn}/aliases', { params: { path: { project, urn } }, body }));
    },
    onSuccess: async () => {
      onClose();
      await queries.invalidateQueries({ queryKey: ['functions', urn, 'aliases'] });
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    creation.mutate();
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput label="Name" required value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Select
          label="Version"
          allowDeselect={false}
          data={(versions.data ?? []).flatMap(({ version: each }) => each ?? [])}
          value={version}
          onChange={(chosen) => setVersion(chosen ?? version)}
        />
        <TextInput label="Description" value={description} onChange={(event) => setDescription(event.currentTarget.value)} />
        {creation.error !== null && <ProblemNotice error={creation.error} />}
        <FormButtons action="Create" isPending={creation.isPending} onCancel={onClose} />
      </Stack>
    </form>
  );
}

/** The aliases of a function: names that lead to a version and can be moved to another. */
export function AliasesTab({ urn }: { readonly urn: string }) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  const query = useAliases(urn);
  const [isOpen, { open, close }] = useDisclosure();
  const create = <Button onClick={open}>Create alias</Button>;
  const remove = async (alias: string) => {
    await answerOf(
      client.DELETE('/v2/{project}/fgs/functions/{urn}/aliases/{alias}', { params: { path: { project, urn, alias } } }),
    );
    await queries.invalidateQueries({ queryKey: ['functions', urn, 'aliases'] });
  };
  return (
    <Panel title="Aliases" isFlush actions={create}>
      <QueryView query={query}>
        {(aliases) =>
          aliases.length === 0 ? (
            <EmptyState title="No alias yet">
              An alias is a name, such as “stable”, that leads to a version of your choice.
            </EmptyState>
          ) : (
            <ScrollX label="Aliases">
              <Table miw={560}>
                <Table.Thead>
                  <Table.Tr>
                    {['Alias', 'Version', 'Description', 'Changed', 'Acts'].map((head) => (
                      <Table.Th key={head}>{head}</Table.Th>
                    ))}
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {aliases.map(({ name = '', version, description, last_modified: changed }) => (
                    <Table.Tr key={name}>
                      <Table.Td fw={550}>{name}</Table.Td>
                      <Table.Td>{version}</Table.Td>
                      <Table.Td>{description}</Table.Td>
                      <Table.Td>
                        <Instant at={changed} />
                      </Table.Td>
                      <Table.Td>
                        <ConfirmButton
                          size="xs"
                          label="Delete"
                          title={`Delete alias ${name}?`}
                          question="Calls that name it are refused from then on."
                          onConfirm={async () => remove(name)}
                        />
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </ScrollX>
          )
        }
      </QueryView>
      <Dialog opened={isOpen} onClose={close} title="Create alias">
        <CreateAlias urn={urn} onClose={close} />
      </Dialog>
    </Panel>
  );
}
