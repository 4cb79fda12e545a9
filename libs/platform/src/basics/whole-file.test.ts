import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeWholeFile } from './whole-file.ts';

describe('a file that is written whole', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sendoff-whole-'));
  });
  afterEach(async () => rm(root, { recursive: true }));

  it('replaces the former one, with the mode asked for, in folders made as needed', async () => {
    const file = join(root, 'a', 'b', 'c.json');
    await writeWholeFile(file, 'first');
    await writeWholeFile(file, Buffer.from('second'), { mode: 0o600, isSynced: true });
    expect(await readFile(file, 'utf8')).toBe('second');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(root, 'a', 'b'))).toEqual(['c.json']);
  });

  it('leaves nothing of a write that failed, and the former file as it was', async () => {
    const file = join(root, 'taken');
    await mkdir(file);
    await writeFile(join(file, 'former'), 'kept');
    // A file cannot take the place of a folder.
    await expect(writeWholeFile(file, 'new')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(await readdir(root)).toEqual(['taken']);
    expect(await readFile(join(file, 'former'), 'utf8')).toBe('kept');
  });
});
