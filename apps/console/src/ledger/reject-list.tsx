import { Table } from '@mantine/core';
import { nameOfUrn } from '../functions/function-name.ts';
import { DataTable } from '../ui/data-table.tsx';
import { Instant } from '../ui/instant.tsx';
import { MoreButton } from '../ui/more-button.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { type Reject, useRejects } from './queries.ts';

function RejectRow({ of }: { readonly of: Reject }) {
  return (
    <Table.Tr>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Instant at={of.rejected_time} />
      </Table.Td>
      <Table.Td>{of.function_urn === '' ? '–' : nameOfUrn(of.function_urn)}</Table.Td>
      <Table.Td className="code" style={{ whiteSpace: 'nowrap' }}>
        {of.code}
      </Table.Td>
      <Table.Td className="code">{of.reason}</Table.Td>
      <Table.Td className="code" style={{ whiteSpace: 'nowrap' }}>
        {of.partition} / {of.offset}
      </Table.Td>
    </Table.Tr>
  );
}

/** Refused records of the Kafka door, the newest first. */
export function RejectList() {
  const query = useRejects();
  return (
    <QueryView query={query}>
      {({ pages }) => {
        const rejects = pages.flatMap((page) => page.rejects);
        return (
          <>
            <DataTable
              label="Rejected records"
              headings={['Rejected', 'Function', 'Code', 'Reason', 'Partition / offset in intake']}
              minWidth={900}
            >
              {rejects.map((reject) => (
                <RejectRow key={`${reject.reject_partition} ${reject.reject_offset}`} of={reject} />
              ))}
            </DataTable>
            <MoreButton label="Show older rejected records" of={query} />
          </>
        );
      }}
    </QueryView>
  );
}
