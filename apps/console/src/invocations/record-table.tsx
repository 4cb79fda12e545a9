import { Anchor } from '@mantine/core';
import { Link } from 'wouter';
import { EmptyState } from '../ui/empty-state.tsx';
import { Instant } from '../ui/instant.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { type Column, TallTable } from '../ui/tall-table.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { type InvocationFilter, type InvocationRecord, roughDuration, useNewestInvocations } from './queries.ts';
import { useRecordPages } from './record-pages.ts';
import { StatusMark } from './status-mark.tsx';

const columns: readonly Column[] = [
  { name: 'State', track: '7rem' },
  { name: 'Request', track: '20rem' },
  { name: 'Accepted', track: '13rem' },
  { name: 'Duration', track: '5rem' },
  { name: 'Attempts', track: '5rem' },
  { name: 'Error', track: 'minmax(8rem, 1fr)' },
];

function cellsOf(urn: string, record: InvocationRecord) {
  return [
    <StatusMark of={record.status} />,
    <Anchor component={Link} href={`/invocations/${encodeURIComponent(urn)}/${record.request_id}`} className="code">
      {record.request_id}
    </Anchor>,
    <Instant at={record.start_time} />,
    roughDuration(record),
    record.approximate_invoke_count,
    record.error_message,
  ];
}

function Rows({ filter, count }: { readonly filter: InvocationFilter; readonly count: number }) {
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

/** The invocations of one function, in a table of any length. */
export function RecordTable({ filter }: { readonly filter: InvocationFilter }) {
  const newest = useNewestInvocations(filter);
  return (
    <QueryView query={newest}>
      {({ count }) =>
        count === 0 ? (
          <EmptyState title="Nothing here">
            No invocation fits. Choose a longer time, or{' '}
            <TextLink href={`/functions/${encodeURIComponent(filter.urn)}/test`}>call the function</TextLink>.
          </EmptyState>
        ) : (
          <>
            <p className="count" role="status">
              {count.toLocaleString()} {count === 1 ? 'invocation' : 'invocations'}
            </p>
            <Rows filter={filter} count={count} />
          </>
        )
      }
    </QueryView>
  );
}
