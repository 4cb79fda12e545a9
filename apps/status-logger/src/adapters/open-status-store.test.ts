/**
 * Goal: damage costs no start and no record. The file is kept under another name, and a new store
 * asks to be built from the topics. A disk that takes no writes is an error that says what to do.
 * Method: bytes of a real database file are overwritten. A small disk is mounted.
 */
import { mkdir, mkdtemp, open as openFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { epochMs, type PlatformError } from '#contracts';
import { systemClock } from '#platform';
import { builtAt, builtUrn } from '#testing';
import { SmallDisk, smallDiskMissing } from '../../../../test/fault/small-disk.ts';
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

  /** Changes a filled database as another program would. */
  const changedBy = async (statement: string, isEmptied = false) => {
    const store = await open();
    await fill(store, 10);
    await store.markBuilt();
    await stores.pop()?.close();
    if (isEmptied) await rm(file);
    const other = new DatabaseSync(file);
    other.exec(statement);
    return other;
  };

  it.each([
    ['that lost a table', 'DROP TABLE invocations', false],
    ['that lost a table which only questions use', 'DROP TABLE rejects', false],
    ['that lost an index', 'DROP INDEX invocations_by_function', false],
    ['that lost a column', 'ALTER TABLE invocations DROP COLUMN history', false],
    ['of another program with a table of the same name', 'CREATE TABLE invocations (a)', true],
  ])('a file %s is kept under another name, and a new store is built', async (_what, statement, isEmptied) => {
    (await changedBy(statement, isEmptied)).close();
    const store = await open();
    expect([await store.isNew(), await damagedFiles()]).toEqual([true, [expect.any(String)]]);
    await fill(store, 20);
    expect(await count(store)).toBe(20);
  });

  it('a file that another program holds locked is an error that a later start may cure', async () => {
    const other = await changedBy('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    await expect(open()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/another program holds a lock on .*status\.db/) as string,
    });
    other.close();
    expect(await count(await open())).toBe(10);
  }, 20_000);

  it.each<[what: string, make: () => Promise<unknown>]>([
    ['a folder', async () => mkdir(file)],
    ['a link to nothing', async () => symlink(join(dataDir, 'nowhere', 'status.db'), file)],
  ])('%s in its place is an error that says so', async (what, make) => {
    await make();
    await expect(open()).rejects.toMatchObject({
      code: 'STORE_UNSUITABLE',
      message: expect.stringContaining(`${file} is ${what}, not a file: move it away`) as string,
    });
  });

  it.each(['-wal', '-shm', '-journal'].flatMap((suffix) => [[suffix, 'a new store'] as const, [suffix, 'a store'] as const]))(
    'a folder in the place of the file %s of %s is an error that says so',
    async (suffix, what) => {
      if (what === 'a store') {
        await fill(await open(), 1);
        await stores.pop()?.close();
      }
      await mkdir(file + suffix);
      await expect(open()).rejects.toMatchObject({
        code: 'STORE_UNSUITABLE',
        message: expect.stringContaining(`${file}${suffix} is a folder, not a file: move it away`) as string,
      });
    },
  );

  it('a sound file stays where it is', async () => {
    const store = await open();
    await fill(store, 10);
    await store.markBuilt();
    await stores.pop()?.close();
    const again = await open();
    expect([await again.isNew(), await count(again), await damagedFiles()]).toEqual([false, 10, []]);
  });
});

describe.skipIf(smallDiskMissing() !== undefined)(`a disk (${smallDiskMissing() ?? 'small'})`, () => {
  let disk: SmallDisk;
  beforeEach(async () => {
    disk = await SmallDisk.mount(4);
    dataDir = disk.folder;
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    await disk.unmount();
    // The outer hook removes a folder.
    dataDir = await mkdtemp(join(tmpdir(), 'sendoff-store-'));
  });

  it('that is read-only is an error at the start that names the file and what to do', async () => {
    const store = await open();
    await fill(store, 1);
    await stores.pop()?.close();
    await disk.allowWrites(false);
    await expect(open()).rejects.toMatchObject({
      code: 'STORE_UNSUITABLE',
      retryable: false,
      message: expect.stringMatching(/status\.db.*read-only.*SENDOFF_DATA_DIR/) as string,
    });
    dataDir = join(disk.folder, 'below');
    await expect(open()).rejects.toMatchObject({ code: 'STORE_UNSUITABLE' });
  });

  it('that is full at the start is an error that a later start may cure', async () => {
    await disk.fill();
    await expect(open()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
      message: expect.stringMatching(/status\.db.*full.*make room/) as string,
    });
  });

  it('that can hold no more files is an error that a later start may cure', async () => {
    const crowded = await SmallDisk.mount(4, 1);
    dataDir = crowded.folder;
    await expect(open()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
      message: expect.stringMatching(/status\.db can hold no more files: remove some/) as string,
    });
    await crowded.unmount();
  });

  it('that fills up says what to do, and the store goes on once there is room', async () => {
    const store = await open();
    await fill(store, 10);
    await disk.fill();
    await expect(fill(store, 20_000)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/status\.db.*full.*make room/) as string,
    });
    expect(await count(store)).toBe(10);
    await disk.free();
    await fill(store, 1_000);
    expect(await count(store)).toBe(1_000);
  });
});
