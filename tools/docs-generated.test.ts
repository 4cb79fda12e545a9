/**
 * Goal: the generated parts of pages lack no value.
 * Method: they are searched for the text of a value that the code did not find.
 */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const parts = globSync('docs/**/*.md', { cwd: root }).flatMap((page) => {
  const [, part] = /<!-- generated -->(.*)<!-- \/generated -->/s.exec(readFileSync(join(root, page), 'utf8')) ?? [];
  return part === undefined ? [] : [{ page, part }];
});

it('pages with a generated part are found', () => {
  expect(parts.length).toBeGreaterThan(5);
});

it.each(parts)('no operand and no cell of $page is undefined', ({ part }) => {
  expect(part.split('\n').filter((line) => /[\s=]undefined(\s|$)/.test(line))).toEqual([]);
});
