import { SegmentedControl } from '@mantine/core';
import { useMemo, useState } from 'react';
import { CountFigures } from '../ledger/count-figures.tsx';
import { useFunctionLedger } from '../ledger/queries.ts';
import { UnaccountedNotice } from '../ledger/unaccounted.tsx';
import { Chart } from '../ui/chart.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { BacklogTable } from './backlog-table.tsx';
import { OutcomeChart } from './outcome-chart.tsx';
import { useBacklogs, useFunctionSeries } from './queries.ts';
import { type Series, sumOf, timesOf } from './series.ts';
import { backlogsOf } from './totals.ts';

const periods = [
  { value: '60', label: 'Hour' },
  { value: '1440', label: 'Day' },
  { value: '10080', label: 'Week' },
];

function DurationChart({ of }: { readonly of: Series }) {
  const [times, lines] = useMemo(() => {
    const values = (list: 'duration' | 'max_duration') => of[list].map(({ value }) => value);
    return [
      timesOf(of),
      [
        { name: 'Average', look: 'plain', values: values('duration') },
        { name: 'Longest', look: 'bad', values: values('max_duration') },
      ] as const,
    ];
  }, [of]);
  return <Chart label="Duration of the last attempt, in milliseconds" times={times} lines={lines} />;
}

/** The past and the present of the asynchronous invocations of a function. */
export function StatisticsTab({ urn, functionUrn }: { readonly urn: string; readonly functionUrn: string }) {
  const [period, setPeriod] = useState('60');
  const series = useFunctionSeries(urn, Number(period));
  const ledger = useFunctionLedger(urn);
  const backlogs = useBacklogs();
  const choice = <SegmentedControl size="xs" aria-label="Period" data={periods} value={period} onChange={setPeriod} />;
  return (
    <>
      <QueryView query={ledger}>
        {({ unaccounted, ...counts }) => (
          <>
            <CountFigures of={counts} label="Counts of this function" />
            {unaccounted.count > 0 && <UnaccountedNotice of={unaccounted} />}
          </>
        )}
      </QueryView>
      <QueryView query={backlogs}>
        {(all) =>
          backlogsOf(all, functionUrn).length > 0 && (
            <Panel title="Now" isFlush>
              <BacklogTable of={backlogsOf(all, functionUrn)} />
            </Panel>
          )
        }
      </QueryView>
      <Panel title="Ended per minute" actions={choice}>
        <QueryView query={series}>
          {(data) =>
            sumOf(data, 'count') === 0 ? (
              <EmptyState title="Nothing ended in this time">
                Choose a longer time, or{' '}
                <TextLink href={`/functions/${encodeURIComponent(urn)}/test`}>call the function</TextLink> asynchronously.
              </EmptyState>
            ) : (
              <OutcomeChart of={data} />
            )
          }
        </QueryView>
      </Panel>
      {series.data !== undefined && sumOf(series.data, 'count') > 0 && (
        <Panel title="Duration of the last attempt (ms)">
          <DurationChart of={series.data} />
        </Panel>
      )}
    </>
  );
}
