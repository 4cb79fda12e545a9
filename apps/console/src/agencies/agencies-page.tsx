import { Button, Group, Table, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answerOf } from '../api/client.ts';
import { useFunctions } from '../functions/queries.ts';
import { useApi } from '../session/session-context.tsx';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { AgencyForm } from './agency-form.tsx';
import { type Agency, useAgencies } from './queries.ts';

function Effect({ name }: { readonly name: string }) {
  const { data } = useFunctions();
  return (
    <>
      <p>Functions with this agency may notify no target any more.</p>
      <Text size="sm" fw={600}>
        Functions with this agency: {data?.filter(({ xrole }) => xrole === name).length ?? '…'}
      </Text>
    </>
  );
}

function AgencyRow({ of, onEdit }: { readonly of: Agency; readonly onEdit: () => void }) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  const { name, grants } = of;
  async function remove() {
    await answerOf(client.DELETE('/v2/{project}/sendoff/agencies/{name}', { params: { path: { project, name } } }));
    await queries.invalidateQueries({ queryKey: ['agencies'] });
  }
  return (
    <Table.Tr>
      <Table.Td fw={600}>{name}</Table.Td>
      <Table.Td>
        {grants.length === 0
          ? 'no target'
          : grants.map(({ type, resource }) => (
              <div key={`${type} ${resource}`} className="code">
                {type}: {resource}
              </div>
            ))}
      </Table.Td>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Button size="xs" variant="default" onClick={onEdit}>
            Edit
          </Button>
          <ConfirmButton
            size="xs"
            label="Delete"
            title={`Delete agency ${name}?`}
            question={<Effect name={name} />}
            onConfirm={remove}
          />
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

/** The agencies of the project. */
export default function AgenciesPage() {
  const query = useAgencies();
  const [edited, setEdited] = useState<Agency | 'new'>();
  const create = <Button onClick={() => setEdited('new')}>Create agency</Button>;
  const close = () => setEdited(undefined);
  return (
    <>
      <PageHead title="Agencies" actions={create}>
        An agency lists the targets that functions with it may notify. A function names its agency in its settings.
      </PageHead>
      <Panel isFlush>
        <QueryView query={query}>
          {(agencies) =>
            agencies.length === 0 ? (
              <EmptyState title="No agency yet" action={create}>
                A function without an agency can notify nobody. Create one, then choose it in the settings of the function.
              </EmptyState>
            ) : (
              <DataTable label="Agencies" headings={['Name', 'Grants', 'Acts']} minWidth={520}>
                {agencies.map((agency) => (
                  <AgencyRow key={agency.name} of={agency} onEdit={() => setEdited(agency)} />
                ))}
              </DataTable>
            )
          }
        </QueryView>
      </Panel>
      <Dialog
        opened={edited !== undefined}
        onClose={close}
        title={edited === 'new' ? 'Create agency' : 'Edit agency'}
        size="lg"
        closeOnClickOutside={false}
      >
        {edited !== undefined && <AgencyForm of={edited === 'new' ? undefined : edited} onClose={close} />}
      </Dialog>
    </>
  );
}
