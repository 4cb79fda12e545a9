import { Alert } from '@mantine/core';
import { Bars } from '../ui/bars.tsx';
import { durationText } from '../ui/durations.ts';
import { Facts } from '../ui/facts.tsx';
import { Panel } from '../ui/panel.tsx';
import type { Simulation } from './queries.ts';
import { Schedule } from './schedule.tsx';

function share(count: number, of: number): string {
  const percent = of === 0 ? 0 : (100 * count) / of;
  return `${count.toLocaleString()} (${Number(percent.toFixed(1))} %)`;
}

/** The result of a simulation. */
export function SimulationView({ of }: { readonly of: Simulation }) {
  const { model, load, end_in_seconds: end } = of;
  return (
    <>
      {!of.is_complete && (
        <Alert color="yellow" mb="lg" title="The simulation stopped at 100,000 attempts">
          Ask for fewer invocations.
        </Alert>
      )}
      {of.records !== undefined && (
        <Alert mb="lg" title="A replay of records">
          {of.records.words.join(' ')}
        </Alert>
      )}
      <Panel title="Result">
        <Facts
          of={[
            ['Invocations', model.invocations.toLocaleString()],
            ['Succeed', share(of.succeeded, model.invocations)],
            ...Object.entries(of.conditions).map(([condition, count]) => [condition, share(count, model.invocations)] as const),
            ['Attempts', of.attempts.toLocaleString()],
            ['Attempts that fail', `${Number((model.failure_share * 100).toFixed(1))} %`],
            ['Over after', durationText(end)],
          ]}
        />
      </Panel>
      <Panel title="Attempts after the acceptance">
        <Schedule of={of.schedule} />
      </Panel>
      <Panel title={`Load: attempts in each ${durationText(load.interval_in_seconds)}`}>
        <Bars
          label={`Attempts over time. The most in ${durationText(load.interval_in_seconds)} are ${Math.max(0, ...load.attempts)}.`}
          bars={load.attempts.map((value, at) => ({ label: `after ${durationText(at * load.interval_in_seconds)}`, value }))}
          begin="first arrival"
          end={durationText(load.attempts.length * load.interval_in_seconds)}
        />
      </Panel>
    </>
  );
}
