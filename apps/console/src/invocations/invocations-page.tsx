import { Anchor, Button, Group, Select, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import { shortName, useFunctions } from '../functions/queries.ts';
import { EmptyState } from '../ui/empty-state.tsx';
import { Instant } from '../ui/instant.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { type Column, TallTable } from '../ui/tall-table.tsx';
import { durationSeconds, type InvocationFilter, type InvocationRecord, type Status, useNewestInvocations } from './queries.ts';
import { useRecordPages } from './record-pages.ts';
import { StatusMark, statusChoices } from './status-mark.tsx';

const columns: readonly Column[] = [
  { name: 'State', track: '7rem' },
  { name: 'Request', track: '20rem' },
  { name: 'Accepted', track: '13rem' },
  { name: 'Duration', track: '5rem' },
  { name: 'Attempts', track: '5rem' },
  { name: 'Error', track: 'minmax(8rem, 1fr)' },
];

const periods = [
  { value: '1', label: 'Last hour' },
  { value: '24', label: 'Last day' },
  { value: '168', label: 'Last week' },
];

function cellsOf(urn: string, record: InvocationRecord) {
  const seconds = durationSeconds(record);
  return [
    <StatusMark of={record.status} />,
    <Anchor component={Link} href={`/invocations/${encodeURIComponent(urn)}/${record.request_id}`} className="code">
      {record.request_id}
    </Anchor>,
    <Instant at={record.start_time} />,
    seconds === undefined ? '–' : `${seconds} s`,
    record.approximate_invoke_count,
    record.error_message,
  ];
}

function RecordTable({ filter, count }: { readonly filter: InvocationFilter; readonly count: number }) {
  const pages = useRecordPages(filter);
  return (
    <TallTable
      label="Invocations"
      columns={columns}
      rowCount={count}
      cellsOf={(row) => {
        const record = pages.recordAt(row);
        return record === undefined ? undefined : cellsOf(filter.urn, record);
      }}
    />
  );
}

function FindRequest({ urn }: { readonly urn: string }) {
  const [requestId, setRequestId] = useState('');
  const [, navigate] = useLocation();
  function submit(event: FormEvent) {
    event.preventDefault();
    if (requestId.trim() !== '') navigate(`/invocations/${encodeURIComponent(urn)}/${encodeURIComponent(requestId.trim())}`);
  }
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="xs">
        <TextInput
          label="Request id"
          value={requestId}
          onChange={(event) => setRequestId(event.currentTarget.value)}
          w={330}
          maw="100%"
        />
        <Button type="submit" variant="default" disabled={urn === ''}>
          Open
        </Button>
      </Group>
    </form>
  );
}

/** The asynchronous invocations of a function, filtered by state and time. */
export default function InvocationsPage() {
  const functions = useFunctions();
  const [search, setSearch] = useSearchParams();
  const names = (functions.data ?? []).map(shortName);
  const filter: InvocationFilter = {
    urn: search.get('function') ?? names[0] ?? '',
    status: (search.get('status') ?? undefined) as Status | undefined,
    hours: Number(search.get('hours') ?? 1),
  };
  const newest = useNewestInvocations(filter);
  const change = (name: string, value: string | null) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (value === null) next.delete(name);
      else next.set(name, value);
      return next;
    });
  return (
    <>
      <PageHead title="Invocations">Asynchronous invocations, newest first. The list follows what happens.</PageHead>
      <Group align="flex-end" mb="lg">
        <Select
          label="Function"
          searchable
          allowDeselect={false}
          data={names}
          value={filter.urn === '' ? null : filter.urn}
          onChange={(urn) => change('function', urn)}
          w={240}
        />
        <Select
          label="State"
          placeholder="All"
          clearable
          data={statusChoices}
          value={filter.status ?? null}
          onChange={(status) => change('status', status)}
          w={150}
        />
        <Select
          label="Accepted"
          allowDeselect={false}
          data={periods}
          value={String(filter.hours)}
          onChange={(hours) => change('hours', hours)}
          w={140}
        />
        <FindRequest urn={filter.urn} />
      </Group>
      <Panel isFlush>
        <QueryView query={functions}>
          {() =>
            filter.urn === '' ? (
              <EmptyState title="No function yet">
                Create a{' '}
                <Anchor component={Link} href="/functions">
                  function
                </Anchor>{' '}
                first; its invocations stand here.
              </EmptyState>
            ) : (
              <QueryView query={newest}>
                {({ count }) =>
                  count === 0 ? (
                    <EmptyState title="Nothing here">
                      No invocation fits. Choose a longer time, or{' '}
                      <Anchor component={Link} href={`/functions/${encodeURIComponent(filter.urn)}/test`}>
                        call the function
                      </Anchor>
                      .
                    </EmptyState>
                  ) : (
                    <>
                      <p className="count" role="status">
                        {count.toLocaleString()} {count === 1 ? 'invocation' : 'invocations'}
                      </p>
                      <RecordTable key={JSON.stringify(filter)} filter={filter} count={count} />
                    </>
                  )
                }
              </QueryView>
            )
          }
        </QueryView>
      </Panel>
    </>
  );
}
