/**
 * Measures rows of the benchmark: `npm run bench -- [row ...] [--peers] [--rounds n] [--write]`.
 * Without names it measures all rows. `--peers` measures BullMQ in turn with Sendoff. The JSON of a
 * run is kept in test/bench/results. `--write` makes docs/performance.md and its plots from it, and
 * keeps it as the baseline that later runs are compared with. Rows that it did not measure stay.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { bullmq } from './bullmq.ts';
import type { Contender } from './contender.ts';
import { machine } from './installation.ts';
import { type BenchResult, besideEarlier, pageOf, plotOf, type RowResult, tableOf, withEarlierRows } from './report.ts';
import type { Figures } from './figures.ts';
import { measure, type Row, rows } from './rows.ts';
import { sendoff } from './sendoff.ts';

const baselineFile = 'test/bench/baseline.json';
const page = 'docs/performance.md';
const [begin, end] = ['<!-- measured -->', '<!-- /measured -->'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
  },
});
const unknown = positionals.find((name) => rows.every((row) => row.name !== name));
if (unknown !== undefined) {
  console.error(`no row is named ${unknown}; there are: ${rows.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const chosen = rows.filter(({ name }) => positionals.length === 0 || positionals.includes(name));

async function read(file: string): Promise<BenchResult | undefined> {
  return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as BenchResult) : undefined;
}

function versionOf(file: string, args: readonly string[]): string {
  try {
    return (
      execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
        .trim()
        .split('\n')[0] ?? ''
    );
  } catch {
    return 'unknown';
  }
}

/** The contenders take turns, so that a machine that slows down slows all of them. */
async function measureRow(row: Row): Promise<RowResult> {
  const contenders: readonly Contender[] = values.peers && row.ofContender !== undefined ? [sendoff, bullmq] : [sendoff];
  const rounds: Record<string, Figures[]> = Object.fromEntries(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round += 1)
    for (const contender of contenders) rounds[contender.name]?.push(await measure(row, contender));
  return { name: row.name, rounds };
}

async function write(result: BenchResult): Promise<void> {
  await writeFile(baselineFile, `${JSON.stringify(result, null, 2)}\n`);
  await mkdir('docs/performance', { recursive: true });
  for (const one of result.rows) {
    const row = rows.find(({ name }) => name === one.name);
    const plot = row === undefined ? undefined : plotOf(row, one);
    if (plot !== undefined) await writeFile(`docs/performance/${one.name}.svg`, plot);
  }
  const text = await readFile(page, 'utf8');
  const head = text.slice(0, text.indexOf(begin) + begin.length);
  await writeFile(page, `${head}\n${pageOf(rows, result)}\n${text.slice(text.indexOf(end))}`);
}

const baseline = await read(baselineFile);
const results: RowResult[] = [];
for (const row of chosen) {
  const result = await measureRow(row);
  results.push(result);
  const kept = baseline?.rows.find(({ name }) => name === row.name);
  console.log(`\n${row.name}: ${row.says}\n${tableOf(row, besideEarlier(result, kept))}`);
}
const result: BenchResult = {
  at: new Date().toISOString(),
  machine,
  versions: {
    commit: versionOf('git', ['rev-parse', '--short', 'HEAD']),
    'Node.js': process.version,
    ...(values.peers ? { Redis: /v=(\S+)/.exec(versionOf('redis-server', ['--version']))?.[1] ?? 'unknown' } : {}),
  },
  rows: results,
};
await mkdir('test/bench/results', { recursive: true });
await writeFile(`test/bench/results/${result.at.replaceAll(':', '-')}.json`, `${JSON.stringify(result, null, 2)}\n`);
const names = rows.map(({ name }) => name);
if (values.write) await write(withEarlierRows(result, names, baseline));
process.exit(0);
