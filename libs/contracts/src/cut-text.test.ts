import { expect, it } from 'vitest';
import { beginningOf, lastBytes } from './cut-text.ts';

it.each([
  ['abc', 3, 'abc'],
  ['abc', 2, 'ab'],
  ['a😀b', 2, 'a'],
  ['a😀b', 3, 'a😀'],
  ['😀', 1, ''],
  ['abc', 0, ''],
])('the beginning of %j in %i units is %j', (text, lengthMax, beginning) => {
  expect(beginningOf(text, lengthMax)).toBe(beginning);
});

it.each([
  ['abc', 3, 'abc'],
  ['abc', 2, 'bc'],
  ['aé', 1, ''],
  ['aé', 2, 'é'],
  ['a€', 2, ''],
  ['b😀', 3, ''],
  ['b😀', 4, '😀'],
  ['abc', 0, ''],
])('the end of %j in %i bytes is %j', (text, bytesMax, end) => {
  expect(lastBytes(text, bytesMax)).toBe(end);
});
