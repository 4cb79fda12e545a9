import { Text } from '@mantine/core';
import { Fragment } from 'react';
import { durationText } from '../ui/durations.ts';
import type { AttemptSchedule } from './queries.ts';

/** Further attempts are counted, not drawn. */
const lanesMax = 16;

/** The attempts as bars over time: from the earliest start to the latest, with the mean darker. */
export function Schedule({ of }: { readonly of: readonly AttemptSchedule[] }) {
  const shown = of.slice(0, lanesMax);
  const end = Math.max(0.001, ...shown.map(({ latest_in_seconds: latest }) => latest));
  const percent = (seconds: number) => `${(seconds / end) * 100}%`;
  return (
    <>
      <div className="lanes">
        {shown.map(({ attempt, started, succeeded, earliest_in_seconds: from, mean_in_seconds: mean, latest_in_seconds: to }) => (
          <Fragment key={attempt}>
            <div>Attempt {attempt}</div>
            <div className="lane" aria-hidden>
              <div style={{ left: percent(from), width: percent(to - from) }} />
              <div className="lane-mean" style={{ left: percent(mean) }} />
            </div>
            <div>
              {from === to ? durationText(mean) : `${durationText(from)} to ${durationText(to)}`} · {started.toLocaleString()}{' '}
              started, {succeeded.toLocaleString()} succeeded
            </div>
          </Fragment>
        ))}
      </div>
      {of.length > lanesMax && (
        <Text size="sm" mt="sm">
          {of.length - lanesMax} more attempts follow, the last after {durationText(of.at(-1)?.latest_in_seconds ?? 0)}.
        </Text>
      )}
    </>
  );
}
