import { useMemo } from 'react';
import { Chart } from '../ui/chart.tsx';
import { goodPerMinute, perMinute, type Series, sumOf, timesOf } from './series.ts';

/** How many invocations ended well, badly or by a cancellation, per minute. */
export function OutcomeChart({ of }: { readonly of: Series }) {
  const [times, lines] = useMemo(
    () => [
      timesOf(of),
      [
        { name: 'Succeeded', look: 'good', values: goodPerMinute(of) },
        { name: 'Failed', look: 'bad', values: perMinute(of, 'fail_count') },
        // A line along the bottom would hide the others.
        ...(sumOf(of, 'cancel_count') > 0
          ? [{ name: 'Cancelled', look: 'plain', values: perMinute(of, 'cancel_count') } as const]
          : []),
      ] as const,
    ],
    [of],
  );
  return <Chart label="Ended invocations per minute" times={times} lines={lines} />;
}
