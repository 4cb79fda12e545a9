import { Table, Text } from '@mantine/core';
import { nameOfUrn } from '../functions/function-name.ts';
import { DataTable } from '../ui/data-table.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Instant } from '../ui/instant.tsx';
import { MoreButton } from '../ui/more-button.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { type Search, useSearch } from './search.ts';
import { StatusMark } from './status-mark.tsx';

/** Invocations of all functions, or those that a search finds. */
export function SearchResults({ of: search }: { readonly of: Search }) {
  const query = useSearch(search);
  const until = query.data?.pages.at(-1)?.searched_until ?? '';
  return (
    <QueryView query={query}>
      {({ pages }) => {
        const found = pages.flatMap(({ invocations }) => invocations);
        return (
          <>
            {found.length === 0 ? (
              <EmptyState title={query.hasNextPage ? 'Nothing found so far' : 'Nothing found'}>
                {query.hasNextPage
                  ? 'The search looks at a bounded number of records at once. Search on for older ones.'
                  : 'Choose a longer time or all states, or change the text.'}
              </EmptyState>
            ) : (
              <DataTable
                label="Found invocations"
                headings={['State', 'Function', 'Request', 'Accepted', 'Error']}
                minWidth={860}
              >
                {found.map(({ request_id: requestId, function_urn: urn, status, start_time: start, error_message: error }) => (
                  <Table.Tr key={requestId}>
                    <Table.Td>
                      <StatusMark of={status} />
                    </Table.Td>
                    <Table.Td style={{ whiteSpace: 'nowrap' }}>{nameOfUrn(urn)}</Table.Td>
                    <Table.Td style={{ whiteSpace: 'nowrap' }}>
                      <TextLink href={`/invocations/${encodeURIComponent(urn)}/${requestId}`}>
                        <span className="code">{requestId}</span>
                      </TextLink>
                    </Table.Td>
                    <Table.Td style={{ whiteSpace: 'nowrap' }}>
                      <Instant at={start} />
                    </Table.Td>
                    <Table.Td>
                      <Text size="sm" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
                        {error}
                      </Text>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </DataTable>
            )}
            {until !== '' && (
              <Text size="sm" c="dimmed" ta="center" pt="md" role="status">
                Searched back to <Instant at={until} />
              </Text>
            )}
            <MoreButton label="Search on" of={query} />
          </>
        );
      }}
    </QueryView>
  );
}
