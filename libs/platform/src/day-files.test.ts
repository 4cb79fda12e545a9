import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { DayFiles, safeFileName } from './day-files.ts';

const clock = { now: () => epochMs(Date.UTC(2026, 10, 24)), setTimer: () => ({ cancel: () => undefined }) };

describe('DayFiles', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sendoff-days-'));
  });
  afterEach(async () => rm(root, { recursive: true }));

  it('rotates by size and keeps so many', async () => {
    const files = new DayFiles(root, clock, { fileBytesMax: 2, filesMax: 2 });
    for (const text of ['11', '22', '33', '44']) await files.append(['a'], text);
    expect((await readdir(join(root, 'a'))).toSorted()).toEqual(['2026-11-24.log', '2026-11-24.log.1', '2026-11-24.log.2']);
    expect(await readFile(join(root, 'a', '2026-11-24.log'), 'utf8')).toBe('44');
    expect(await readFile(join(root, 'a', '2026-11-24.log.2'), 'utf8')).toBe('22');
  });

  it.each([
    ['plain-name_1.x', 'plain-name_1.x'],
    ['../../etc', '.._.._etc'],
    ['..', '_'],
    ['', '_'],
  ])('makes %j safe', (name, safe) => {
    expect(safeFileName(name)).toBe(safe);
  });
});
