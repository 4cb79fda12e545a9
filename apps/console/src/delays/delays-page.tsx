import { Group, Select, Table } from '@mantine/core';
import { useSearchParams } from 'wouter';
import { FunctionSelect } from '../functions/function-select.tsx';
import { Bars } from '../ui/bars.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Facts } from '../ui/facts.tsx';
import { Instant, instantOf, instantText, useZone } from '../ui/instant.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { type DueTimes, useDueTimes } from './queries.ts';

const periods = [
  { value: '60', label: 'Next hour' },
  { value: '360', label: 'Next 6 hours' },
  { value: '1440', label: 'Next day' },
];

function Histogram({ spans }: Pick<DueTimes, 'spans'>) {
  const { isUtc } = useZone();
  const bars = spans.map(({ from_time: from, count }) => ({ label: instantText(instantOf(from), isUtc), value: count }));
  return (
    <Bars
      label="Invocations by due time. The table below has the numbers."
      bars={bars}
      begin={<Instant at={spans[0]?.from_time} />}
      end={<Instant at={spans.at(-1)?.to_time} />}
    />
  );
}

function Spans({ spans }: Pick<DueTimes, 'spans'>) {
  return (
    <DataTable label="Invocations by due time" headings={['Due from', 'Due before', 'Invocations']} minWidth={480}>
      {spans
        .filter(({ count }) => count > 0)
        .map(({ from_time: from, to_time: to, count }) => (
          <Table.Tr key={from}>
            <Table.Td>
              <Instant at={from} />
            </Table.Td>
            <Table.Td>
              <Instant at={to} />
            </Table.Td>
            <Table.Td>{count.toLocaleString()}</Table.Td>
          </Table.Tr>
        ))}
    </DataTable>
  );
}

function DueTimesView({ of: { overdue, later, spans } }: { readonly of: DueTimes }) {
  const within = spans.reduce((sum, { count }) => sum + count, 0);
  if (overdue + later + within === 0)
    return (
      <Panel>
        <EmptyState title="Nothing waits for its time">
          Retries stand here, and calls with the header <span className="code">X-Sendoff-Delay-Seconds</span>.{' '}
          <TextLink href="/functions">Call a function</TextLink> with a delay in its tab “Test” to see one.
        </EmptyState>
      </Panel>
    );
  return (
    <>
      <Panel title="Due times">
        <Histogram spans={spans} />
      </Panel>
      <Panel title="Counts">
        <Facts
          of={[
            ['Overdue', overdue.toLocaleString()],
            ['Within the period', within.toLocaleString()],
            ['Later', later.toLocaleString()],
          ]}
        />
      </Panel>
      {within > 0 && (
        <Panel title="By time" isFlush>
          <Spans spans={spans} />
        </Panel>
      )}
    </>
  );
}

/** When delayed invocations are due. */
export default function DelaysPage() {
  const [search, setSearch] = useSearchParams();
  const urn = search.get('function') ?? '';
  const period = periods.find(({ value }) => value === search.get('period'))?.value ?? '60';
  const query = useDueTimes(urn, Number(period));
  const change = (name: string, value: string | null) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (value === null || value === '') next.delete(name);
      else next.set(name, value);
      return next;
    });
  return (
    <>
      <PageHead title="Delays">Invocations that wait for their time: retries, and calls with a delay.</PageHead>
      <Group align="flex-end" mb="lg">
        <FunctionSelect clearLabel="Show all functions" value={urn} onChange={(name) => change('function', name)} />
        <Select
          label="Period"
          allowDeselect={false}
          data={periods}
          value={period}
          onChange={(next) => change('period', next)}
          w={150}
        />
      </Group>
      <QueryView query={query}>{(dueTimes) => <DueTimesView of={dueTimes} />}</QueryView>
    </>
  );
}
