/** Invocations that have not ended, by the end of their validity period. */
export interface Expiring {
  /** Milliseconds from now until the period ends; below 0 if it has ended. */
  readonly inMs: number;
  readonly count: number;
}

/** A backlog, and how fast it becomes less. */
export interface BacklogFacts {
  /** Invocations that are due and wait for their turn. */
  readonly queued: number;
  /** In the order of `inMs`. */
  readonly expiring: readonly Expiring[];
  /** Invocations that ended in the last minutes, for each minute. */
  readonly endedPerMinute: number;
}

/** The future of a backlog if invocations end as fast as in the last minutes. */
export interface Forecast {
  /** How long the queued ones take, in milliseconds; absent if something waits and nothing ends. */
  readonly drainMs?: number;
  /** How many queued invocations expire before their turn. */
  readonly atRisk: number;
}

const minuteMs = 60_000;

/**
 * Tells how long a backlog lasts, and how many of it expire first. It takes for granted that those
 * which expire first run first, so the true number may be higher.
 */
export function forecast({ queued, expiring, endedPerMinute }: BacklogFacts): Forecast {
  if (queued <= 0) return { drainMs: 0, atRisk: 0 };
  let inTime = 0;
  let seen = 0;
  for (const { inMs, count } of expiring) {
    seen += count;
    const done = Math.floor((Math.max(0, inMs) / minuteMs) * endedPerMinute);
    inTime = Math.min(seen, Math.max(inTime, Math.min(done, inTime + count)));
  }
  const atRisk = Math.min(queued, Math.max(0, seen - inTime));
  return endedPerMinute > 0 ? { drainMs: Math.round((queued / endedPerMinute) * minuteMs), atRisk } : { atRisk };
}
