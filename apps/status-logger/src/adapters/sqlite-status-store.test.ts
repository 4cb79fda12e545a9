/**
 * Goal: a file of any earlier version opens with all its records, and a file of a later version is
 * refused.
 * Method: the schemas of earlier versions are kept here as they were written then.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { epochMs, type StatusRecord } from '#contracts';
import { type Clock, systemClock } from '#platform';
import { builtAt, builtUrn } from '#testing';
import { statusStoreConformance } from '../status-store.conformance.ts';
import { invocationColumns } from './invocation-rows.ts';
import { SqliteStatusStore } from './sqlite-status-store.ts';

statusStoreConformance('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sendoff-sqlite-'));
  return {
    open: async () => SqliteStatusStore.open(join(folder, 'status.db'), systemClock),
    remove: async () => rm(folder, { recursive: true }),
  };
});

/** The schema before Kysely's Migrator, whose steps were counted in `user_version`. */
const version1 = `CREATE TABLE invocations (
    request_id TEXT PRIMARY KEY, function_urn TEXT NOT NULL, project TEXT NOT NULL, status TEXT NOT NULL, stage INTEGER NOT NULL,
    error_code INTEGER NOT NULL, error_message TEXT NOT NULL, accepted_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER,
    attempts INTEGER NOT NULL, due_at INTEGER, deliveries TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX invocations_by_function ON invocations (project, function_urn, accepted_at DESC);
  CREATE INDEX invocations_by_age ON invocations (accepted_at);
  PRAGMA user_version = 1;`;
const version2 = `${version1}
  DROP INDEX invocations_by_function;
  CREATE INDEX invocations_by_function ON invocations (project, function_urn, accepted_at DESC, status);
  PRAGMA user_version = 2;`;
const row = `INSERT INTO invocations (request_id, function_urn, project, status, stage, error_code, error_message, accepted_at,
  started_at, ended_at, attempts, due_at, deliveries) VALUES ('r1', '${builtUrn}', 'p1', 'FAIL', 9007199254740991, 4204, 'too much', ${builtAt},
  ${builtAt + 1}, ${builtAt + 2}, 3, NULL, '[{"deliveryId":"DIS:x","state":"delivered","tries":1,"at":${builtAt + 3}}]')`;
const record: StatusRecord = {
  requestId: 'r1',
  functionUrn: builtUrn,
  project: 'p1',
  status: 'FAIL',
  errorCode: 4204,
  errorMessage: 'too much',
  acceptedAt: builtAt,
  startedAt: epochMs(builtAt + 1),
  endedAt: epochMs(builtAt + 2),
  attempts: 3,
  tags: [],
  deliveries: [{ deliveryId: 'DIS:x', state: 'delivered', tries: 1, at: epochMs(builtAt + 3) }],
};
const all = { project: 'p1', beginAt: epochMs(0), endAt: epochMs(builtAt * 2), offset: 0, limit: 100 };

describe('a status database file', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sendoff-sqlite-'));
    file = join(folder, 'status.db');
  });
  afterEach(async () => rm(folder, { recursive: true }));

  const prepare = (...statements: string[]) => {
    const database = new DatabaseSync(file);
    for (const statement of statements) database.exec(statement);
    database.close();
  };
  const select = (statement: string) => {
    const database = new DatabaseSync(file);
    const rows = database.prepare(statement).all();
    database.close();
    return rows;
  };
  const openAndClose = async () => {
    const store = await SqliteStatusStore.open(file, systemClock);
    const page = await store.query(all);
    await store.close();
    return page.records;
  };

  it.each([
    ['1', version1],
    ['2', version2],
  ])('a file of schema version %s is migrated and keeps its records', async (_version, schema) => {
    prepare(schema, row);
    expect(await openAndClose()).toEqual([record]);
    expect(select('SELECT request_id, delivery_id, state FROM notices')).toEqual([
      { request_id: 'r1', delivery_id: 'DIS:x', state: 'delivered' },
    ]);
    const columns = select('PRAGMA index_info(invocations_by_function)').map(({ name }) => name);
    expect(columns).toEqual(['project', 'function_urn', 'accepted_at', 'status']);
    expect(await openAndClose()).toEqual([record]);
  });

  it('a migrated file has the same schema as a new one', async () => {
    const schema = () =>
      select('SELECT name, tbl_name, type FROM sqlite_schema ORDER BY name').concat(select('PRAGMA user_version'));
    await openAndClose();
    const fresh = schema();
    await rm(file);
    prepare(version1);
    await openAndClose();
    expect(schema()).toEqual(fresh);
  });

  it('the table has a column for each field of a row, and no other', async () => {
    await openAndClose();
    const columns = select('PRAGMA table_info(invocations)').map(({ name }) => name);
    expect(new Set(columns)).toEqual(new Set(invocationColumns));
  });

  it.each([
    [
      'a migration that this version does not know',
      `INSERT INTO kysely_migration VALUES ('0999-later', '2030-01-01')`,
      '0999-later',
    ],
    ['a user_version that this version does not know', 'PRAGMA user_version = 3', 'user_version 3'],
  ])('a file with %s is refused and left as it is', async (_what, change, named) => {
    await openAndClose();
    prepare(change, row);
    await expect(openAndClose()).rejects.toMatchObject({ code: 'STORE_TOO_NEW', message: expect.stringContaining(named) });
    expect(select('SELECT request_id FROM invocations')).toEqual([{ request_id: 'r1' }]);
  });

  it('a file that is not a database is refused as damaged', async () => {
    await writeFile(file, 'x'.repeat(4_096));
    await expect(openAndClose()).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  });

  it('the records of a migrated file are counted', async () => {
    prepare(
      version2,
      row,
      row
        .replace("'r1'", "'r2'")
        .replace("'FAIL', 9007199254740991, 4204", "'WAIT', 5, 0")
        .replace(`${builtAt + 2}, 3`, 'NULL, 1'),
      row
        .replace("'r1'", "'r3'")
        .replace("'FAIL', 9007199254740991, 4204", "'WAIT', 5, 0")
        .replace(`${builtAt + 2}, 3, NULL`, `NULL, 1, ${builtAt + 120_000}`),
    );
    const store = await SqliteStatusStore.open(file, systemClock);
    const counts = { accepted: 3, queued: 1, delayed: 1, due: 1, ended_4204: 1, attempts: 3, runs: 1, run_ms: 1 };
    for (const functionUrn of [builtUrn, ''])
      expect(await store.totals({ project: 'p1', functionUrns: [functionUrn], limit: 1 })).toMatchObject([
        { tally: { ...counts, notices_delivered: 3 } },
      ]);
    expect(await store.minutes('p1', [builtUrn], 0, builtAt * 2)).toMatchObject([
      { tally: { accepted: 3, queued: 1, delayed: 1, due: 0, ended_4204: 1, attempts: 3 } },
      { minute: builtAt + 120_000, tally: { accepted: 0, due: 1 } },
    ]);
    await store.close();
  });

  it('the records of a migrated file grow old, and the file does not count as new', async () => {
    prepare(version2, row);
    const store = await SqliteStatusStore.open(file, systemClock);
    expect([await store.isNew(), await store.notOver(builtAt * 2, 10), await store.sweep(builtAt + 3, 10)]).toEqual([
      false,
      [],
      1,
    ]);
    await store.close();
  });

  it('two handles may open a new file at once', async () => {
    const stores = await Promise.all([1, 2].map(async () => SqliteStatusStore.open(file, systemClock)));
    for (const store of stores) await store.close();
    expect(select('SELECT name FROM kysely_migration')).toHaveLength(17);
  });

  it('closing a handle waits for its transaction', async () => {
    const store = await SqliteStatusStore.open(file, systemClock);
    const subject = { requestId: 'r1', functionUrn: builtUrn, project: 'p1', acceptedAt: builtAt };
    const event = { ...subject, kind: 'queued', attempt: 1, lastError: '' } as const;
    let closed: Promise<void> = Promise.resolve();
    await store.fold([event], async () => {
      closed = store.close();
      await Promise.resolve();
    });
    await closed;
    expect(select('SELECT request_id FROM invocations')).toEqual([{ request_id: 'r1' }]);
  });

  it('a fold fails after another connection has held the write lock for 5 s', async () => {
    let now = 0;
    const clock: Clock = { ...systemClock, elapsedMs: () => (now += 1_000) };
    const store = await SqliteStatusStore.open(file, clock);
    const holder = new DatabaseSync(file);
    holder.exec('BEGIN IMMEDIATE');
    const askedAt = now;
    await expect(store.fold([], async () => undefined)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(now - askedAt).toBe(6_000);
    holder.exec('ROLLBACK');
    await store.fold([], async () => undefined);
    holder.close();
    await store.close();
  });

  it('waiting for the write lock keeps the process alive', async () => {
    await openAndClose();
    const holder = new DatabaseSync(file);
    holder.exec('BEGIN IMMEDIATE');
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const timersBefore = timers();
    const opening = SqliteStatusStore.open(file, systemClock);
    expect(timers()).toBe(timersBefore + 1);
    holder.exec('ROLLBACK');
    holder.close();
    await (await opening).close();
  });
});
