import { describe, expect, it } from 'vitest';
import { goodPerMinute, recentFailuresPerMinute, type Series, stepMinutesOf, sumOf } from './series.ts';

function aSeries(count: readonly number[], failed: readonly number[], stepMinutes = 1, canceled: readonly number[] = []): Series {
  const points = (values: readonly number[]) => values.map((value, at) => ({ timestamp: at * stepMinutes * 60_000, value }));
  const none = points(count.map(() => 0));
  return {
    count: points(count),
    fail_count: points(failed),
    cancel_count: points(canceled),
    duration: none,
    max_duration: none,
    min_duration: none,
    reject_count: none,
  };
}

describe('series', () => {
  it('shows values per minute, however many minutes a point covers', () => {
    const series = aSeries([24, 48], [12, 0], 24);
    expect(stepMinutesOf(series)).toBe(24);
    expect(goodPerMinute(series)).toEqual([0.5, 2]);
    expect(sumOf(series, 'count')).toBe(72);
  });

  it('counts cancelled invocations neither as good nor as failed', () => {
    expect(goodPerMinute(aSeries([9, 5], [2, 0], 1, [3, 5]))).toEqual([4, 0]);
  });

  it('leaves the minute of now out of the recent failures', () => {
    expect(recentFailuresPerMinute(aSeries([9, 9, 9], [2, 4, 99]))).toBe(3);
    expect(recentFailuresPerMinute(aSeries([9], [9]))).toBe(0);
  });
});
