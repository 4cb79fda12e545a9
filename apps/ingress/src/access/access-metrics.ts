import { Counter, type Registry as Metrics } from 'prom-client';

/** Counts callers that the door refused, by the error code of the answer. */
export function countTurnedAway(metrics: Metrics): (code: string) => void {
  const turnedAway = new Counter({
    name: 'sendoff_callers_turned_away_total',
    help: 'Requests refused for missing or wrong credentials, or a missing right, by error code.',
    labelNames: ['code'],
    registers: [metrics],
  });
  return (code) => turnedAway.inc({ code });
}
