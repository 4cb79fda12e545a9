import { expect, it } from 'vitest';
import { epochMs, type MinuteTally, type Tally, tallyExtremes, tallySums } from '#contracts';
import { backlogReport } from './backlog-report.ts';

const minuteMs = 60_000;
const now = 100 * minuteMs + 30_000;
const none = Object.fromEntries([...tallySums.map((name) => [name, 0]), ...tallyExtremes.map((name) => [name, null])]) as Tally;
const minutes: readonly MinuteTally[] = [
  { minute: epochMs(94 * minuteMs), tally: { ...none, accepted: 1, starts: 1, late_ms: 900, late_ms_max: 900 } },
  { minute: epochMs(99 * minuteMs), tally: { ...none, accepted: 10, ended_0: 10, starts: 10, late_ms: 50, late_ms_max: 9 } },
  { minute: epochMs(100 * minuteMs), tally: { ...none, accepted: 4, ended_0: 4, starts: 4, late_ms: 60, late_ms_max: 40 } },
];
const store = {
  minutes: async (_project: string, _urns: readonly string[], from: number, to: number) =>
    minutes.filter(({ minute }) => minute >= from && minute < to),
  oldestInFlight: async () => undefined,
};

it('judges rates by whole minutes, and lateness by the running one too, so that a short run is measured', async () => {
  const { recent } = await backlogReport(store, 'p1', { functionUrn: 'f', tally: none }, now);
  expect(recent).toEqual({ accepted: 10, ended: 10, starts: 14, late_ms: 110, late_ms_max: 40 });
});
