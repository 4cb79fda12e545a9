import { useMemo } from 'react';
import { Chart } from '../ui/chart.tsx';
import { goodPerMinute, perMinute, type Series, timesOf } from './series.ts';

/** How many invocations ended well and badly, per minute. */
export function OutcomeChart({ of }: { readonly of: Series }) {
  const [times, lines] = useMemo(
    () => [
      timesOf(of),
      [
        { name: 'Succeeded', look: 'good', values: goodPerMinute(of) },
        { name: 'Failed', look: 'bad', values: perMinute(of, 'fail_count') },
      ] as const,
    ],
    [of],
  );
  return <Chart label="Ended invocations per minute" times={times} lines={lines} />;
}
