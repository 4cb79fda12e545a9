import { Anchor, Button, Group, Table, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { Link } from 'wouter';
import { EmptyState } from '../ui/empty-state.tsx';
import { Instant } from '../ui/instant.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { ScrollX } from '../ui/scroll-x.tsx';
import { CreateFunction } from './create-function.tsx';
import { type FunctionSummary, shortName, useFunctions } from './queries.ts';

function FunctionRow({ of }: { readonly of: FunctionSummary }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor component={Link} href={`/functions/${encodeURIComponent(shortName(of))}`} fw={600} size="sm">
          {of.func_name}
        </Anchor>
        {of.description !== '' && (
          <Text size="xs" c="dimmed" lineClamp={1}>
            {of.description}
          </Text>
        )}
      </Table.Td>
      <Table.Td>{of.package}</Table.Td>
      <Table.Td>{of.runtime}</Table.Td>
      <Table.Td>{of.memory_size} MB</Table.Td>
      <Table.Td>{of.timeout} s</Table.Td>
      <Table.Td>
        <Instant at={of.last_modified} />
      </Table.Td>
    </Table.Tr>
  );
}

function FunctionTable({ functions }: { readonly functions: readonly FunctionSummary[] }) {
  const [filter, setFilter] = useState('');
  const shown = functions.filter((each) => shortName(each).toLowerCase().includes(filter.trim().toLowerCase()));
  return (
    <>
      <Group px="lg" py="md">
        <TextInput
          aria-label="Filter by name"
          placeholder="Filter by name"
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
          w={{ base: '100%', xs: 280 }}
        />
        <Text size="sm" c="dimmed" role="status">
          {shown.length} of {functions.length}
        </Text>
      </Group>
      <ScrollX label="Functions">
        <Table miw={720} highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              {['Name', 'Package', 'Runtime', 'Memory', 'Time limit', 'Changed'].map((name) => (
                <Table.Th key={name}>{name}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((each) => (
              <FunctionRow key={each.func_urn} of={each} />
            ))}
          </Table.Tbody>
        </Table>
      </ScrollX>
    </>
  );
}

/** The list of functions. */
export default function FunctionsPage() {
  const query = useFunctions();
  const [isOpen, { open, close }] = useDisclosure();
  const create = <Button onClick={open}>Create function</Button>;
  return (
    <>
      <PageHead title="Functions" actions={create}>
        Code that Sendoff runs when it is called, at once or later.
      </PageHead>
      <Panel isFlush>
        <QueryView query={query}>
          {(functions) =>
            functions.length === 0 ? (
              <EmptyState title="No function yet" action={create}>
                Create one with a few lines of JavaScript, then call it from its page.
              </EmptyState>
            ) : (
              <FunctionTable functions={functions} />
            )
          }
        </QueryView>
      </Panel>
      <CreateFunction isOpen={isOpen} onClose={close} />
    </>
  );
}
