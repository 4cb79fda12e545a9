import { describe, expect, it } from 'vitest';
import { partitionLimitsOf, PartitionRoom } from './partition-room.ts';

/** Half of these are shared: 100 records and 100,000 bytes. */
const limits = { recordsMax: 200, bytesMax: 200_000 };
const small = { partition: 'settlements/0', bytes: 1 };

/** Holds records of a target for as long as it may. @returns how many. */
function fill(room: PartitionRoom, key: string, record = small): number {
  let held = 0;
  for (; room.mayHold(key, record); held++) room.enter(key, record);
  return held;
}

describe('the room of a partition', () => {
  it('leaves a quarter of its half to others, however many targets are slow', () => {
    const room = new PartitionRoom(limits);
    expect([fill(room, 'slow'), fill(room, 'slower'), fill(room, 'slowest')]).toEqual([75, 19, 5]);
    expect(room.mayHold('quick', small)).toBe(true);
  });

  it('counts bytes as well as records', () => {
    const room = new PartitionRoom(limits);
    expect(fill(room, 'large', { partition: 'settlements/0', bytes: 25_000 })).toBe(3);
    expect(room.mayHold('quick', small)).toBe(true);
  });

  it('is its own for each partition, and is free again when tries end', () => {
    const room = new PartitionRoom(limits);
    const held = fill(room, 'slow');
    expect(room.mayHold('slow', { ...small, partition: 'settlements/1' })).toBe(true);
    room.leave('slow', small);
    expect(room.mayHold('slow', small)).toBe(true);
    for (let left = 1; left < held; left++) room.leave('slow', small);
    expect(fill(room, 'slow')).toBe(held);
  });
});

describe('the bounds of a partition', () => {
  it('share what one notifier may hold among all that it may have to read', () => {
    expect(partitionLimitsOf(4)).toEqual({ recordsMax: 12_000, bytesMax: 16 * 1_048_576 });
    expect(partitionLimitsOf(12).recordsMax * 24).toBeLessThanOrEqual(96_000);
  });

  it('let each partition go on, however many there are', () => {
    expect(partitionLimitsOf(1_000)).toEqual({ recordsMax: 1_000, bytesMax: 4 * 1_048_576 });
  });
});
