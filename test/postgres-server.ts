/** A real PostgreSQL for tests, on a folder of its own. Debian's package `postgresql` brings it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { eventually } from '#testing';
import { freePort } from '#broker';

const run = promisify(execFile);
const versionsFolder = '/usr/lib/postgresql';

/** A server that answers. */
export interface RunningPostgres {
  /** Creates an empty database. @returns its URL. */
  newDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/** The folder with the programs of the server, or a reason in words why there is none. */
export function postgresPrograms(): { readonly folder: string } | { readonly missing: string } {
  const versions = existsSync(versionsFolder) ? readdirSync(versionsFolder).sort((a, b) => Number(b) - Number(a)) : [];
  const folder = versions.map((version) => join(versionsFolder, version, 'bin')).find((bin) => existsSync(join(bin, 'postgres')));
  return folder === undefined ? { missing: 'PostgreSQL is not there: install the package postgresql' } : { folder };
}

/** Starts a server. It ends with this process. @throws an error if there is no program. */
export async function startPostgres(settings: readonly string[] = ['fsync=off']): Promise<RunningPostgres> {
  const programs = postgresPrograms();
  if ('missing' in programs) throw new Error(programs.missing);
  const data = await mkdtemp(join(tmpdir(), 'sendoff-postgres-'));
  // The server refuses to run as root.
  const asUser = userInfo().uid === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', '--'] : [];
  if (asUser.length > 0) await chown(data, ...(await idsOf('postgres')));
  const [command, ...before] = [...asUser, join(programs.folder, 'initdb')];
  await run(command, [...before, '-D', data, '-U', 'sendoff', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']);
  const port = await freePort();
  const options = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', ...settings];
  const line = ['setpriv', '--pdeathsig', 'KILL', '--', ...asUser, join(programs.folder, 'postgres'), '-D', data];
  const server = spawn(line[0] ?? '', [...line.slice(1), ...options.flatMap((option) => ['-c', option])], { stdio: 'ignore' });
  const url = (database: string) => `postgres://sendoff@127.0.0.1:${port}/${database}`;
  await eventually(async () => ask(url('postgres'), 'SELECT 1').catch(() => undefined));
  let databases = 0;
  return {
    newDatabase: async () => {
      const name = `database_${(databases += 1)}`;
      await ask(url('postgres'), `CREATE DATABASE ${name}`);
      return url(name);
    },
    stop: async () => {
      await ended(server);
      await rm(data, { recursive: true });
    },
  };
}

/** Asks one question on a connection of its own. */
export async function ask(url: string, question: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(question)).rows;
  } finally {
    await client.end();
  }
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const exit = new Promise((resolve) => server.once('exit', resolve));
  // The fast way down: connections are cut.
  server.kill('SIGINT');
  await exit;
}

async function idsOf(user: string): Promise<[number, number]> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, user])).stdout)));
  return [uid ?? 0, gid ?? 0];
}
