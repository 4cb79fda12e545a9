/**
 * Goal: a list of records that is asked for right after a 202 holds the invocation, whichever
 * process keeps its record. And a database that is away stops no invocation. Method: one
 * installation with a database of PostgreSQL behind a proxy, and a second status-logger beside its
 * own. Each of the two reads a part of the partitions, and the API asks one of them.
 */
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { TcpProxy } from '../fault/tcp-proxy.ts';
import { postgresPrograms, type RunningPostgres, startPostgres } from '../postgres-server.ts';
import { emptyLists } from './empty-lists.ts';
import { Installation } from './installation.ts';

const programs = postgresPrograms();
const missing = 'missing' in programs ? programs.missing : '';

let postgres: RunningPostgres | undefined;
let proxy: TcpProxy | undefined;
let installation: Installation | undefined;
let second: ChildProcess | undefined;

beforeAll(async () => {
  if (missing !== '') return;
  postgres = await startPostgres();
  const database = new URL(await postgres.newDatabase());
  proxy = await TcpProxy.listen(Number(database.port));
  database.port = String(proxy.port);
  const env = { DATABASE_URL: database.href, KAFKA_PARTITIONS: '4' };
  installation = await Installation.start({ brokers: inject('kafkaBrokers'), env });
  second = await installation.startBeside('status-logger');
}, 90_000);
afterAll(async () => {
  second?.kill('SIGKILL');
  await installation?.stop();
  proxy?.close();
  await postgres?.stop();
});

it('finds an invocation whose record another status-logger keeps', { timeout: 60_000 }, async ({ skip }) => {
  if (installation === undefined) return skip(missing);
  await installation.client.createFunction('listed', 'exports.handler = async () => 1;');
  expect(await emptyLists(installation.client, 'listed')).toBe(0);
});

it('runs invocations while the database is away, and has their records afterwards', { timeout: 90_000 }, async ({ skip }) => {
  if (installation === undefined || proxy === undefined) return skip(missing);
  const { client } = installation;
  await client.createFunction('kept', 'exports.handler = async (event) => { console.log("ran", event.n); };');
  proxy.cut();
  const requestIds = await Promise.all([1, 2, 3].map(async (n) => client.invoke('kept', { n })));
  const records = '/fgs/functions/kept/async-invocations';
  await eventually(
    async () => {
      const { status, headers } = await client.call('GET', records);
      return status === 503 && Number(headers.get('retry-after')) > 0;
    },
    { deadlineMs: 20_000 },
  );
  // The functions' logs lie with the executor, so they tell of the runs meanwhile.
  const logs = async () => client.must<{ logs: { content: string }[] }>('GET', '/sendoff/functions/kept/logs');
  await eventually(async () => (await logs()).logs.filter(({ content }) => content.startsWith('ran')).length === 3, {
    deadlineMs: 20_000,
  });
  proxy.heal();
  for (const requestId of requestIds) expect(await client.ended('kept', requestId)).toMatchObject({ status: 'SUCCESS' });
});
