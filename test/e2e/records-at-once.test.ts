/**
 * Goal: a list of records that is asked for right after a 202 holds the invocation, whichever
 * process keeps its record. Method: one installation with a database of PostgreSQL, and a second
 * status-logger beside its own. Each of the two reads a part of the partitions, and the API asks
 * one of them.
 */
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
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
  second = await installation.startBeside('status-logger');
}, 90_000);
afterAll(async () => {
  second?.kill('SIGKILL');
  await installation?.stop();
  await postgres?.stop();
});

it('finds an invocation whose record another status-logger keeps', { timeout: 60_000 }, async ({ skip }) => {
  if (installation === undefined) return skip(missing);
  await installation.client.createFunction('listed', 'exports.handler = async () => 1;');
  expect(await emptyLists(installation.client, 'listed')).toBe(0);
});
