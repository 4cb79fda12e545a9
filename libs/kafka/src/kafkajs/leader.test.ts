import { describe, expect, it } from 'vitest';
import { Leader } from './leader.ts';
import { type PublishCall, queuedRecord } from './publisher-queue.ts';

const limits = {
  requestsMax: 3,
  extraRequestRecordsMin: 200,
  batchBytesMax: 1_000_000,
  requestBytesMax: 4_000_000,
  requestRecordsMax: 1_000,
  givingWayRecordsMax: 200,
};

/** A leader with a pace, whose last window of 100 ms had a rate. */
async function aLeaderAt(perSecond: number, pace = { leastMs: 3, mostMs: 9, fullRecords: 256 }): Promise<Leader> {
  const leader = new Leader(1, { ...limits, pace }, () => undefined);
  await leader.request(0, 100, async () => undefined);
  await leader.request(perSecond / 10, 200, async () => undefined);
  return leader;
}

function queue(leader: Leader, count: number): void {
  const call: PublishCall = {
    unacknowledged: count,
    isSettled: false,
    givesWay: false,
    deadlineAt: 0,
    resolve: () => undefined,
    reject: () => undefined,
  };
  for (let index = 0; index < count; index += 1)
    leader.queue.push(queuedRecord({ topic: 'a', key: 'k', value: Buffer.alloc(1), headers: {} }, call));
}

describe('the distance of requests', () => {
  it.each([
    [0, 0],
    [500, 0],
    [600, 3],
    [6_000, 3],
    [8_000, 6],
    [10_000, 9],
    [50_000, 9],
  ])('is at %i records a second %i ms', async (perSecond, distanceMs) => {
    const leader = await aLeaderAt(perSecond);
    queue(leader, 1);
    expect(leader.pauseMs(200)).toBe(distanceMs);
    expect(leader.pauseMs(200 + distanceMs)).toBe(0);
  });

  it('is nothing for a full request', async () => {
    const leader = await aLeaderAt(10_000, { leastMs: 3, mostMs: 9, fullRecords: 10 });
    queue(leader, 9);
    expect(leader.pauseMs(200)).toBe(9);
    queue(leader, 1);
    expect(leader.pauseMs(200)).toBe(0);
  });
});
