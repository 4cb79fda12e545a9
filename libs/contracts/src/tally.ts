import { type Condition, conditions } from './condition.ts';

const ends = Object.values(conditions).map(({ errorCode }) => `ended_${errorCode}` as const);

/**
 * Counts of the store for each function, in all and for each minute. They rise and fall with the
 * records, so each is the number that a scan of all records would find.
 *
 * - `accepted`: invocations, in the minute of their acceptance.
 * - `delayed`, `queued`, `running`: those not ended, in the minute of their acceptance. Delayed
 *   ones are in a delay topic; queued ones are due and wait for their turn.
 * - `due`: delayed ones, in the minute of their due time.
 * - `expiring`: those not ended, in the minute in which their validity period ends.
 * - `attempts`, `runs`, `run_ms`: of ended invocations, in the minute of the end. `runs` have a
 *   last attempt, and `run_ms` is how long these took together, in milliseconds.
 * - `starts`, `late_ms`: ended invocations whose last attempt had a due time, and how long after it
 *   these started together, in milliseconds.
 * - `notices_pending`, `notices_delivered`, `notices_undelivered`: deliveries, in the minute of the
 *   last report.
 * - `rejected`: records of `intake` that were refused, in the minute of the refusal.
 * - `ended_<error code>`: ended invocations by condition, in the minute of the end.
 */
export const tallySums = [
  'accepted',
  'delayed',
  'queued',
  'running',
  'due',
  'expiring',
  'attempts',
  'runs',
  'run_ms',
  'starts',
  'late_ms',
  'notices_pending',
  'notices_delivered',
  'notices_undelivered',
  'rejected',
  ...ends,
] as const;

/**
 * Extremes of ended invocations, in milliseconds. A second settlement of an invocation does not
 * take the extreme of the first one back.
 */
export const tallyExtremes = ['run_ms_min', 'run_ms_max', 'late_ms_max'] as const;

/** A count that the store keeps; see {@link tallySums}. */
export type TallySum = (typeof tallySums)[number];

/** Counts of one function or project, in all or of one minute. An extreme is null without runs. */
export type Tally = Readonly<Record<TallySum, number> & Record<(typeof tallyExtremes)[number], number | null>>;
/** Invocations that have ended, by what a {@link Tally} counts. */
export function endedOf(tally: Tally): number {
  return ends.reduce((sum, name) => sum + tally[name], 0);
}

/** Invocations that have not ended. */
export function inFlightOf({ delayed, queued, running }: Pick<Tally, 'delayed' | 'queued' | 'running'>): number {
  return delayed + queued + running;
}

/** Ended invocations by condition; conditions that did not occur are left out. */
export function endedByCondition(tally: Tally): Partial<Record<Condition, number>> {
  return Object.fromEntries(
    Object.entries(conditions).flatMap(([condition, { errorCode }]) => {
      const count = tally[`ended_${errorCode}`];
      return count === 0 ? [] : [[condition, count]];
    }),
  );
}
