import { describe, expect, it } from 'vitest';
import { type BacklogFacts, forecast } from './forecast.ts';

const minuteMs = 60_000;

describe('forecast', () => {
  it.each<[what: string, BacklogFacts, ReturnType<typeof forecast>]>([
    ['nothing waits', { queued: 0, expiring: [], endedPerMinute: 0 }, { drainMs: 0, atRisk: 0 }],
    [
      'all run before they expire',
      { queued: 100, expiring: [{ inMs: 10 * minuteMs, count: 100 }], endedPerMinute: 20 },
      { drainMs: 5 * minuteMs, atRisk: 0 },
    ],
    [
      'the rate is too low for half of them',
      { queued: 100, expiring: [{ inMs: 10 * minuteMs, count: 100 }], endedPerMinute: 5 },
      { drainMs: 20 * minuteMs, atRisk: 50 },
    ],
    [
      'the first ones expire, and the later ones have time',
      {
        queued: 30,
        expiring: [
          { inMs: -1, count: 10 },
          { inMs: 10 * minuteMs, count: 20 },
        ],
        endedPerMinute: 2,
      },
      { drainMs: 15 * minuteMs, atRisk: 10 },
    ],
    ['nothing ends', { queued: 3, expiring: [{ inMs: minuteMs, count: 5 }], endedPerMinute: 0 }, { atRisk: 3 }],
  ])('%s', (_what, facts, expected) => {
    expect(forecast(facts)).toEqual(expected);
  });
});
