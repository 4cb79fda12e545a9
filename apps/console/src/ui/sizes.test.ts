import { expect, it } from 'vitest';
import { sizeText } from './sizes.ts';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1 KB'],
  [1_540, '1.5 KB'],
  [65_536, '66 KB'],
  [16_777_216, '17 MB'],
  [4e15, '4,000 TB'],
])('%i bytes are %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});
