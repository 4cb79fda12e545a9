import { type BacklogReport, endedOf, type FunctionTally, inFlightOf } from '#contracts';
import { forecast } from '#lifecycle';
import type { StatusStore } from './status-store.ts';
import { minuteMs, minuteOf } from './tally-changes.ts';

/** Whole minutes by which the present rate is judged. Lateness counts the running minute, too. */
const rateMinutes = 5;
/** No invocation is valid for longer. */
const validityMsMax = 25 * 3_600_000;

/** Reports what waits for one function, or for a whole project. */
export async function backlogReport(
  store: Pick<StatusStore, 'minutes' | 'oldestInFlight'>,
  project: string,
  { functionUrn, tally }: Pick<FunctionTally, 'functionUrn' | 'tally'>,
  now: number,
): Promise<BacklogReport> {
  const isIdle = inFlightOf(tally) <= 0;
  const from = minuteOf(now) - rateMinutes * minuteMs;
  // Periods that ended in the last day still count: their invocations expire at their next turn.
  const begin = isIdle ? from : now - validityMsMax;
  const end = now + (isIdle ? 1 : validityMsMax);
  const [minutes, oldestAt] = await Promise.all([
    store.minutes(project, [functionUrn], begin, end),
    isIdle ? undefined : store.oldestInFlight(project, [functionUrn]),
  ]);
  const recent = { accepted: 0, ended: 0, starts: 0, late_ms: 0, late_ms_max: null as number | null };
  for (const { minute, tally: counts } of minutes) {
    if (minute < from) continue;
    recent.starts += counts.starts;
    recent.late_ms += counts.late_ms;
    if (counts.late_ms_max !== null) recent.late_ms_max = Math.max(recent.late_ms_max ?? 0, counts.late_ms_max);
    if (minute >= minuteOf(now)) continue;
    recent.accepted += counts.accepted;
    recent.ended += endedOf(counts);
  }
  const expiring = minutes.flatMap(({ minute, tally: { expiring: count } }) =>
    count > 0 ? [{ inMs: minute - now, count }] : [],
  );
  const expected = forecast({ queued: tally.queued, expiring, endedPerMinute: recent.ended / rateMinutes });
  return { functionUrn, tally, recent, ...expected, ...(oldestAt === undefined ? {} : { oldestAt }) };
}
