import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleOf } from './sample-records.ts';

const minuteMs = 60_000;

describe('the sample of records', () => {
  it('is all of them if they are few', () => {
    expect(
      sampleOf(
        [
          { minute: 0, accepted: 3 },
          { minute: minuteMs, accepted: 2 },
        ],
        5,
      ),
    ).toEqual({ found: 5, factor: 1, spans: [] });
    expect(sampleOf([], 5)).toEqual({ found: 0, factor: 1, spans: [] });
  });

  it('reads the same share of each span, and spreads its arrivals as all of it', () => {
    const minutes = [
      { minute: minuteMs, accepted: 100 },
      { minute: 0, accepted: 300 },
    ];
    const { found, factor, spans } = sampleOf(minutes, 8);
    expect([found, factor, spans.map(({ take }) => take)]).toEqual([400, 50, [6, 2]]);
    expect(spans.map(({ beginAt, endAt }) => [beginAt, endAt])).toEqual([
      [0, 59_999],
      [60_000, 119_999],
    ]);
    expect(spans[1]?.arrivals).toEqual([60_000 + 14_999, 60_000 + 44_999]);
  });

  it('has bounded spans and takes as many records as it may, however the minutes are filled', () => {
    const minutes = fc.array(fc.nat(5_000), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(minutes, fc.integer({ min: 50, max: 2_000 }), (counts, readMax) => {
        const filled = counts.map((accepted, index) => ({ minute: index * minuteMs, accepted }));
        const { found, factor, spans } = sampleOf(filled, readMax);
        const taken = spans.flatMap(({ arrivals }) => arrivals);
        expect(factor).toBe(Math.max(1, found / readMax));
        expect([taken.length, spans.length <= 50]).toEqual([found <= readMax ? 0 : readMax, true]);
        expect(taken).toEqual(taken.toSorted((one, other) => one - other));
      }),
    );
  });
});
