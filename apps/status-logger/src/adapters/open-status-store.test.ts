/**
 * Goal: damage costs no start and no record. The file is kept under another name, and a new store
 * asks to be built from the topics.
 * Method: bytes of a real database file are overwritten.
 */
import { mkdtemp, open as openFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { epochMs, type PlatformError } from '#contracts';
import { systemClock } from '#platform';
import { builtAt, builtUrn } from '#testing';
import type { StatusStore } from '../status-store.ts';
import { openStatusStore } from './open-status-store.ts';

let dataDir: string;
let file: string;
let logged: string[];
let stores: StatusStore[];
let ended: Promise<PlatformError>;
let fatal: (error: PlatformError) => void;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sendoff-store-'));
  file = join(dataDir, 'status.db');
  logged = [];
  stores = [];
  ended = new Promise((resolve) => (fatal = resolve));
});
afterEach(async () => {
  for (const store of stores) await store.close();
  await rm(dataDir, { recursive: true });
});

const open = async () => {
  const logger = pino({}, { write: (line: string) => void logged.push(line) });
  const store = await openStatusStore({ dataDir, retentionMs: 3_600_000 }, systemClock, { random: () => 0, logger, fatal });
  stores.push(store);
  return store;
};
const fill = async (store: StatusStore, count: number) => {
  const subject = { functionUrn: builtUrn, project: 'p1', acceptedAt: builtAt };
  const events = Array.from({ length: count }, (_, index) => ({
    ...subject,
    kind: 'queued' as const,
    requestId: `r${index}`,
    attempt: 1,
    lastError: '',
  }));
  await store.fold(events, async () => undefined);
};
const count = async (store: StatusStore) =>
  (await store.query({ project: 'p1', beginAt: epochMs(0), endAt: epochMs(builtAt * 2), offset: 0, limit: 1 })).count;
const damagedFiles = async () => (await readdir(dataDir)).filter((name) => /^status\.db\.damaged-\d+$/.test(name));

/** Overwrites the beginning of every page of the second half, which holds records. */
async function damage(): Promise<void> {
  const handle = await openFile(file, 'r+');
  const { size } = await stat(file);
  for (let at = Math.floor(size / 8_192) * 4_096; at < size; at += 4_096) await handle.write(Buffer.alloc(200, 9), 0, 200, at);
  await handle.close();
}

describe('the status store of an installation', () => {
  it('a file that is no database is kept under another name, and the log tells both names', async () => {
    await writeFile(file, 'x'.repeat(4_096));
    const store = await open();
    expect([await store.isNew(), await count(store)]).toEqual([true, 0]);
    const [kept] = await damagedFiles();
    expect(logged.join()).toContain(JSON.stringify(join(dataDir, kept ?? expect.fail())));
    expect(logged.join()).toContain(JSON.stringify(file));
  });

  it('damage that shows at work ends the process, and the next one opens a new store', async () => {
    const first = await open();
    await fill(first, 2_000);
    await first.markBuilt();
    await stores.pop()?.close();
    await damage();
    const second = await open();
    await expect(fill(second, 2_000)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect((await ended).code).toBe('STORE_DAMAGED');
    expect(await damagedFiles()).toHaveLength(1);
    const third = await open();
    expect([await third.isNew(), await count(third)]).toEqual([true, 0]);
  });

  it('a sound file stays where it is', async () => {
    const store = await open();
    await fill(store, 10);
    await store.markBuilt();
    await stores.pop()?.close();
    const again = await open();
    expect([await again.isNew(), await count(again), await damagedFiles()]).toEqual([false, 10, []]);
  });
});
