import { Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useFunctions } from '../functions/queries.ts';
import type { Transition } from '../live/follow-events.ts';
import { LiveMark } from '../live/live-mark.tsx';
import { useLive } from '../live/use-live.ts';
import { BacklogTable } from '../statistics/backlog-table.tsx';
import { OutcomeChart } from '../statistics/outcome-chart.tsx';
import { useBacklogs, useProjectSeries } from '../statistics/queries.ts';
import { busiest, totalsOf } from '../statistics/totals.ts';
import { EmptyState } from '../ui/empty-state.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { LiveList } from './live-list.tsx';
import { NewestFailures } from './newest-failures.tsx';
import { OverviewFigures } from './overview-figures.tsx';

const periodMinutes = 60;
const functionsShown = 8;
const changesShown = 12;

/** Begins a project that has no function yet. */
function FirstSteps() {
  return (
    <Panel>
      <EmptyState title="Begin with a function">
        <TextLink href="/functions">Create a function</TextLink>, then call it in its tab “Test”. Its rates, failures and backlog
        stand here from then on.
      </EmptyState>
    </Panel>
  );
}

/** Gathers the changes while the page is open. Numbers are asked for anew with each change. */
function useChanges() {
  const queries = useQueryClient();
  const [changes, setChanges] = useState<readonly Transition[]>([]);
  const state = useLive({}, (gathered) => {
    setChanges((before) => [...gathered.toReversed(), ...before].slice(0, changesShown));
    for (const name of ['backlogs', 'failures']) void queries.invalidateQueries({ queryKey: [name] });
  });
  return { changes, state };
}

/** The whole installation at a glance, live. */
export default function OverviewPage() {
  const functions = useFunctions();
  const backlogs = useBacklogs();
  const series = useProjectSeries(periodMinutes);
  const { changes, state } = useChanges();
  return (
    <>
      <PageHead title="Overview" actions={<LiveMark of={state} />}>
        Asynchronous invocations of all functions that your key may see.
      </PageHead>
      {functions.data?.length === 0 && <FirstSteps />}
      <QueryView query={backlogs}>
        {(all) => (
          <>
            <OverviewFigures of={totalsOf(all)} period={periodMinutes} />
            <Panel title="Last hour, ended per minute">
              <QueryView query={series}>{(data) => <OutcomeChart of={data} />}</QueryView>
            </Panel>
            <Panel title="In flight, by function" isFlush>
              {busiest(all, functionsShown).length === 0 ? (
                <Text c="dimmed" px="lg" pb="md">
                  Nothing waits and nothing runs.
                </Text>
              ) : (
                <BacklogTable of={busiest(all, functionsShown)} />
              )}
            </Panel>
          </>
        )}
      </QueryView>
      <Panel title="Newest failures" isFlush>
        <NewestFailures />
      </Panel>
      <Panel title="As it happens" isFlush>
        <LiveList of={changes} />
      </Panel>
    </>
  );
}
