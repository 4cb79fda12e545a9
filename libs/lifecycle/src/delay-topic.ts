import { type DelayTopic, dwells, type EpochMs, epochMs, nearHorizonMs } from '#contracts';

/**
 * Chooses the delay topic of a record: the one with the longest dwell that ends by `dueAt`, so that
 * the record moves few times. Within the near horizon it is `delays.near`.
 */
export function delayTopicFor(dueAt: EpochMs, now: EpochMs): DelayTopic {
  const remainingMs = dueAt - now;
  const fitting = remainingMs <= nearHorizonMs ? undefined : dwells.findLast(({ dwellMs }) => dwellMs <= remainingMs);
  return fitting === undefined ? 'delays.near' : `delays.${fitting.name}`;
}

/**
 * The time at which a record leaves its delay topic: the end of the dwell or its due time,
 * whichever is earlier.
 * @param appendedAt when the record was written to the topic.
 */
export function leavesAt(topic: DelayTopic, appendedAt: EpochMs, dueAt: EpochMs): EpochMs {
  const dwell = dwells.find(({ name }) => topic === `delays.${name}`);
  return dwell === undefined ? dueAt : epochMs(Math.min(dueAt, appendedAt + dwell.dwellMs));
}
