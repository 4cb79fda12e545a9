/** The invocations in flight of one version of a function. */
export interface Backlog {
  readonly func_urn: string;
  /** Wait in a delay topic, for a retry or for the time that the caller chose. */
  readonly delayed: number;
  /** Are due, and wait for an executor. */
  readonly queued: number;
  readonly running: number;
  readonly oldest_age_seconds: number;
  readonly accepted_per_minute: number;
  readonly ended_per_minute: number;
  /** Absent if something waits and nothing ends. */
  readonly drain_seconds?: number;
  readonly at_risk: number;
  readonly lateness: { readonly average_ms: number; readonly max_ms: number };
}

/** The invocations in flight of all functions. */
export interface Totals {
  readonly delayed: number;
  readonly queued: number;
  readonly running: number;
  readonly acceptedPerMinute: number;
  readonly endedPerMinute: number;
  readonly oldestSeconds: number;
  readonly atRisk: number;
  /** Seconds until the last function has no queue; Infinity if one of them drains nothing. */
  readonly drainSeconds: number;
  /** The worst lateness, in milliseconds. */
  readonly latenessMsMax: number;
}

/** Adds the backlogs of functions. */
export function totalsOf(backlogs: readonly Backlog[]): Totals {
  const sum = (value: (backlog: Backlog) => number) => backlogs.reduce((total, each) => total + value(each), 0);
  const most = (value: (backlog: Backlog) => number) => backlogs.reduce((found, each) => Math.max(found, value(each)), 0);
  return {
    delayed: sum(({ delayed }) => delayed),
    queued: sum(({ queued }) => queued),
    running: sum(({ running }) => running),
    acceptedPerMinute: sum(({ accepted_per_minute: rate }) => rate),
    endedPerMinute: sum(({ ended_per_minute: rate }) => rate),
    oldestSeconds: most(({ oldest_age_seconds: age }) => age),
    atRisk: sum(({ at_risk: atRisk }) => atRisk),
    drainSeconds: most(drainSecondsOf),
    latenessMsMax: most(({ lateness }) => lateness.max_ms),
  };
}

/** Seconds until a function has no queue; Infinity if something waits and nothing ends. */
export function drainSecondsOf({ queued, drain_seconds: seconds }: Backlog): number {
  return queued === 0 ? 0 : (seconds ?? Infinity);
}

/** The functions for which something waits or runs: the longest queue first. */
export function busiest(backlogs: readonly Backlog[], max: number): readonly Backlog[] {
  const inFlight = ({ delayed, queued, running }: Backlog) => delayed + queued + running;
  return backlogs
    .filter((backlog) => inFlight(backlog) > 0)
    .toSorted((one, other) => other.at_risk - one.at_risk || other.queued - one.queued || inFlight(other) - inFlight(one))
    .slice(0, max);
}

/** The backlogs of all versions of a function. */
export function backlogsOf(backlogs: readonly Backlog[], functionUrn: string): readonly Backlog[] {
  const bare = functionUrn.split(':').slice(0, 7).join(':');
  return backlogs.filter(({ func_urn: urn }) => urn === bare || urn.startsWith(`${bare}:`));
}
