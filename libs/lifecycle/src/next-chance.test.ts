import { describe, expect, it } from 'vitest';
import { nextChance, type NextChance } from './next-chance.ts';

describe('the next chance of an attempt', () => {
  it.each<[chance: number | undefined, mayHaveBegun: boolean, deathsMax: number, next: NextChance]>([
    [undefined, false, 3, { kind: 'run', isLast: false }],
    [2, false, 3, { kind: 'run', isLast: false }],
    [3, false, 3, { kind: 'run', isLast: true }],
    [4, false, 3, { kind: 'run', isLast: true }],
    [undefined, true, 3, { kind: 'write-down', chance: 2, isLast: false }],
    [2, true, 3, { kind: 'write-down', chance: 3, isLast: true }],
    [3, true, 3, { kind: 'settle', condition: 'ExecutorEnded', deaths: 3 }],
    [4, true, 3, { kind: 'settle', condition: 'ExecutorEnded', deaths: 4 }],
    [undefined, true, 2, { kind: 'write-down', chance: 2, isLast: true }],
    [2, true, 2, { kind: 'settle', condition: 'ExecutorEnded', deaths: 2 }],
  ])('with chance %s, begun %s and %d deaths allowed', (chance, mayHaveBegun, deathsMax, next) => {
    expect(nextChance({ mayHaveBegun, ...(chance === undefined ? {} : { chance }) }, deathsMax)).toEqual(next);
  });
});
