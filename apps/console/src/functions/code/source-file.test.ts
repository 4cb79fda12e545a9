import { expect, it } from 'vitest';
import { handlerEntryOf, sourceFileOf } from './source-file.ts';

it.each([
  ['index.handler', 'index.js'],
  ['src/main.run', 'src/main.js'],
  ['a.b.c', 'a.b.js'],
])('the code of %s is in %s', (handler, file) => {
  expect(sourceFileOf(handler)).toBe(file);
});

it('finds the file of a handler by each ending, and below the folder of the archive', () => {
  const found = (...names: readonly string[]) =>
    handlerEntryOf(
      names.map((name) => ({ name })),
      'src/main.run',
    )?.name;
  expect(found('main.js', 'src/main.mjs')).toBe('src/main.mjs');
  expect(found('./src/main.js')).toBe('./src/main.js');
  expect(found('main.js')).toBeUndefined();
});
