/**
 * Goal: pages name only files that exist, and ARCHITECTURE.md has the checked import rules.
 * Method: links and paths in code spans are looked up. The tables are compared with the rules.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

const pagesIn = (folder: string) =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map(({ name }) => join(folder, name));
const pages = ['.', 'docs', 'docs/adr', 'examples', 'libs/lifecycle'].flatMap(pagesIn);

const withoutCode = (text: string) => text.replaceAll(/^```.*?^```$/gms, '');

/** Targets of links to files, without anchors. */
function linksOf(page: string): readonly string[] {
  const links = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => !/^(https?:|#)/.test(link)).map((link) => join(dirname(page), link.replace(/#.*$/, '')));
}

/** Paths in code spans that begin at the root. Paths with placeholders or patterns are left out. */
function pathsOf(page: string): readonly string[] {
  const spans = [...withoutCode(read(page)).matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  return spans.filter((span) => /^(apps|libs|docs|test|tools|docker|examples)\/[\w./-]+$/.test(span));
}

it.each(pages)('%s links only to files that exist', (page) => {
  expect(linksOf(page).filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

// Paths in decisions and in the changelog are those of their time, and may be gone.
const current = pages.filter((page) => !page.startsWith('docs/adr/') && page !== 'CHANGELOG.md');
it.each(current)('%s names only files that exist', (page) => {
  expect(pathsOf(page).filter((file) => file !== 'docker/.env' && !existsSync(join(root, file)))).toEqual([]);
});

it('the table "Where is it?" answers at least 25 questions, each with a file', () => {
  const [, section = ''] = read('ARCHITECTURE.md').split('## Where is it?\n');
  const rows = (section.split(/^## /m)[0] ?? '').split('\n').filter((line) => /^\| [^-q]/.test(line));
  expect(rows.length).toBeGreaterThanOrEqual(25);
  expect(rows.filter((row) => !/^\| .+\? \| \[[^\]]+\]\([^)]+\)/.test(row))).toEqual([]);
});

interface Rule {
  readonly name: string;
  readonly to: { readonly pathNot?: string | readonly string[] };
}

describe('the import tables of ARCHITECTURE.md', () => {
  const { forbidden } = createRequire(import.meta.url)(join(root, '.dependency-cruiser.cjs')) as { forbidden: readonly Rule[] };

  /** The libraries or folders that a rule lets a library or folder import. */
  function allowedBy(rule: string): readonly string[] {
    const found = forbidden.find(({ name }) => name === rule);
    const pathNot = [found?.to.pathNot ?? []].flat().join(' ');
    const [, names = ''] = /\/\(([\w|-]+)\)\//.exec(pathNot) ?? [];
    const [, ...others] = names.split('|');
    return others;
  }

  const rowsOf = (pattern: RegExp) =>
    [...read('ARCHITECTURE.md').matchAll(pattern)].map(
      ([, name = '', may = '']) => [name, may === 'nothing' ? [] : may.split(', ')] as const,
    );
  const libraries = rowsOf(/^\| `libs\/([\w-]+)` \| .+ \| ([\w, -]+) \|$/gm);
  const folders = rowsOf(/^\| `([\w-]+)` \| .+ \| ([\w, -]+) \|$/gm);

  it('have a row for each library and for each folder of the ingress', () => {
    const foldersOf = (folder: string) =>
      readdirSync(join(root, folder), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const names = (folder: string) => foldersOf(folder).map(({ name }) => name);
    expect(libraries.map(([name]) => name).toSorted()).toEqual(names('libs').toSorted());
    expect(folders.map(([name]) => name).toSorted()).toEqual(names('apps/ingress/src').toSorted());
  });

  it.each(libraries)('libs/%s', (name, may) => {
    expect(may.toSorted()).toEqual(allowedBy(`${name}-imports`).toSorted());
  });

  it.each(folders)('apps/ingress/src/%s', (name, may) => {
    expect(may.toSorted()).toEqual(allowedBy(`ingress-${name}-imports`).toSorted());
  });
});
