import { Group, Table, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { DataTable } from '../ui/data-table.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Instant } from '../ui/instant.tsx';
import { MoreButton } from '../ui/more-button.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { type AuditEntry, type AuditFilter, useAuditEntries } from './queries.ts';

/** Time without a key press after which the list is asked for, in milliseconds. */
const typingMs = 300;

/** Colours of outcomes; all others are error codes. */
const colours: Readonly<Record<string, string>> = { done: 'state-good', begun: 'state-waiting' };

function EntryRow({ of }: { readonly of: AuditEntry }) {
  return (
    <Table.Tr>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Instant at={of.time} />
      </Table.Td>
      <Table.Td className="code" style={{ whiteSpace: 'nowrap' }}>
        {of.by}
      </Table.Td>
      <Table.Td className="code" style={{ whiteSpace: 'nowrap' }}>
        {of.act}
      </Table.Td>
      <Table.Td className="code">{of.object}</Table.Td>
      <Table.Td>
        <span className={`state ${colours[of.outcome] ?? 'state-bad'}`}>{of.outcome}</span>
      </Table.Td>
    </Table.Tr>
  );
}

function Entries({ filter }: { readonly filter: AuditFilter }) {
  const query = useAuditEntries(filter);
  return (
    <QueryView query={query}>
      {({ pages }) => {
        const entries = pages.flatMap((page) => page.entries);
        if (entries.length === 0 && !query.hasNextPage)
          return (
            <EmptyState title={Object.values(filter).every((part) => part === '') ? 'No act yet' : 'No act fits'}>
              Each change of a <TextLink href="/functions">function</TextLink>, a policy, a key or a target is listed here for 90
              days. So is each pause, purge and redrive.
            </EmptyState>
          );
        return (
          <>
            <DataTable label="Acts" headings={['Time', 'Key', 'Act', 'Object', 'Outcome']} minWidth={760}>
              {entries.map((entry) => (
                <EntryRow key={entry.request_id} of={entry} />
              ))}
            </DataTable>
            <MoreButton label="Show older acts" of={query} />
          </>
        );
      }}
    </QueryView>
  );
}

/** Which key changed what, and when. */
export default function AuditPage() {
  const [filter, setFilter] = useState<AuditFilter>({ by: '', act: '', object: '' });
  const [asked] = useDebouncedValue(filter, typingMs);
  const field = (name: keyof AuditFilter, label: string, placeholder: string) => (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={filter[name]}
      onChange={(event) => setFilter({ ...filter, [name]: event.currentTarget.value.trim() })}
      w={220}
    />
  );
  return (
    <>
      <PageHead title="Audit log">Which key changed what, newest first.</PageHead>
      <Group align="flex-end" mb="lg">
        {field('by', 'Key', 'token')}
        {field('act', 'Act', 'pauseFunction')}
        {field('object', 'Object', 'hello')}
      </Group>
      <Panel isFlush>
        <Entries filter={asked} />
      </Panel>
    </>
  );
}
