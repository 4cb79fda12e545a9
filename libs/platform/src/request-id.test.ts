import { describe, expect, it } from 'vitest';
import { epochMs, type EpochMs } from '#contracts';
import { newRequestId, timeGroups } from './request-id.ts';

const at = epochMs(1_795_615_062_740);

describe('newRequestId', () => {
  it('returns a UUID in the form of version 4', () => {
    for (const instant of [0, 1, at, 2 ** 48 - 1])
      expect(newRequestId(epochMs(instant))).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('sorts ids by the instant they were made at', () => {
    const ids = [at - 1, at, at + 1, at + 70_000, at + 5_000_000_000].map((instant) => newRequestId(epochMs(instant)));
    expect(ids.toSorted()).toEqual(ids);
  });

  it.each([
    [-1, '00000000-0000'],
    [2 ** 60, 'ffffffff-ffff'],
  ])('clamps an instant of %d to 48 bits', (instant, groups) => {
    expect(timeGroups(instant as EpochMs)).toBe(groups);
  });

  it('returns 10,000 different ids for one instant', () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newRequestId(at))).size).toBe(10_000);
  });
});
