import { expect, it } from 'vitest';
import { eventFault } from './event-fault.ts';

it.each(['{}', ' {"n": 1}\n'])('takes the event %s', (text) => {
  expect(eventFault(text)).toBeUndefined();
});

it.each([
  ['{\n  "n": 1,\n}', 'line 3, column 1'],
  ['{"n": 1', 'line 1, column 8'],
  ['', 'line 1, column 1'],
  ['{"a": 1 "b": 2}', 'line 1, column 9'],
])('tells where the error of %j is', (text, place) => {
  expect(eventFault(text)).toContain(`This is no JSON, ${place}: `);
});

it.each(['1', '[]', 'null', '"text"'])('refuses %s, which is no object', (text) => {
  expect(eventFault(text)).toContain('must be a JSON object');
});
