import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockFolder } from './folder-lock.ts';

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'sendoff-lock-'));
});
afterEach(async () => rm(parent, { recursive: true }));

it('is held by one process, and given back', async () => {
  const folder = join(parent, 'data');
  const unlock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
  unlock();
  (await lockFolder(folder))();
});

it('is taken over from a process that is gone', async () => {
  await writeFile(join(parent, 'lock'), `${process.pid} 1`);
  await lockFolder(parent);
  expect(await readFile(join(parent, 'lock'), 'utf8')).not.toBe(`${process.pid} 1`);
});

it.each(['', '/below'])('is refused in words where a file is in its place%s', async (below) => {
  const file = join(parent, 'file');
  await writeFile(file, '');
  await expect(lockFolder(`${file}${below}`)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    details: { reason: `SENDOFF_DATA_DIR: ${file}${below} cannot be used as a folder: it is a file, or lies below one` },
  });
});
