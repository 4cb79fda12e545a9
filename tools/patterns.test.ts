/**
 * Goal: the check of regular expressions fires. Method: a folder with one hostile pattern of each
 * kind, and one sound pattern.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

it('finds patterns that take exponential or quadratic time, and patterns made at run time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sendoff-patterns-'));
  const lines = ['/^(a+)+$/', '/a+$/', "new RegExp('a' + 'b')", '/^a{1,9}$/'];
  writeFileSync(join(folder, 'planted.ts'), lines.map((line, index) => `export const p${index} = ${line};\n`).join(''));
  const { status, stderr, stdout } = spawnSync('node', [resolve(import.meta.dirname, 'check-patterns.mjs'), folder, '1'], {
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true });
  expect([status, stdout.trim()]).toEqual([1, 'patterns: 4 checked, 3 faults']);
  expect(stderr.split('\n').map((line) => line.replace(`${folder}/`, '').slice(0, 35))).toEqual([
    'planted.ts:1: /^(a+)+$/: exponentia',
    'planted.ts:2: /a+$/: 2nd degree pol',
    'planted.ts:3: write the pattern as ',
    '',
  ]);
});
