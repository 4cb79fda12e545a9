import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { statusStoreConformance } from '../status-store.conformance.ts';
import { SqliteStatusStore } from './sqlite-status-store.ts';

statusStoreConformance('SQLite', async () => new SqliteStatusStore(':memory:'));

describe('a SQLite file', () => {
  it('of an earlier version is brought up to this one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sendoff-sqlite-'));
    const file = join(folder, 'status.db');
    await new SqliteStatusStore(file).close();
    const earlier = new DatabaseSync(file);
    earlier.exec(
      'DROP INDEX invocations_by_function; CREATE INDEX invocations_by_function ON invocations (function_urn); PRAGMA user_version = 1;',
    );
    earlier.close();
    await new SqliteStatusStore(file).close();
    const now = new DatabaseSync(file);
    const columns = now.prepare('PRAGMA index_info(invocations_by_function)').all();
    expect(columns.map(({ name }) => name)).toEqual(['project', 'function_urn', 'accepted_at', 'status']);
    now.close();
    await rm(folder, { recursive: true });
  });

  it('is opened again with what it held', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sendoff-sqlite-'));
    const file = join(folder, 'status.db');
    await new SqliteStatusStore(file).close();
    const store = new SqliteStatusStore(file);
    expect((await store.read(['r1'])).size).toBe(0);
    await store.close();
    await rm(folder, { recursive: true });
  });
});
