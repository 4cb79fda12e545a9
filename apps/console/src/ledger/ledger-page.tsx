import { Table } from '@mantine/core';
import { nameOfUrn } from '../functions/function-name.ts';
import { DataTable } from '../ui/data-table.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Facts } from '../ui/facts.tsx';
import { MoreButton } from '../ui/more-button.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { CountFigures } from './count-figures.tsx';
import { type Counts, useLedger } from './queries.ts';
import { RejectedPanel } from './rejected-panel.tsx';
import { UnaccountedNotice } from './unaccounted.tsx';

const headings = ['Function', 'Accepted', 'Ended', 'Failed', 'In flight', 'Undelivered notices', 'Rejected'];

function failedOf({ settled, conditions }: Counts): number {
  return settled - (conditions['Success'] ?? 0);
}

/** Counts of all functions, and whether any accepted invocation is unaccounted for. */
export default function LedgerPage() {
  const query = useLedger();
  return (
    <>
      <PageHead title="Ledger">
        Accepted = ended + in flight, for each function and at any time. Counts include records that were removed meanwhile.
      </PageHead>
      <QueryView query={query}>
        {({ pages }) => {
          const [first] = pages;
          const functions = pages.flatMap((page) => page.functions);
          return (
            <>
              {first !== undefined && (
                <Panel title="Accounted for">
                  <UnaccountedNotice of={first.unaccounted} />
                </Panel>
              )}
              {first?.total !== undefined && (
                <>
                  <CountFigures of={first.total} label="All functions" />
                  <Panel title="Ended, by condition">
                    <Facts of={Object.entries(first.total.conditions).map(([name, count]) => [name, count.toLocaleString()])} />
                  </Panel>
                  <RejectedPanel all={first.total.rejected} ofNoFunction={first.no_function?.rejected} />
                </>
              )}
              <Panel title="Functions" isFlush>
                {functions.length === 0 ? (
                  <EmptyState title="No invocation yet">
                    <TextLink href="/functions">Call a function</TextLink> asynchronously; its counts stand here.
                  </EmptyState>
                ) : (
                  <DataTable label="Functions" headings={headings} minWidth={720}>
                    {functions.map((each) => (
                      <Table.Tr key={each.func_urn}>
                        <Table.Td>
                          <TextLink href={`/functions/${encodeURIComponent(nameOfUrn(each.func_urn))}/statistics`}>
                            {nameOfUrn(each.func_urn)}
                          </TextLink>
                        </Table.Td>
                        {[
                          each.accepted,
                          each.settled,
                          failedOf(each),
                          each.in_flight,
                          each.notices.undelivered,
                          each.rejected.total,
                        ].map((count, at) => (
                          <Table.Td key={headings[at + 1]}>{count.toLocaleString()}</Table.Td>
                        ))}
                      </Table.Tr>
                    ))}
                  </DataTable>
                )}
                <MoreButton label="Show more functions" of={query} />
              </Panel>
            </>
          );
        }}
      </QueryView>
    </>
  );
}
