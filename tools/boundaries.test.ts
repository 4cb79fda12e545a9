/**
 * Goal: each lint and boundary rule fires.
 * Method: a temporary tree gets a copy of the configuration and one planted mistake for each rule.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);
const node = (file: string) => `export const ${file} = 1;\n`;

/** A mistake: the rule that must fire, the file it is planted in, and the text of that file. */
type Planted = [rule: string, file: string, text: string];

/** For each folder of the ingress, one that it may not import. */
const climbing: readonly [room: string, above: string][] = [
  ['http', 'document'],
  ['console', 'access'],
  ['document', 'names'],
  ['names', 'document'],
  ['access', 'policies'],
  ['policies', 'functions'],
  ['functions', 'topics'],
  ['topics', 'functions'],
  ['records', 'invocations'],
  ['invocations', 'functions'],
  ['redrives', 'functions'],
  ['audit', 'names'],
];

const planted: readonly Planted[] = [
  ['no-circular', 'apps/ingress/src/a.ts', "import { b } from './b.ts';\nexport const a = b;\n"],
  ['unresolved', 'apps/ingress/src/nowhere.ts', "import { x } from './not-there.ts';\nexport const y = x;\n"],
  [
    'no-cross-app-ingress',
    'apps/ingress/src/cross.ts',
    "import { a } from '../../executor/src/plain.ts';\nexport const c = a;\n",
  ],
  [
    'libs-not-to-apps',
    'libs/platform/src/app.ts',
    "import { a } from '../../../apps/executor/src/plain.ts';\nexport const d = a;\n",
  ],
  ['cli-loads-no-framework', 'apps/cli/src/slow.ts', "import { a } from '#platform';\nexport const g = a;\n"],
  ['lifecycle-imports', 'libs/lifecycle/src/platform.ts', "import { a } from '#platform';\nexport const e = a;\n"],
  [
    'kafka-by-its-front-door',
    'apps/ingress/src/back-door.ts',
    "import { a } from '../../../libs/kafka/src/plain.ts';\nexport const f = a;\n",
  ],
  ...climbing.map(
    ([room, above]): Planted => [
      `ingress-${room}-imports`,
      `apps/ingress/src/${room}/climbing.ts`,
      `import { a } from '../${above}/plain.ts';\nexport const ${room} = a;\n`,
    ],
  ),
  [
    'kafka-by-its-front-door',
    'apps/ingress/src/second-door.ts',
    "import { a } from '../../../libs/kafka/src/memory/plain.ts';\nexport const p = a;\n",
  ],
  ['kafka-memory-in-tests-only', 'apps/ingress/src/memory.ts', "import { a } from '#kafka/memory';\nexport const q = a;\n"],
  [
    'kafka-memory-in-tests-only',
    'libs/kafka/src/index-with-memory.ts',
    "import { a } from './memory/index.ts';\nexport const r = a;\n",
  ],
  ...[
    ['strategy', 'bookkeeping'],
    ['strategy', 'kafkajs'],
    ['bookkeeping', 'kafkajs'],
    ['bookkeeping', 'memory'],
    ['kafkajs', 'strategy'],
    ['memory', 'kafkajs'],
  ].map(
    ([from = '', to = '']): Planted => [
      `kafka-${from}-imports`,
      `libs/kafka/src/${from}/from-${to}.ts`,
      `import { a } from '../${to}/plain.ts';\nexport const s = a;\n`,
    ],
  ),
  ['kafka-memory-imports', 'libs/kafka/src/memory/open.ts', "import { a } from '../open-kafka.ts';\nexport const t = a;\n"],
  ['kafka-shared-imports', 'libs/kafka/src/ports.ts', "import { a } from './bookkeeping/plain.ts';\nexport const u = a;\n"],
  ['kafkajs-in-its-room', 'libs/kafka/src/memory/kafkajs.ts', "import { Kafka } from 'kafkajs';\nexport const v = Kafka;\n"],
  ['testing-in-tests-only', 'apps/ingress/src/testing.ts', "import { a } from '#testing';\nexport const g = a;\n"],
  ['pure-rules', 'libs/lifecycle/src/io.ts', "import { readFileSync } from 'node:fs';\nexport const h = readFileSync;\n"],
  ['kafkajs-in-its-room', 'apps/ingress/src/kafkajs.ts', "import { Kafka } from 'kafkajs';\nexport const i = Kafka;\n"],
  ['minio-in-its-room', 'apps/ingress/src/minio.ts', "import { Client } from 'minio';\nexport const j = Client;\n"],
  ['yauzl-in-its-room', 'apps/ingress/src/yauzl.ts', "import { open } from 'yauzl';\nexport const o = open;\n"],
  ['database-in-its-room', 'apps/ingress/src/kysely.ts', "import { Kysely } from 'kysely';\nexport const k = Kysely;\n"],
  ['broker-for-standalone', 'apps/ingress/src/broker.ts', "import { a } from '#broker';\nexport const l = a;\n"],
  ['adapters-by-composition', 'apps/ingress/src/shell.ts', "import { a } from './adapters/plain.ts';\nexport const m = a;\n"],
  [
    'adapters-by-composition',
    'apps/ingress/src/records/shell.ts',
    "import { a } from './adapters/plain.ts';\nexport const p = a;\n",
  ],
  ['ingress-http-imports', 'apps/ingress/src/http/composing.ts', "import { a } from '../plain.ts';\nexport const q = a;\n"],
  [
    'processes-without-languages',
    'apps/executor/src/adapters/process-runtime/language.ts',
    "import { a } from '../node/plain.ts';\nexport const q = a;\n",
  ],
  ['not-to-dev-dep', 'apps/ingress/src/dev.ts', "import fc from 'fast-check';\nexport const n = fc;\n"],
];

const lint: readonly Planted[] = [
  [
    'no-floating-promises',
    'apps/ingress/src/floating.ts',
    'async function a(): Promise<void> {}\nexport function b(): void {\n  a();\n}\n',
  ],
  [
    'switch-exhaustiveness-check',
    'apps/ingress/src/switch.ts',
    "export function c(x: 'a' | 'b'): number | undefined {\n  switch (x) {\n    case 'a':\n      return 1;\n  }\n  return undefined;\n}\n",
  ],
  ['no-explicit-any', 'apps/ingress/src/any.ts', 'export const d: any = 1;\n'],
  ['no-restricted-properties', 'apps/ingress/src/now.ts', 'export const e = Date.now();\n'],
  ['no-restricted-properties', 'apps/ingress/src/env.ts', "export const f = process.env['X'];\n"],
  [
    'private-keyword',
    'libs/registry/src/field.ts',
    'export class F {\n  readonly #field = 1;\n  get(): number {\n    return this.#field;\n  }\n}\n',
  ],
  [
    'private-keyword',
    'libs/registry/src/method.ts',
    'export class M {\n  #method(): void {}\n  call(): void {\n    this.#method();\n  }\n}\n',
  ],
  ['no-restricted-globals', 'libs/lifecycle/src/date.ts', 'export const g = new Date();\n'],
  [
    'no-restricted-imports',
    'libs/contracts/src/fs.ts',
    "import { readFileSync } from 'node:fs';\nexport const h = readFileSync;\n",
  ],
];

let tree: string;

function plant(file: string, text: string): void {
  mkdirSync(dirname(join(tree, file)), { recursive: true });
  writeFileSync(join(tree, file), text);
}

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'sendoff-house-'));
  for (const file of ['.dependency-cruiser.cjs', '.oxlintrc.json', 'package.json', 'tsconfig.json', 'tools/lint-rules.mjs'])
    cpSync(join(root, file), join(tree, file));
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  for (const lib of ['contracts', 'platform', 'kafka', 'registry', 'objects', 'broker', 'testing', 'lifecycle'])
    plant(`libs/${lib}/src/index.ts`, node('a'));
  for (const file of [
    'libs/kafka/src/plain.ts',
    'libs/kafka/src/open-kafka.ts',
    'libs/kafka/src/memory/index.ts',
    ...['strategy', 'bookkeeping', 'kafkajs', 'memory'].map((folder) => `libs/kafka/src/${folder}/plain.ts`),
    'apps/executor/src/plain.ts',
    'apps/executor/src/adapters/node/plain.ts',
    'apps/ingress/src/adapters/plain.ts',
    'apps/ingress/src/records/adapters/plain.ts',
    'apps/ingress/src/plain.ts',
    ...climbing.map(([room]) => `apps/ingress/src/${room}/plain.ts`),
    'test/plain.ts',
  ])
    plant(file, node('a'));
  plant('apps/ingress/src/b.ts', "import { a } from './a.ts';\nexport const b = a;\n");
  for (const [, file, text] of [...planted, ...lint]) plant(file, text);
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

describe('boundaries', () => {
  let fired: readonly string[];
  beforeAll(() => {
    const { stdout } = spawnSync(
      bin('depcruise'),
      ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'apps', 'libs', 'test'],
      {
        cwd: tree,
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string }; from: string }[] } };
    fired = summary.violations.map(({ rule, from }) => `${rule.name} ${from}`);
  }, 60_000);

  it.each(planted)('%s fires on %s', (rule, file) => {
    expect(fired).toContain(`${rule} ${file}`);
  });

  it('a check that sees too few modules fails', () => {
    const check = spawnSync(process.execPath, [join(root, 'tools/check-boundaries.mjs'), tree, '1000'], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` },
    });
    expect([check.status, check.stderr]).toEqual([1, expect.stringContaining('the check checks nothing')]);
  }, 60_000);
});

describe('lint', () => {
  let told: string;
  beforeAll(() => {
    try {
      execFileSync(bin('oxlint'), ['--format', 'unix'], { cwd: tree, encoding: 'utf8' });
      told = '';
    } catch (error) {
      told = String((error as { stdout?: unknown }).stdout);
    }
  }, 60_000);

  it.each(lint)('%s fires on %s', (rule, file) => {
    const lines = told.split('\n').filter((line) => line.includes(file));
    expect(lines.some((line) => line.includes(rule))).toBe(true);
  });
});
