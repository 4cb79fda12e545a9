/**
 * Goal: the official SDKs work against an installation with nothing changed but their endpoint.
 * Method: each is driven, in its own language, over every operation that the compatibility table
 * offers, and tells of each how it went.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { jarsOf, output, pythonWith, systemTool } from '../foreign-tools.ts';
import { Installation } from './installation.ts';

const buildTimeoutMs = 300_000;
let installation: Installation;
let env: Record<string, string>;

beforeAll(async () => {
  installation = await Installation.start({ brokers: inject('kafkaBrokers') });
  const file = join(installation.dataDir, 'credentials.json');
  const { accessKey = '', secretKey = '' } = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  env = {
    SENDOFF_URL: installation.url,
    SENDOFF_PROJECT_ID: 'p1',
    SENDOFF_ACCESS_KEY: accessKey,
    SENDOFF_SECRET_KEY: secretKey,
  };
});
afterAll(async () => installation?.stop());

/**
 * @param printed a line of JSON an operation.
 * @param operationsMin fewer would mean that the driver ended early.
 */
function expectNoFault(printed: string, operationsMin: number): void {
  const lines = printed.trim().split('\n');
  const results = lines.map((line) => JSON.parse(line) as { readonly operation: string; readonly fault: string | null });
  expect(results.filter(({ fault }) => fault !== null)).toEqual([]);
  expect(results.length).toBeGreaterThanOrEqual(operationsMin);
}

it('the Python SDK, for functions and for topics', async ({ skip }) => {
  const python = await pythonWith('test/e2e/python-sdk/requirements.txt');
  if ('missing' in python) return skip(python.missing);
  expectNoFault(await output(python.command, ['test/e2e/python-sdk/operations.py'], { env }), 38);
});

it('the Java SDK, for functions and for topics', async ({ skip }) => {
  const jars = await jarsOf('test/e2e/java-sdk/pom.xml');
  if ('missing' in jars) return skip(jars.missing);
  // Java compiles a single file as it starts it, so nothing is built and kept.
  const args = ['-XX:TieredStopAtLevel=1', '-Dfile.encoding=UTF-8', '-cp', jars.classPath, 'test/e2e/java-sdk/Operations.java'];
  expectNoFault(await output('java', args, { env }), 49);
}, 300_000);

it(
  'the Go SDK',
  async ({ skip }) => {
    const go = await systemTool('go', 'version');
    if ('missing' in go) return skip(go.missing);
    const binary = join(homedir(), '.cache', 'sendoff', 'bin', 'official-go-sdk');
    await mkdir(join(binary, '..'), { recursive: true });
    await output('go', ['build', '-o', binary, '.'], { cwd: 'test/e2e/go-sdk', timeoutMs: buildTimeoutMs });
    expectNoFault(await output(binary, [], { env }), 27);
  },
  buildTimeoutMs + 90_000,
);
