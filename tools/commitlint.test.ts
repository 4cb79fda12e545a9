/**
 * Goal: commit messages follow the conventions of CONTRIBUTING.md.
 * Method: commitlint reads planted messages with the configuration of the project.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** The names of the rules a message breaks; none if it breaks none. */
function broken(message: string): readonly string[] {
  const { stdout } = spawnSync(join(root, 'node_modules/.bin/commitlint'), [], { cwd: root, input: message, encoding: 'utf8' });
  return [...stdout.matchAll(/\[([a-z-]+)\]/g)].map(([, rule = '']) => rule);
}

const subject = (length: number) => `fix(ingress): ${'a'.repeat(length - 'fix(ingress): '.length)}`;

it.each<[claim: string, message: string, rules: readonly string[]]>([
  ['a subject of 72 characters passes', subject(72), []],
  ['a subject of 73 characters fails', subject(73), ['header-max-length']],
  ['a scope that is no app or library fails', 'fix(everything): close connections', ['scope-enum']],
  ['a line of 101 characters in the body fails', `${subject(40)}\n\n${'a'.repeat(101)}`, ['body-max-line-length']],
])('%s', (_claim, message, rules) => {
  expect(broken(message)).toEqual(rules);
});

it('every app and every library is a scope', () => {
  const config = readFileSync(join(root, 'commitlint.config.mjs'), 'utf8');
  const scopes = [...readdirSync(join(root, 'apps')), ...readdirSync(join(root, 'libs'))];
  expect(scopes.filter((scope) => !config.includes(`'${scope}'`))).toEqual([]);
});
