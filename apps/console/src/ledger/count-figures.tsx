import { Figure, Figures } from '../ui/figure.tsx';
import type { Counts } from './queries.ts';

/** The sums of a ledger. They obey `accepted = ended + in flight`. */
export function CountFigures({ of, label }: { readonly of: Counts; readonly label: string }) {
  const { undelivered, pending } = of.notices;
  return (
    <Figures label={label}>
      <Figure label="Accepted" value={of.accepted.toLocaleString()} />
      <Figure label="Ended" value={of.settled.toLocaleString()} />
      <Figure
        label="In flight"
        value={of.in_flight.toLocaleString()}
        note={`${of.delayed.toLocaleString()} delayed, ${of.queued.toLocaleString()} queued, ${of.running.toLocaleString()} running`}
      />
      <Figure
        label="Undelivered notices"
        value={undelivered.toLocaleString()}
        note={`${pending.toLocaleString()} pending`}
        look={undelivered === 0 ? 'plain' : 'bad'}
        href="/notices?state=undelivered"
      />
      <Figure
        label="Rejected records"
        value={of.rejected.total.toLocaleString()}
        note="of the topic intake"
        look={of.rejected.total === 0 ? 'plain' : 'bad'}
      />
    </Figures>
  );
}
