import { Table } from '@mantine/core';
import { chartHeight, type ChartProps } from './chart-props.ts';
import { DataTable } from './data-table.tsx';
import { instantText, useZone } from './instant.tsx';
import { LoadedPart } from './loaded-part.tsx';

/** The chart library loads with the first chart. */
const lineChart = { name: 'line-chart', load: async () => import('./line-chart.tsx') };

/** Values over time as lines, and the same as a table for those who do not see them. */
export function Chart(props: ChartProps) {
  const { label, times, lines } = props;
  const { isUtc } = useZone();
  const text = (value: number | undefined) => (value ?? 0).toLocaleString(undefined, { maximumFractionDigits: 2 });
  return (
    <>
      <LoadedPart of={lineChart} props={props} meanwhile={<div style={{ height: chartHeight }} />} />
      <details className="chart-table">
        <summary>{label} as a table</summary>
        <DataTable label={label} headings={['Time', ...lines.map(({ name }) => name)]} minWidth={360}>
          {times.map((time, at) => (
            <Table.Tr key={time}>
              <Table.Td>{instantText(new Date(time), isUtc)}</Table.Td>
              {lines.map(({ name, values }) => (
                <Table.Td key={name}>{text(values[at])}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </DataTable>
      </details>
    </>
  );
}
