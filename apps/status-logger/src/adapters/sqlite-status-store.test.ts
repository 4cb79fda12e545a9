import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { statusStoreConformance } from '../status-store.conformance.ts';
import { SqliteStatusStore } from './sqlite-status-store.ts';

statusStoreConformance('SQLite', async () => new SqliteStatusStore(':memory:'));

describe('a SQLite file', () => {
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
