/**
 * Goal: dashboard and alerts name metrics that exist, and each alert has a paragraph that tells
 * what to do. Method: the files are compared with the tables of docs/operations.md, and another
 * test compares those with the code. `promtool` checks the rules where it is installed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const root = resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const rulesFile = 'deploy/helm/sendoff/files/alerts.yaml';
const rules = read(rulesFile);
const dashboard = read('deploy/helm/sendoff/files/dashboard.json');
const explained = new Set([...read('docs/operations.md').matchAll(/^\| `(sendoff_\w+)` \|/gm)].map(([, name]) => name ?? ''));
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

/** The metrics that a text names, without the suffixes of histograms. */
function metricsIn(text: string): readonly string[] {
  const names = [...text.matchAll(/sendoff_\w+/g)].map(([name]) => name);
  return [...new Set(names.map((name) => (explained.has(name) ? name : name.replace(/_(bucket|count|sum)$/, ''))))];
}

it.each([
  ['the dashboard', dashboard],
  ['the alerts', rules],
  ['docs/observability.md', read('docs/observability.md')],
  ['docs/alerts.md', read('docs/alerts.md')],
])('%s names only metrics that exist', (_what, text) => {
  expect(metricsIn(text).length).toBeGreaterThan(2);
  expect(metricsIn(text).filter((name) => !explained.has(name))).toEqual([]);
});

it('each alert has a paragraph in docs/alerts.md, and each paragraph an alert', () => {
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const paragraphs = [...read('docs/alerts.md').matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
  expect(alerts.length).toBeGreaterThan(5);
  expect(paragraphs).toEqual(alerts);
});

it('each panel of the dashboard asks the data source of the variable, and has a place of its own', () => {
  const { panels, templating } = JSON.parse(dashboard) as {
    readonly panels: readonly { id: number; type: string; datasource?: { uid: string }; targets?: readonly { expr: string }[] }[];
    readonly templating: { readonly list: readonly { name: string; type: string }[] };
  };
  expect(templating.list.map(({ name, type }) => [name, type])).toEqual([
    ['datasource', 'datasource'],
    ['namespace', 'query'],
    ['release', 'query'],
  ]);
  const asking = panels.filter(({ type }) => type !== 'row');
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(new Set(asking.map(({ datasource }) => datasource?.uid))).toEqual(new Set(['${datasource}']));
  expect(asking.filter(({ targets = [] }) => targets.length === 0)).toEqual([]);
});

it('each question of the dashboard is about the chosen installations', () => {
  const { panels } = JSON.parse(dashboard) as { readonly panels: readonly { targets?: readonly { expr: string }[] }[] };
  const asked = panels.flatMap(({ targets = [] }) => targets).flatMap(({ expr }) => expr.match(/sendoff_\w+(\{[^}]*\})?/g) ?? []);
  const chosen = '{namespace=~"$namespace",app_kubernetes_io_instance=~"$release"';
  expect(asked.length).toBeGreaterThan(15);
  expect(asked.filter((metric) => !metric.includes(chosen))).toEqual([]);
});

it.skipIf(!hasPromtool)('promtool accepts the rules (skipped without promtool of the package prometheus)', () => {
  expect(execFileSync('promtool', ['check', 'rules', join(root, rulesFile)], { encoding: 'utf8' })).toContain('SUCCESS');
});

const ruleTests = 'test/alerts/alerts.test.yaml';

it.skipIf(!hasPromtool)(
  'each alert fires when it should, and only then (skipped without promtool of the package prometheus)',
  () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', join(root, ruleTests)], { encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toContain('SUCCESS');
    expect(status).toBe(0);
  },
  30_000,
);

it('each alert is tested with an input for which it fires, and one for which it does not', () => {
  const { tests } = parse(read(ruleTests)) as {
    readonly tests: readonly { readonly alert_rule_test: readonly { alertname: string; exp_alerts: readonly unknown[] }[] }[];
  };
  const cases = tests.map(({ alert_rule_test: checks }) => checks);
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const fires = (checks: (typeof cases)[number], name: string | undefined) =>
    checks.some(({ alertname, exp_alerts: expected }) => alertname === name && expected.length > 0);
  const staysSilent = (checks: (typeof cases)[number], name: string | undefined) =>
    checks.some(({ alertname }) => alertname === name) && !fires(checks, name);
  expect(alerts.filter((name) => !cases.some((checks) => fires(checks, name)))).toEqual([]);
  expect(alerts.filter((name) => !cases.some((checks) => staysSilent(checks, name)))).toEqual([]);
});
