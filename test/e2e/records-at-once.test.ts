/**
 * Goal: a list of records that is asked for right after a 202 holds the invocation, whichever
 * process keeps its record. Method: one installation with a database of PostgreSQL, and a second
 * status-logger beside its own. Each of the two reads a part of the partitions, and the API asks
 * one of them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { freePort } from '../free-port.ts';
import { postgresPrograms, type RunningPostgres, startPostgres } from '../postgres-server.ts';
import { emptyLists } from './empty-lists.ts';
import { Installation } from './installation.ts';

const programs = postgresPrograms();
const missing = 'missing' in programs ? programs.missing : '';

let postgres: RunningPostgres | undefined;
let installation: Installation | undefined;
let second: ChildProcess | undefined;

beforeAll(async () => {
  if (missing !== '') return;
  postgres = await startPostgres();
  const env = { DATABASE_URL: await postgres.newDatabase(), KAFKA_PARTITIONS: '4' };
  installation = await Installation.start({ brokers: inject('kafkaBrokers'), env });
  second = await startBeside(installation);
}, 90_000);
afterAll(async () => {
  second?.kill('SIGKILL');
  await installation?.stop();
  await postgres?.stop();
});

/** Starts a second status-logger with the settings of the first. Resolves when it is ready. */
async function startBeside(running: Installation): Promise<ChildProcess> {
  const pid = await eventually(async () => running.pidOf('status-logger'));
  const lines = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
  // The channel to its parent is not for the second one.
  const settings = lines.filter((line) => line.includes('=') && !line.startsWith('NODE_CHANNEL'));
  const environment = Object.fromEntries(settings.map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]));
  const port = await freePort();
  const child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', 'dist/apps/status-logger/src/main.js'], {
    env: { ...environment, SERVICE_PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const isReady = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  await eventually(async () => isReady().catch(() => false), { deadlineMs: 30_000 });
  return child;
}

it('finds an invocation whose record another status-logger keeps', { timeout: 60_000 }, async ({ skip }) => {
  if (installation === undefined) return skip(missing);
  await installation.client.createFunction('listed', 'exports.handler = async () => 1;');
  expect(await emptyLists(installation.client, 'listed')).toBe(0);
});
