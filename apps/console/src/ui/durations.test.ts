import { describe, expect, it } from 'vitest';
import { durationText, exactText } from './durations.ts';

describe('durationText', () => {
  it.each([
    [0, '0 s'],
    [0.25, '0.3 s'],
    [31.5, '32 s'],
    [59.6, '1 min'],
    [60, '1 min'],
    [125, '2 min 5 s'],
    [599, '9 min 59 s'],
    [2_842, '47 min'],
    [3_600, '1 h'],
    [7_500, '2 h 5 min'],
    [90_000, '1 d 1 h'],
    [Infinity, 'never'],
  ])('%d s is %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });
});

describe('exactText', () => {
  it.each([
    [0, '0 ms'],
    [0.012, '12 ms'],
    [0.9994, '999 ms'],
    [1.234, '1.234 s'],
    [59.9, '59.900 s'],
    [125.4, '2 min 5 s'],
  ])('%d s is %s', (seconds, text) => {
    expect(exactText(seconds)).toBe(text);
  });
});
