import { type DelayTopic, dwells, type EpochMs, epochMs, nearHorizonMs } from '#contracts';

/**
 * Where a record waits: in the largest dwell that fits into what remains, so that few hops are needed; near the end in `delays.near`.
 * A dwell never ends after `dueAt`.
 */
export function delayTopicFor(dueAt: EpochMs, now: EpochMs): DelayTopic {
  const remainingMs = dueAt - now;
  const fitting = remainingMs <= nearHorizonMs ? undefined : dwells.findLast(({ dwellMs }) => dwellMs <= remainingMs);
  return fitting === undefined ? 'delays.near' : `delays.${fitting.name}`;
}

/**
 * When a record leaves the delay topic it waits in: at the end of its dwell, or when it is due, whichever is sooner.
 * @param appendedAt when the record was written there.
 */
export function leavesAt(topic: DelayTopic, appendedAt: EpochMs, dueAt: EpochMs): EpochMs {
  const dwell = dwells.find(({ name }) => topic === `delays.${name}`);
  return dwell === undefined ? dueAt : epochMs(Math.min(dueAt, appendedAt + dwell.dwellMs));
}
