/**
 * Goal: a tester that knows nothing but the document finds no fault in the service. Method:
 * Schemathesis makes requests from the document of a running installation, right ones and wrong
 * ones, and holds each answer against it.
 */
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { output, pythonWith } from '../foreign-tools.ts';
import { Installation } from './installation.ts';

const folder = resolve('test/e2e/schemathesis');
const runTimeoutMs = 420_000;
const seed = process.env['SEED'] ?? '1';
const casesMin = 1_000;
const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
  'ignored_auth',
  'use_after_free',
];

let installation: Installation;
beforeAll(async () => {
  installation = await Installation.start({ brokers: inject('kafkaBrokers') });
  await installation.client.createFunction('pinned', 'exports.handler = async (event) => event;');
  await installation.client.must('POST', '/notifications/topics', { name: 'pinned', display_name: '' });
});
afterAll(async () => installation?.stop());

it(
  'Schemathesis finds no answer that the document does not tell of, and no wrong request that is taken',
  async ({ skip }) => {
    const python = await pythonWith(`${folder}/requirements.txt`);
    if ('missing' in python) return skip(python.missing);
    const printed = await output(
      join(python.command, '..', 'schemathesis'),
      [
        ...['--config-file', `${folder}/schemathesis.toml`, 'run', `${installation.url}/openapi.json`],
        ...['--header', 'X-Auth-Token: e2e-token', '--checks', checks.join(',')],
        // One worker: with more, Python 3.11 and 3.12 now and then fail within the tester ("AST
        // constructor recursion depth mismatch").
        ...['--max-examples', '2', '--seed', seed, '--workers', '1', '--continue-on-failure', '--no-color'],
      ],
      // It keeps a cache where it is started.
      { cwd: installation.dataDir, timeoutMs: runTimeoutMs },
    );
    expect(Number(/(\d+) generated/.exec(printed)?.[1])).toBeGreaterThanOrEqual(casesMin);
  },
  runTimeoutMs + 60_000,
);
