import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
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
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
  unlock();
  unlock();
  (await lockFolder(folder))();
});

it('the lock file of an earlier version is removed', async () => {
  await writeFile(join(parent, 'lock'), `${process.pid} 1`);
  await lockFolder(parent);
  expect(await readdir(parent)).toEqual(['folder.lock']);
});

it.skipIf(process.getuid?.() === 0)('a lock file that this user may not write is refused', async () => {
  await writeFile(join(parent, 'folder.lock'), '');
  await chmod(join(parent, 'folder.lock'), 0o400);
  await expect(lockFolder(parent)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

it('a lock file with other content is refused, and kept', async () => {
  await writeFile(join(parent, 'folder.lock'), 'a text');
  await expect(lockFolder(parent)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    details: { reason: expect.stringContaining('it cannot be locked: file is not a database') },
  });
});

it('a path that is too long is refused, and no folder is created', async () => {
  const folder = join(parent, 'x'.repeat(200), 'y'.repeat(200), 'z'.repeat(100));
  const reason = `SENDOFF_DATA_DIR: ${folder} cannot be used as a folder: its path is longer than 480 bytes`;
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: { reason } });
  expect(await readdir(parent)).toEqual([]);
});

it.each(['', '/below'])('locking a path that is a file%s is refused with CONFIG_INVALID and the reason', async (below) => {
  const file = join(parent, 'file');
  await writeFile(file, '');
  await expect(lockFolder(`${file}${below}`)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    details: { reason: `SENDOFF_DATA_DIR: ${file}${below} cannot be used as a folder: it is a file or inside a file` },
  });
});
