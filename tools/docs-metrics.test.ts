/**
 * Goal: docs/operations.md explains every metric, and no other.
 * Method: the sources are searched for names that are registered with prom-client.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const sources = ['apps', 'libs']
  .flatMap((top) => readdirSync(join(root, top), { recursive: true, encoding: 'utf8' }).map((file) => join(top, file)))
  .filter((file) => /^\w+\/[\w-]+\/src\/.*\.ts$/.test(file) && !/\.(test|conformance)\.ts$/.test(file));

/** `name: 'sendoff_x'` of a metric's options, or the second argument of `gaugeOf` and its like. */
const registration = /(?:name: |gauge\w*\(\s*\w+,\s*)'(sendoff_\w+)'/g;

const registered = new Set(
  sources.flatMap((file) => [...readFileSync(join(root, file), 'utf8').matchAll(registration)].map(([, name]) => name)),
);
const page = readFileSync(join(root, 'docs/operations.md'), 'utf8');
const explained = new Set([...page.matchAll(/^\| `(sendoff_\w+)` \|/gm)].map(([, name]) => name));

it('metrics are found in the sources', () => {
  expect(registered.size).toBeGreaterThan(20);
});

it('every metric of the code has a row in docs/operations.md', () => {
  expect([...registered].filter((name) => !explained.has(name))).toEqual([]);
});

it('every row of docs/operations.md is about a metric of the code', () => {
  expect([...explained].filter((name) => !registered.has(name))).toEqual([]);
});
