import { useLedger } from '../ledger/queries.ts';
import { useProjectSeries } from '../statistics/queries.ts';
import { recentFailuresPerMinute } from '../statistics/series.ts';
import type { Totals } from '../statistics/totals.ts';
import { durationText, rateText } from '../ui/durations.ts';
import { Figure, type FigureLook, Figures } from '../ui/figure.tsx';
import { useTargetsDown } from './queries.ts';

const unknown = '–';
const lookOf = (count: number | undefined): FigureLook => (count === undefined || count === 0 ? 'plain' : 'bad');

/** The state of the installation in numbers. A number that is not known yet is a dash. */
export function OverviewFigures({ of: totals, period }: { readonly of: Totals; readonly period: number }) {
  const series = useProjectSeries(period).data;
  const unaccounted = useLedger().data?.pages[0]?.unaccounted;
  const targets = useTargetsDown().data;
  const failures = series === undefined ? undefined : recentFailuresPerMinute(series);
  const lost = unaccounted?.is_proven === true ? unaccounted.count : undefined;
  const down = targets?.down;
  return (
    <Figures label="State of the installation">
      <Figure label="Accepted per minute" value={rateText(totals.acceptedPerMinute)} note="last 5 minutes" />
      <Figure label="Ended per minute" value={rateText(totals.endedPerMinute)} note="last 5 minutes" />
      <Figure
        label="Failed per minute"
        value={failures === undefined ? unknown : rateText(failures)}
        note="last 5 minutes"
        look={lookOf(failures)}
        href="/invocations?function=&status=FAIL&hours=1"
      />
      <Figure
        label="Queued"
        value={totals.queued.toLocaleString()}
        note={`${totals.running.toLocaleString()} running, ${totals.delayed.toLocaleString()} delayed`}
      />
      <Figure label="Oldest in flight" value={durationText(totals.oldestSeconds)} />
      <Figure
        label="Queue drained in"
        value={durationText(totals.drainSeconds)}
        note="at the present rate"
        look={totals.drainSeconds === Infinity ? 'bad' : 'plain'}
      />
      <Figure label="At risk of expiring" value={totals.atRisk.toLocaleString()} look={lookOf(totals.atRisk)} />
      <Figure
        label="Targets down"
        value={down === undefined ? unknown : down.toLocaleString()}
        note={targets === null ? 'needs a key for all functions' : targets?.isMore === true ? 'of the first 100' : undefined}
        look={lookOf(down)}
        href="/targets"
      />
      <Figure
        label="Unaccounted"
        value={lost === undefined ? unknown : lost.toLocaleString()}
        note={lost === undefined ? 'not checked yet' : 'by the ledger'}
        look={lookOf(lost)}
        href="/ledger"
      />
    </Figures>
  );
}
