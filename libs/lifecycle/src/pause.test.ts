import { expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { builtAt } from '#testing';
import { waitWhilePaused } from './pause.ts';

it.each<[pause: string, lastedMs: number, waitMs: number, topic: string]>([
  ['from the future, as another clock sees it', -60_000, 1_000, 'delays.near'],
  ['that has just begun', 0, 1_000, 'delays.near'],
  ['of a second', 1_000, 1_000, 'delays.near'],
  ['of a second and a millisecond', 1_001, 1_001, 'delays.near'],
  ['of almost 30 s', 29_999, 29_999, 'delays.near'],
  ['of 30 s', 30_000, 30_000, 'delays.30s'],
  ['of a day', 86_400_000, 30_000, 'delays.30s'],
])('an attempt waits in a pause %s', (_pause, lastedMs, waitMs, topic) => {
  const now = epochMs(builtAt + lastedMs);
  expect(waitWhilePaused(builtAt, now)).toEqual({ dueAt: now + waitMs, topic });
});
