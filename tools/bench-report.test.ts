import { describe, expect, it } from 'vitest';
import { type BenchResult, pageOf, type RowResult, withEarlierRows } from '../test/bench/report.ts';

function row(name: string, perSecond: number): RowResult {
  return { name, rounds: { sendoff: [{ perSecond }] } };
}

function run(commit: string, ...rows: RowResult[]): BenchResult {
  return { at: '2026-12-01T08:00:00.000Z', machine: '2 x cores', versions: { commit }, rows };
}

const names = ['a', 'b', 'c'];
const described = names.map((name) => ({ name, says: `Row ${name}.`, goals: [] }));
const earlier = run('1111111', row('a', 10), row('b', 20));

describe('tables of the benchmark', () => {
  it('keep the rows that a run did not measure, in the order of all rows', () => {
    const joined = withEarlierRows(run('2222222', row('c', 33), row('a', 11)), names, earlier);
    expect(joined.rows.map(({ name, rounds }) => [name, rounds['sendoff']?.[0]?.['perSecond']])).toEqual([
      ['a', 11],
      ['b', 20],
      ['c', 33],
    ]);
  });

  it('say which run a kept row is of, also after two runs without it', () => {
    const second = withEarlierRows(run('2222222', row('a', 11)), names, earlier);
    const third = withEarlierRows(run('3333333', row('a', 12)), names, second);
    const page = pageOf(described, third);
    expect(page).toContain('Row b.\n\nMeasured 2026-12-01 on 2 x cores. commit 1111111.');
    expect(page).toMatch(/^Measured 2026-12-01 on 2 x cores\. commit 3333333\.$/mu);
    expect(page).toMatch(/^Row a\.$/mu);
  });

  it('show the earlier figure beside a row, also when a later run kept the row', () => {
    const second = withEarlierRows(run('2222222', row('a', 11)), names, earlier);
    const third = withEarlierRows(run('3333333', row('b', 22)), names, second);
    expect(pageOf(described, third)).toContain('| perSecond | 11 | 10 |');
    expect(pageOf(described, third)).toContain('| perSecond | 22 | 20 |');
  });

  it('show no earlier figure beside a row that was measured once', () => {
    const page = pageOf(described, withEarlierRows(run('2222222', row('a', 11)), names, earlier));
    expect(page).toContain('| perSecond | 20 |  |');
  });

  it('name no run of their own for a row of the same commit and day', () => {
    const page = pageOf(described, withEarlierRows(run('1111111', row('a', 11)), names, earlier));
    expect(page).toMatch(/^Row b\.$/mu);
  });
});
