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

it('a folder is locked by one process at a time, and can be locked again once released', async () => {
  const folder = join(parent, 'data');
  const unlock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
  unlock();
  (await lockFolder(folder))();
});

it('the lock of a process that no longer runs is replaced', async () => {
  await writeFile(join(parent, 'lock'), `${process.pid} 1`);
  await lockFolder(parent);
  expect(await readFile(join(parent, 'lock'), 'utf8')).not.toBe(`${process.pid} 1`);
});

it.each(['', '/below'])('locking a path that is a file%s is refused with CONFIG_INVALID and the reason', async (below) => {
  const file = join(parent, 'file');
  await writeFile(file, '');
  await expect(lockFolder(`${file}${below}`)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    details: { reason: `SENDOFF_DATA_DIR: ${file}${below} cannot be used as a folder: it is a file or inside a file` },
  });
});
