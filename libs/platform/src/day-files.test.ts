import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { DayFiles, safeFileName } from './day-files.ts';

const dayMs = 86_400_000;
const today = Date.UTC(2026, 10, 24);
const clockAt = (at: number) => ({
  now: () => epochMs(at),
  elapsedMs: () => 0,
  stoodStillMs: () => 0,
  setTimer: () => ({ cancel: () => undefined }),
});
const limits = { fileBytesMax: 2, filesMax: 2, daysMax: 3 };

describe('a folder of day files', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sendoff-days-'));
  });
  afterEach(async () => rm(root, { recursive: true }));

  it('a full file is rotated, and as many rotated files are kept as the limit says', async () => {
    const files = new DayFiles(root, clockAt(today), limits);
    for (const text of ['11', '22', '33', '44']) await files.append(['a'], text);
    expect((await readdir(join(root, 'a'))).toSorted()).toEqual(['2026-11-24.log', '2026-11-24.log.1', '2026-11-24.log.2']);
    expect(await readFile(join(root, 'a', '2026-11-24.log'), 'utf8')).toBe('44');
    expect(await readFile(join(root, 'a', '2026-11-24.log.2'), 'utf8')).toBe('22');
  });

  it('files of days past the limit are removed, and no other files', async () => {
    for (const age of [4, 3, 2, 1]) {
      const files = new DayFiles(root, clockAt(today - age * dayMs), { ...limits, daysMax: 99 });
      for (const text of ['11', '22']) await files.append(['a'], text);
    }
    await writeFile(join(root, 'a', 'notes.txt'), 'mine');
    await new DayFiles(root, clockAt(today), limits).append(['a'], '11');
    expect((await readdir(join(root, 'a'))).toSorted()).toEqual([
      '2026-11-22.log',
      '2026-11-22.log.1',
      '2026-11-23.log',
      '2026-11-23.log.1',
      '2026-11-24.log',
      'notes.txt',
    ]);
  });

  it('a clock that is set forward by 30 days removes no file', async () => {
    let at = today;
    const files = new DayFiles(root, { ...clockAt(today), now: () => epochMs(at) }, limits);
    await files.append(['a'], '11');
    at += 30 * dayMs;
    await files.append(['a'], '22');
    expect((await readdir(join(root, 'a'))).toSorted()).toEqual(['2026-11-24.log', '2026-12-24.log']);
  });

  it('a folder is created again after it was deleted', async () => {
    const files = new DayFiles(root, clockAt(today), { ...limits, fileBytesMax: 99 });
    await files.append(['a'], '11');
    await rm(join(root, 'a'), { recursive: true });
    await files.append(['a'], '22');
    expect(await readFile(join(root, 'a', '2026-11-24.log'), 'utf8')).toBe('22');
  });

  it.each([
    ['plain-name_1.x', 'plain-name_1.x'],
    ['../../etc', '.._.._etc'],
    ['..', '_'],
    ['', '_'],
  ])('the name %j becomes the file name %j', (name, safe) => {
    expect(safeFileName(name)).toBe(safe);
  });
});
