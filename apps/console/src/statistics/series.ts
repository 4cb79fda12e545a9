/** A value of a minute, or of several in a long period. */
interface Point {
  /** The begin of it, in milliseconds since 1970. */
  readonly timestamp: number;
  readonly value: number;
}

/** Statistics of a period, one point after the other. */
export type Series = Readonly<
  Record<
    'count' | 'duration' | 'fail_count' | 'cancel_count' | 'max_duration' | 'min_duration' | 'reject_count',
    readonly Point[]
  >
>;

/** The begins of all points. */
export function timesOf({ count }: Series): readonly number[] {
  return count.map(({ timestamp }) => timestamp);
}

/** Minutes that each point of a series covers. */
export function stepMinutesOf(series: Series): number {
  const [first, second] = timesOf(series);
  return first === undefined || second === undefined ? 1 : Math.max(1, (second - first) / 60_000);
}

/** The values of a list, each per minute. */
export function perMinute(series: Series, list: 'count' | 'fail_count' | 'cancel_count'): readonly number[] {
  const step = stepMinutesOf(series);
  return series[list].map(({ value }) => value / step);
}

/** The ends that were neither failures nor cancelled, each per minute. */
export function goodPerMinute(series: Series): readonly number[] {
  const failed = perMinute(series, 'fail_count');
  const canceled = perMinute(series, 'cancel_count');
  return perMinute(series, 'count').map((value, at) => value - (failed[at] ?? 0) - (canceled[at] ?? 0));
}

/** The sum of a list over the whole period. */
export function sumOf(series: Series, list: 'count' | 'fail_count' | 'cancel_count'): number {
  return series[list].reduce((sum, { value }) => sum + value, 0);
}

/** Failures per minute in the last whole minutes. The point of now is not whole yet. */
export function recentFailuresPerMinute({ fail_count: points }: Series, minutes = 5): number {
  const whole = points.slice(0, -1).slice(-minutes);
  return whole.length === 0 ? 0 : whole.reduce((sum, { value }) => sum + value, 0) / whole.length;
}
