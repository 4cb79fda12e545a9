import { type DelayTopic, type EpochMs, epochMs } from '#contracts';

/** Shortest and longest wait of an attempt whose function is paused, in milliseconds. */
export const pausedWait = { minMs: 1_000, maxMs: 30_000 } as const;

/** How an attempt of a paused function waits. */
export interface PausedWait {
  readonly dueAt: EpochMs;
  readonly topic: DelayTopic;
}

/**
 * How an attempt of a paused function waits until an executor looks at it again: as long as the
 * pause has lasted, within {@link pausedWait}. So attempts start soon after a short pause. In a
 * long one, each costs two records in 30 s. After a resume, no attempt waits longer than 30 s.
 *
 * The longest wait is that of the topic `delays.30s`. All records of that topic wait equally long,
 * so any number of these hold nobody else's back.
 */
export function waitWhilePaused(pausedSince: EpochMs, now: EpochMs): PausedWait {
  const waitMs = Math.min(pausedWait.maxMs, Math.max(pausedWait.minMs, now - pausedSince));
  return { dueAt: epochMs(now + waitMs), topic: waitMs === pausedWait.maxMs ? 'delays.30s' : 'delays.near' };
}
