import { Table, Text } from '@mantine/core';
import { nameOfUrn } from '../functions/function-name.ts';
import { RequestLink } from '../invocations/request-link.tsx';
import { StatusMark } from '../invocations/status-mark.tsx';
import type { Status } from '../invocations/queries.ts';
import type { Transition } from '../live/follow-events.ts';
import { DataTable } from '../ui/data-table.tsx';
import { Instant } from '../ui/instant.tsx';

/** Changes of invocations while the page is open, the newest first. */
export function LiveList({ of }: { readonly of: readonly Transition[] }) {
  if (of.length === 0)
    return (
      <Text c="dimmed" px="lg" pb="md">
        Nothing has happened since this page was opened.
      </Text>
    );
  return (
    <DataTable label="Changes of invocations" headings={['Time', 'Function', 'State', 'Request']} minWidth={560}>
      {of.map(({ request_id: requestId, function_urn: urn, status, time, kind }, at) => (
        <Table.Tr key={`${requestId} ${time} ${kind} ${at}`}>
          <Table.Td style={{ whiteSpace: 'nowrap' }}>
            <Instant at={time} />
          </Table.Td>
          <Table.Td>{nameOfUrn(urn)}</Table.Td>
          <Table.Td>
            <StatusMark of={status as Status} />
          </Table.Td>
          <Table.Td>
            <RequestLink urn={urn} requestId={requestId} />
          </Table.Td>
        </Table.Tr>
      ))}
    </DataTable>
  );
}
