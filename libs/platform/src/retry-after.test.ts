import { describe, expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { retryAfterMs } from './retry-after.ts';

const now = epochMs(Date.parse('2026-03-01T10:00:00Z'));

describe('retryAfterMs', () => {
  it.each([
    ['7', 7_000],
    ['Sun, 01 Mar 2026 10:00:09 GMT', 9_000],
    ['999999999999999999999999', 3_600_000],
    ['Tue, 01 Mar 2033 10:00:00 GMT', 3_600_000],
    ['0', undefined],
    ['-5', undefined],
    ['Sun, 01 Mar 2026 09:00:00 GMT', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %j as %j', (text, expected) => {
    expect(retryAfterMs(text, now)).toBe(expected);
  });
});
