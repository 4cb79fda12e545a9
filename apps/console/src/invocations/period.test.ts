import { describe, expect, it } from 'vitest';
import { fieldOfInstant, instantOfField, lastHours } from './period.ts';

describe('lastHours', () => {
  it('begins at a whole minute, so that the same list is asked for within it', () => {
    const at = (second: number) => Date.UTC(2026, 10, 28, 12, 30, second);
    expect(lastHours(24, at(1))).toEqual({ begin: '2026-11-27T12:30:00', end: undefined });
    expect(lastHours(24, at(59))).toEqual(lastHours(24, at(1)));
  });
});

describe('instantOfField', () => {
  it('reads the time of a field in the zone of the viewer', () => {
    expect(instantOfField('2026-11-28T12:30')).toBe(new Date(2026, 10, 28, 12, 30).toISOString().slice(0, 19));
    expect(instantOfField('')).toBeUndefined();
  });
});

it('gives back the text of a field for the instant that it names', () => {
  expect(fieldOfInstant(instantOfField('2026-11-25T08:30') ?? '')).toBe('2026-11-25T08:30');
});
