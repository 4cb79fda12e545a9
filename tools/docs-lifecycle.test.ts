/**
 * Goal: the diagrams of docs/lifecycle.md show the states, rules and conditions of the code.
 * Method: each arrow is parsed and compared with the source of the rule that it names.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Condition, conditions, statuses } from '#contracts';
import * as lifecycle from '#lifecycle';

const root = resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const sourceOf = (file: string) => read(`libs/lifecycle/src/${file}`);

interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly rule: string;
  readonly decision: string | undefined;
  readonly file: string;
  readonly causes: readonly string[];
}

/** The arrows of a diagram, without those to the end state. */
function arrowsOf(diagram: string): readonly Arrow[] {
  const lines = diagram.split('\n').filter((line) => line.includes('-->') && !line.trim().endsWith('[*]'));
  return lines.map((line) => {
    const arrow = /^ *(\S+) --> (\w+): (\w+)(?:, (\w+))? \(([\w-]+\.ts)\)(?: (.+))?$/.exec(line);
    if (arrow === null) throw new Error(`not an arrow with rule and file: ${line}`);
    const [, from = '', to = '', rule = '', decision, file = '', causes = ''] = arrow;
    return { from, to, rule, decision, file, causes: causes.split(', ').filter((cause) => cause !== '') };
  });
}

const [invocation = [], delivery = []] = [...read('docs/lifecycle.md').matchAll(/^```mermaid\n(.*?)^```$/gms)].map(
  ([, diagram = '']) => arrowsOf(diagram),
);
const statesOf = (arrows: readonly Arrow[]) =>
  new Set(arrows.flatMap(({ from, to }) => [from, to]).filter((state) => state !== '[*]'));
const unique = (texts: readonly string[]) => [...new Set(texts)].toSorted();
const nameOf = (condition: string) => (condition === '' ? 'success' : condition);

/** The words of a union of `kind`s in a source file. */
function kindsOf(file: string, type: string): readonly string[] {
  const [, union = ''] = new RegExp(`export type ${type} =(.*?);\\n\\n`, 's').exec(sourceOf(file)) ?? [];
  return [...union.matchAll(/kind: '([\w-]+)'/g)].map(([, kind = '']) => kind);
}

it.each([...invocation, ...delivery])('$rule of $file is a rule of the library', ({ rule, file }) => {
  expect(lifecycle).toHaveProperty(rule);
  expect(sourceOf(file)).toContain(`export function ${rule}(`);
});

describe('the diagram of an invocation', () => {
  it('has the states that records have', () => {
    expect([...statesOf(invocation)].toSorted()).toEqual(unique(statuses));
  });

  it.each(Object.entries(conditions))('leads with condition "%s" to its status', (condition, { status }) => {
    const arrows = invocation.filter(({ causes }) => causes.includes(nameOf(condition)));
    expect(unique(arrows.map(({ to }) => to))).toEqual([status]);
  });

  it.each(unique(invocation.map(({ file }) => file)))('shows every condition that %s decides, and no other', (file) => {
    const shown = invocation.filter((arrow) => arrow.file === file).flatMap(({ causes }) => causes);
    const all = (Object.keys(conditions) as Condition[]).filter((condition) => sourceOf(file).includes(`'${condition}'`));
    const decided = all.filter((condition) => condition !== '' || sourceOf(file).includes("condition: ''"));
    expect(unique(shown)).toEqual(unique(decided.map(nameOf)));
  });
});

describe('the diagram of a delivery', () => {
  it('has the states that records have', () => {
    const [, states = ''] = /readonly state: ([^;]+);/.exec(read('libs/contracts/src/status-record.ts')) ?? [];
    expect([...statesOf(delivery)].toSorted()).toEqual(unique([...states.matchAll(/'(\w+)'/g)].map(([, state = '']) => state)));
  });

  it('shows every decision of afterDelivery', () => {
    const shown = delivery.filter(({ rule }) => rule === 'afterDelivery').map(({ decision }) => decision ?? '');
    expect(unique(shown)).toEqual(unique(kindsOf('after-delivery.ts', 'DeliveryDecision')));
  });

  it('shows every way a try can end', () => {
    const shown = delivery.filter(({ rule }) => rule === 'afterDelivery').flatMap(({ causes }) => causes);
    expect(unique(shown)).toEqual(unique([...kindsOf('after-delivery.ts', 'TryResult'), 'postponed']));
  });
});
