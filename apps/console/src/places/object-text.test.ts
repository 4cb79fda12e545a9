import { expect, it } from 'vitest';
import { textOf } from './object-text.ts';

it.each([
  ['a text', Buffer.from('grün'), false, 'grün'],
  ['nothing', Buffer.alloc(0), false, ''],
  ['a text that is cut within a character', Buffer.from('grün').subarray(0, 3), true, 'gr'],
  ['a text that ends within a character', Buffer.from('grün').subarray(0, 3), false, undefined],
  ['bytes of a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0]), true, undefined],
  ['a text with a zero', Buffer.from('a\0b'), false, undefined],
])('reads %s', (_what, bytes, isCut, text) => {
  expect(textOf(bytes, isCut)).toBe(text);
});
