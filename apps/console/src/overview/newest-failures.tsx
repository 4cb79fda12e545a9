import { Table, Text } from '@mantine/core';
import { nameOfUrn } from '../functions/function-name.ts';
import { RequestLink } from '../invocations/request-link.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { Instant } from '../ui/instant.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { useNewestFailures } from './queries.ts';

const failuresShown = 5;

/** The newest invocations that failed for good, with a link to the reason of each. */
export function NewestFailures() {
  const query = useNewestFailures(failuresShown);
  return (
    <QueryView query={query}>
      {(failures) =>
        failures.length === 0 ? (
          <Text c="dimmed" px="lg" pb="md">
            Nothing failed.
          </Text>
        ) : (
          <DataTable label="Newest failures" headings={['Function', 'Ended', 'Error', 'Request']} minWidth={640}>
            {failures.map(({ request_id: requestId, function_urn: urn, end_time: end, error_message: error }) => (
              <Table.Tr key={requestId}>
                <Table.Td>{nameOfUrn(urn)}</Table.Td>
                <Table.Td style={{ whiteSpace: 'nowrap' }}>
                  <Instant at={end} />
                </Table.Td>
                <Table.Td>
                  <Text size="sm" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
                    {error}
                  </Text>
                </Table.Td>
                <Table.Td style={{ whiteSpace: 'nowrap' }}>
                  <RequestLink urn={urn} requestId={requestId} />
                </Table.Td>
              </Table.Tr>
            ))}
          </DataTable>
        )
      }
    </QueryView>
  );
}
