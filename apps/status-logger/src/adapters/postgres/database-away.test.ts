/**
 * Goal: a database that is away costs no record and no process. A wrong server or account is an
 * error that says what to change.
 * Method: a real server, behind a proxy that cuts its connections or holds their bytes back.
 */
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { epochMs, type PlatformError } from '#contracts';
import type { StatusEvent } from '#lifecycle';
import { systemClock } from '#platform';
import { builtAt, builtUrn, eventually } from '#testing';
import { TcpProxy } from '../../../../../test/fault/tcp-proxy.ts';
import { ask, postgresPrograms, type RunningPostgres, startPostgres } from '../../../../../test/postgres-server.ts';
import type { StatusStore } from '../../status-store.ts';
import { openStatusStore } from '../open-status-store.ts';
import { PostgresStatusStore } from './postgres-status-store.ts';
import { serverFaults, storeError } from './server-faults.ts';

const programs = postgresPrograms();
const retentionMs = 24 * 3_600_000;
const unavailable = { code: 'STORE_UNAVAILABLE', retryable: true };
const nothing = async () => undefined;

const queued = (requestId: string): StatusEvent => ({
  ...{ kind: 'queued', requestId, functionUrn: builtUrn, project: 'p1', acceptedAt: builtAt, attempt: 1, lastError: '' },
});

describe.skipIf('missing' in programs)(`a database${'missing' in programs ? ` (${programs.missing})` : ''}`, () => {
  let server: RunningPostgres;
  let direct: string;
  let proxy: TcpProxy;
  let url: string;
  let lines: string[];
  let ended: PlatformError[];
  const stores: StatusStore[] = [];
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(async () => server?.stop());
  beforeEach(async () => {
    direct = await server.newDatabase();
    proxy = await TcpProxy.listen(Number(new URL(direct).port));
    url = direct.replace(/:\d+\//, `:${proxy.port}/`);
    lines = [];
    ended = [];
  });
  afterEach(async () => {
    proxy.close();
    for (const store of stores.splice(0)) await store.close();
  });

  const kept = (store: PostgresStatusStore): PostgresStatusStore => {
    stores.push(store);
    return store;
  };
  const open = async (answerTimeoutMs = 10_000, to = url) =>
    kept(await PostgresStatusStore.open({ url: to, retentionMs, answerTimeoutMs }, systemClock, Math.random));
  const openWaiting = async (to = url) => {
    const logger = pino({}, { write: (line: string) => void lines.push(line) });
    const hooks = { random: Math.random, logger, fatal: (error: PlatformError) => void ended.push(error) };
    const store = await openStatusStore({ dataDir: '.', databaseUrl: to, retentionMs }, systemClock, hooks);
    stores.push(store);
    return store;
  };
  const countOf = async (store: StatusStore) =>
    (await store.query({ project: 'p1', beginAt: epochMs(0), endAt: epochMs(builtAt + 1), offset: 0, limit: 1 })).count;

  it('that is cut in the middle of a transaction ends the call, and the next one goes well', async () => {
    const store = await open();
    const cutInside = store.fold([queued('a')], async () => {
      proxy.cut();
      // The connection breaks while no question is under way.
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    });
    await expect(cutInside).rejects.toMatchObject(unavailable);
    await expect(store.fold([queued('a')], nothing)).rejects.toMatchObject(unavailable);
    await expect(countOf(store)).rejects.toMatchObject(unavailable);
    proxy.heal();
    await store.fold([queued('a')], nothing);
    expect(await countOf(store)).toBe(1);
  });

  it('that answers nothing ends the call in time, and the next one has another connection', async () => {
    const store = await open(1_500);
    expect(await countOf(store)).toBe(0);
    proxy.hold();
    await expect(store.fold([queued('a')], nothing)).rejects.toMatchObject(unavailable);
    await expect(countOf(store)).rejects.toMatchObject(unavailable);
    proxy.heal();
    await eventually(async () =>
      store.fold([queued('a')], nothing).then(
        () => true,
        () => false,
      ),
    );
    expect(await countOf(store)).toBe(1);
  }, 20_000);

  it('that is away at the start is waited for, and the log says so', async () => {
    proxy.cut();
    const opened = openWaiting();
    await eventually(() => lines.some((line) => line.includes('the database does not answer')));
    proxy.heal();
    expect(await (await opened).isNew()).toBe(true);
    expect(lines.at(-1)).toContain('the database answers');
  });

  it.each<[what: string, prepare: string, change: (url: string) => string, says: RegExp]>([
    ['without the database', '', (to) => `${to}-missing`, /database "[\w-]+" does not exist.*DATABASE_URL/],
    ['without the account', '', (to) => to.replace('//sendoff@', '//nobody@'), /role "nobody" does not exist.*DATABASE_URL/],
    [
      'whose account may create nothing',
      'CREATE ROLE reader LOGIN',
      (to) => to.replace('//sendoff@', '//reader@'),
      /reader may not create tables in the schema public.*GRANT CREATE ON SCHEMA "public" TO "reader"/,
    ],
    [
      'whose tables belong to another account',
      'CREATE ROLE stranger LOGIN; CREATE TABLE invocations (id INTEGER); GRANT CREATE ON SCHEMA public TO stranger',
      (to) => to.replace('//sendoff@', '//stranger@'),
      /the table invocations belongs to sendoff.*ALTER TABLE "invocations" OWNER TO "stranger"/,
    ],
    [
      'one of whose tables belongs to another account',
      'CREATE ROLE late LOGIN; CREATE TABLE rejects (id INTEGER); GRANT CREATE ON SCHEMA public TO late',
      (to) => to.replace('//sendoff@', '//late@'),
      /the table rejects belongs to sendoff.*ALTER TABLE "rejects" OWNER TO "late"/,
    ],
    [
      'that is read only',
      '',
      (to) => `${to}?options=-c%20default_transaction_read_only%3Don`,
      /the database is read only: name the primary server/,
    ],
  ])('%s is an error at the start that says what to change', async (_what, prepare, change, says) => {
    if (prepare !== '') await ask(direct, prepare);
    const error = await openWaiting(change(direct)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'STORE_UNSUITABLE', retryable: false, message: expect.stringMatching(says) as string });
  });

  it.each<[what: string, change: string, code: string, says: RegExp]>([
    ['whose tables are dropped', 'DROP TABLE invocations CASCADE', 'STORE_DAMAGED', /relation "invocations" does not exist/],
    ['that loses a column', 'ALTER TABLE progress RENAME COLUMN partition TO other', 'STORE_DAMAGED', /column "partition"/],
    [
      'that takes a right away',
      'ALTER TABLE progress OWNER TO sendoff; ALTER TABLE invocations OWNER TO sendoff',
      'STORE_UNSUITABLE',
      /permission denied for table/,
    ],
  ])('%s while it is in use ends the process, and no record is refused for good', async (_what, change, code, says) => {
    await ask(direct, 'DROP ROLE IF EXISTS worker').catch(() => undefined);
    await ask(direct, `DO $$ BEGIN CREATE ROLE worker LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
    await ask(direct, 'GRANT CREATE ON SCHEMA public TO worker');
    const store = await openWaiting(direct.replace('//sendoff@', '//worker@'));
    await store.fold([queued('a')], nothing);
    await ask(direct, change);
    const progress = [{ topic: 't', partition: 0, finishedTo: 1n }];
    await expect(store.fold([queued('b')], nothing, progress)).rejects.toMatchObject(unavailable);
    await expect(store.fold([queued('b')], nothing, progress)).rejects.toMatchObject(unavailable);
    expect(ended).toEqual([expect.objectContaining({ code, message: expect.stringMatching(says) as string })]);
  });

  it('with a table of another application is an error at the start', async () => {
    await ask(direct, 'CREATE TABLE notices (id INTEGER)');
    await expect(openWaiting(direct)).rejects.toThrow(/relation "notices" already exists: name a database/);
  });

  it('that has lost some of its tables is an error at the start that says how to begin anew', async () => {
    await (await PostgresStatusStore.open({ url: direct, retentionMs }, systemClock, Math.random)).close();
    await ask(direct, 'DROP TABLE invocations, tags CASCADE');
    const found = await ask(
      direct,
      "SELECT count(*) AS n FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace",
    );
    const error: unknown = await openWaiting(direct).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'STORE_UNSUITABLE',
      message: expect.stringContaining('tables are gone: invocations, tags') as string,
    });
    const drop = /DROP TABLE IF EXISTS [\w, ]+/.exec((error as Error).message)?.[0] ?? '';
    expect(drop.split(',')).toHaveLength(Number(found[0]?.['n']));
    await ask(direct, drop);
    expect(await (await openWaiting(direct)).isNew()).toBe(true);
  });

  it('the migrations of another application, in a schema of its own, are left alone', async () => {
    await ask(direct, 'CREATE SCHEMA app; CREATE TABLE app.kysely_migration (name TEXT, timestamp TEXT)');
    await ask(direct, "INSERT INTO app.kysely_migration VALUES ('zz-of-app', '')");
    const store = await PostgresStatusStore.open({ url: direct, retentionMs }, systemClock, Math.random);
    expect(await store.isNew()).toBe(true);
    await store.close();
  });
});

it.each([
  ['CERT_HAS_EXPIRED', 'STORE_UNSUITABLE'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'STORE_UNSUITABLE'],
  ['ECONNREFUSED', 'STORE_UNAVAILABLE'],
])('an error %s of the connection is %s', (code, expected) => {
  expect(storeError(Object.assign(new Error('no'), { code }))).toMatchObject({ code: expected });
});

it.each<[version: number, faults: RegExp | undefined]>([
  [130_022, /PostgreSQL is version 13.22, and Sendoff needs 14 or newer: update the server/],
  [140_000, undefined],
  [180_001, undefined],
])('judges the version %i of a server', (version, says) => {
  const facts = { version, who: 'sendoff', schema: 'public', mayCreate: true, isReadOnly: false, strangers: [] };
  const faults = serverFaults(facts).join('\n');
  if (says === undefined) expect(faults).toBe('');
  else expect(faults).toMatch(says);
});
