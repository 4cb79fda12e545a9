import { Table } from '@mantine/core';
import { bareNameOfUrn, nameOfUrn } from '../functions/function-name.ts';
import { DataTable } from '../ui/data-table.tsx';
import { durationText, exactText, rateText } from '../ui/durations.ts';
import { TextLink } from '../ui/text-link.tsx';
import { type Backlog, drainSecondsOf } from './totals.ts';

const headings = [
  'Function',
  'Delayed',
  'Queued',
  'Running',
  'Oldest',
  'Ended per min',
  'Drained in',
  'Late, average',
  'Late, most',
  'At risk',
];

/** Functions and what waits for them. */
export function BacklogTable({ of }: { readonly of: readonly Backlog[] }) {
  return (
    <DataTable label="Backlog by function" headings={headings} minWidth={920}>
      {of.map((backlog) => (
        <Table.Tr key={backlog.func_urn}>
          <Table.Td style={{ whiteSpace: 'nowrap' }}>
            <TextLink href={`/functions/${encodeURIComponent(bareNameOfUrn(backlog.func_urn))}/statistics`}>
              {nameOfUrn(backlog.func_urn)}
            </TextLink>
          </Table.Td>
          <Table.Td>{backlog.delayed.toLocaleString()}</Table.Td>
          <Table.Td>{backlog.queued.toLocaleString()}</Table.Td>
          <Table.Td>{backlog.running.toLocaleString()}</Table.Td>
          <Table.Td>{durationText(backlog.oldest_age_seconds)}</Table.Td>
          <Table.Td>{rateText(backlog.ended_per_minute)}</Table.Td>
          <Table.Td>{durationText(drainSecondsOf(backlog))}</Table.Td>
          <Table.Td style={{ whiteSpace: 'nowrap' }}>{exactText(backlog.lateness.average_ms / 1_000)}</Table.Td>
          <Table.Td style={{ whiteSpace: 'nowrap' }}>{exactText(backlog.lateness.max_ms / 1_000)}</Table.Td>
          <Table.Td>{backlog.at_risk.toLocaleString()}</Table.Td>
        </Table.Tr>
      ))}
    </DataTable>
  );
}
