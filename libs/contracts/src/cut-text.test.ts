import { expect, it } from 'vitest';
import { beginningOf, lastLines } from './cut-text.ts';

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
  ['abcd', 3, '…'],
  ['abcdef', 5, '…ef'],
  ['abcdé', 5, '…é'],
  ['abcdé', 4, '…'],
  ['abcd€', 5, '…'],
  ['ab\ncd\nef', 5, 'ef'],
  ['ab\ncd\nef', 6, '…\nef'],
  ['ab\ncd\nefghi', 8, 'efghi'],
])('the last lines of %j in %i bytes are %j', (text, bytesMax, end) => {
  expect(lastLines(text, bytesMax)).toBe(end);
});
