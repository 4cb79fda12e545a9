/**
 * Goal: a database whose certificate comes from an authority of its own is reached by naming it.
 * Method: a real server with TLS.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, systemClock } from '#platform';
import { Authority } from '../../../../../test/certificates.ts';
import { ask, postgresPrograms, type RunningPostgres, startPostgres } from '../../../../../test/postgres-server.ts';
import { StatusLoggerConfig } from '../../status-logger.config.ts';
import { openStatusStore } from '../open-status-store.ts';

const programs = postgresPrograms();

describe.skipIf('missing' in programs)(`a database with TLS${'missing' in programs ? ` (${programs.missing})` : ''}`, () => {
  let folder: string;
  let server: RunningPostgres;
  let url: string;
  let right: Authority;
  let wrong: Authority;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sendoff-database-ca-'));
    [right, wrong] = await Promise.all([Authority.create(folder, 'right'), Authority.create(folder, 'wrong')]);
    const { certificate, key } = await right.certify('database', 'IP:127.0.0.1');
    // The server takes a key only of its own user.
    if (userInfo().uid === 0) execFileSync('chown', ['-R', 'postgres', folder]);
    server = await startPostgres(['fsync=off', 'ssl=on', `ssl_cert_file=${certificate}`, `ssl_key_file=${key}`]);
    url = await server.newDatabase();
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true });
  });

  const open = async (env: Readonly<Record<string, string>>) => {
    const hooks = { random: Math.random, logger: pino({ level: 'silent' }), fatal: () => undefined };
    const config = loadConfig(StatusLoggerConfig, env);
    return openStatusStore({ ...config, retentionMs: 3_600_000 }, systemClock, hooks);
  };
  const encrypted = `SELECT bool_and(ssl) AS "all" FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
    WHERE application_name = 'sendoff status-logger'`;

  it('is reached over TLS with DATABASE_CA_FILE', async () => {
    const store = await open({ DATABASE_URL: url, DATABASE_CA_FILE: right.file });
    expect(await ask(url, encrypted)).toEqual([{ all: true }]);
    await store.close();
  });

  it.each<[mode: string, isEncrypted: boolean]>([
    ['sslmode=disable', false],
    ['sslmode=no-verify', true],
    ['sslmode=require&uselibpqcompat=true', true],
  ])('is reached by a URL with %s, encrypted: %s', async (mode, isEncrypted) => {
    const store = await open({ DATABASE_URL: `${url}?${mode}` });
    expect(await ask(url, encrypted)).toEqual([{ all: isEncrypted }]);
    await store.close();
  });

  it.each(['prefer', 'require', 'verify-ca'])('is refused by a URL with sslmode=%s, as with verify-full', async (mode) => {
    await expect(open({ DATABASE_URL: `${url}?sslmode=${mode}` })).rejects.toThrow(/not trusted/);
  });

  it.each<[what: string, env: () => Readonly<Record<string, string>>, says: RegExp]>([
    ['with TLS and no authority', () => ({ DATABASE_URL: `${url}?sslmode=verify-full` }), /not trusted.*DATABASE_CA_FILE/],
    ['with another authority', () => ({ DATABASE_URL: url, DATABASE_CA_FILE: wrong.file }), /not trusted.*DATABASE_CA_FILE/],
    [
      'by a name that the certificate lacks',
      () => ({ DATABASE_URL: url.replace('127.0.0.1', 'localhost'), DATABASE_CA_FILE: right.file }),
      /not trusted.*DATABASE_CA_FILE/,
    ],
    ['with a missing file', () => ({ DATABASE_URL: url, DATABASE_CA_FILE: '/none.pem' }), /DATABASE_CA_FILE: the file cannot/],
    [
      'with two words about TLS',
      () => ({ DATABASE_URL: `${url}?sslmode=disable`, DATABASE_CA_FILE: right.file }),
      /DATABASE_CA_FILE: takes the place of sslmode in DATABASE_URL/,
    ],
    ['without a URL', () => ({ DATABASE_CA_FILE: right.file }), /DATABASE_CA_FILE: needs DATABASE_URL/],
  ])('%s is an error at the start that says what to change', async (_what, env, says) => {
    await expect(open(env())).rejects.toThrow(says);
  });
});
