import { expect, it } from 'vitest';
import { bounds } from '#contracts';
import { incomingRecord } from './incoming-record.ts';

const message = {
  offset: 1n,
  key: null,
  value: null,
  headers: {},
  bytes: 0,
  unreadable: undefined,
  isControl: false,
  isAbort: false,
  batch: undefined,
};

it.each([
  ['no time', -1, 0],
  ['a time before all', -(2 ** 63), 0],
  ['a time after all', 2 ** 63, bounds.instantMs.max],
  ['the year 2026', 1_767_225_600_000, 1_767_225_600_000],
])('a record with %s has an instant', (_what, timestamp, instant) => {
  expect(incomingRecord('t', 0, { ...message, timestamp }).timestamp).toBe(instant);
});
