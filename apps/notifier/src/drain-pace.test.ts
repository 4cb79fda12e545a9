import { expect, it } from 'vitest';
import { DrainPace } from './drain-pace.ts';

/** Tries that end in bursts of `size`, one burst each `everyMs`. The queue is full. */
function bursts(pace: DrainPace, { size, everyMs, untilMs }: { size: number; everyMs: number; untilMs: number }): void {
  for (let nowMs = 0; nowMs <= untilMs; nowMs += everyMs) for (let one = 0; one < size; one++) pace.ended(nowMs, true);
}

it('lets tries come back at twice the rate at which they end, also after a gap between two bursts', () => {
  const pace = new DrainPace();
  // 1,000 a second.
  bursts(pace, { size: 100, everyMs: 100, untilMs: 5_000 });
  pace.ended(5_100, true);
  const waitsMs = Array.from({ length: 1_000 }, () => pace.takeWaitMs(5_100, 1_000));
  const spreadMs = (waitsMs.at(-1) ?? 0) - (waitsMs[0] ?? 0);
  expect(spreadMs).toBeGreaterThan(400);
  expect(spreadMs).toBeLessThan(600);
});

it('does not count the time in which nothing waits', () => {
  const pace = new DrainPace();
  bursts(pace, { size: 100, everyMs: 100, untilMs: 5_000 });
  pace.ended(5_000, false);
  for (let nowMs = 60_000; nowMs <= 62_000; nowMs += 100) for (let one = 0; one < 100; one++) pace.ended(nowMs, true);
  const first = pace.takeWaitMs(62_000, 1_000);
  expect(first).toBeLessThan(700);
});
