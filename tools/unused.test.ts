/**
 * Goal: the check for unused code fires. Method: a copy of the repository with one unused thing of
 * each kind planted in it.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/**
 * The part of knip's JSON report that the test reads: the names of one kind of issue in one file.
 */
type Issues = Readonly<Record<'exports' | 'types' | 'files' | 'dependencies', readonly { readonly name: string }[]>> & {
  readonly file: string;
};

let tree: string;
let reported: readonly string[];

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'sendoff-unused-'));
  for (const entry of [
    'apps',
    'libs',
    'packages',
    'test',
    'tools',
    'knip.jsonc',
    'tsconfig.json',
    'package.json',
    'nest-cli.json',
  ])
    cpSync(join(root, entry), join(tree, entry), { recursive: true });
  for (const entry of ['.oxlintrc.json', '.dependency-cruiser.cjs', 'biome.json', 'vitest.config.ts'])
    cpSync(join(root, entry), join(tree, entry));
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  appendFileSync(join(tree, 'libs/registry/src/index.ts'), "export { plantedValue, type PlantedType } from './planted.ts';\n");
  writeFileSync(
    join(tree, 'libs/registry/src/planted.ts'),
    'export const plantedValue = 1;\nexport type PlantedType = typeof plantedValue;\n',
  );
  writeFileSync(join(tree, 'apps/ingress/src/planted-file.ts'), 'export const a = 1;\n');
  const manifest = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  manifest.dependencies['planted-dependency'] = '1.0.0';
  writeFileSync(join(tree, 'package.json'), JSON.stringify(manifest));

  const { stdout } = spawnSync(join(root, 'node_modules/.bin/knip'), ['--reporter', 'json', '--no-exit-code'], {
    cwd: tree,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const { issues } = JSON.parse(stdout) as { issues: readonly Issues[] };
  reported = issues.flatMap(({ file, ...kinds }) =>
    (['exports', 'types', 'files', 'dependencies'] as const).flatMap((kind) =>
      kinds[kind].map(({ name }) => `${kind} ${file} ${name}`),
    ),
  );
}, 120_000);
afterAll(() => rmSync(tree, { recursive: true, force: true }));

it.each([
  ['a value that a library exports and nobody imports', 'exports libs/registry/src/index.ts plantedValue'],
  ['a type that a library exports and nobody imports', 'types libs/registry/src/index.ts PlantedType'],
  ['a file that nobody imports', 'files apps/ingress/src/planted-file.ts apps/ingress/src/planted-file.ts'],
  ['a dependency that nobody imports', 'dependencies package.json planted-dependency'],
])('knip reports %s', (_what, issue) => {
  expect(reported).toContain(issue);
});
