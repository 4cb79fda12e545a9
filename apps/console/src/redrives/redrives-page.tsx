import { Table, Text } from '@mantine/core';
import { useSearchParams } from 'wouter';
import { DataTable } from '../ui/data-table.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Instant } from '../ui/instant.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { type Redrive, useRedrives } from './queries.ts';
import { RedriveAct, redriveColours, RedriveCounts, RedriveSelection } from './redrive-parts.tsx';
import type { Selection } from './selection.ts';
import { StartRedrive } from './start-redrive.tsx';

function RedriveRow({ of }: { readonly of: Redrive }) {
  return (
    <Table.Tr>
      <Table.Td>
        <span className={`state state-${redriveColours[of.state] ?? 'waiting'}`}>{of.state}</span>
        {of.reason !== undefined && (
          <Text size="xs" c="dimmed">
            {of.reason}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <RedriveSelection of={of} />
      </Table.Td>
      <Table.Td miw={220}>
        <RedriveCounts of={of} />
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <TextLink href={`/redrives/${of.id}`}>
          <Instant at={of.created_time} />
        </TextLink>
        <Text size="xs" c="dimmed" className="code">
          {of.created_by}
        </Text>
      </Table.Td>
      <Table.Td>
        <RedriveAct of={of} />
      </Table.Td>
    </Table.Tr>
  );
}

/** The selection that an address names. */
function selectionIn(address: URLSearchParams): Partial<Selection> {
  const text = (name: string) => address.get(name) ?? '';
  return {
    of: text('of') === 'undelivered' ? 'undelivered' : 'failed',
    function: text('function'),
    status: text('status'),
    errorText: text('error'),
    target: text('target'),
    from: text('from'),
    to: text('to'),
  };
}

/** Starts failed invocations and undelivered notices again, and shows how far that is. */
export default function RedrivesPage() {
  const query = useRedrives();
  const [search] = useSearchParams();
  return (
    <>
      <PageHead title="Redrives">Failed invocations and undelivered notices, started again.</PageHead>
      <StartRedrive key={search.toString()} initial={selectionIn(search)} />
      <Panel title="Redrives" isFlush>
        <QueryView query={query}>
          {(redrives) =>
            redrives.length === 0 ? (
              <EmptyState title="Nothing was started again yet">
                Look at the <TextLink href="/invocations?status=FAIL">failed invocations</TextLink>, and mend their cause first.
                Then choose above what to start again, and count it.
              </EmptyState>
            ) : (
              <DataTable label="Redrives" headings={['State', 'Selection', 'Progress', 'Started', 'Act']} minWidth={860}>
                {redrives.map((redrive) => (
                  <RedriveRow key={redrive.id} of={redrive} />
                ))}
              </DataTable>
            )
          }
        </QueryView>
      </Panel>
    </>
  );
}
