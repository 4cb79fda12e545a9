/**
 * Goal: whatever a function has written is removed, and other work goes on meanwhile. Method: turns
 * of the event loop are counted, not milliseconds, so the speed of the machine does not matter.
 */
import { access, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeFolder } from './remove-folder.ts';

let folder: string;
let inner: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sendoff-remove-'));
  inner = join(folder, 'of-an-instance');
  await mkdir(inner);
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

it('removes files, folders and links, and nothing that a link leads to', async () => {
  await writeFile(join(folder, 'of-the-platform'), 'kept');
  await mkdir(join(inner, 'a/b/c'), { recursive: true });
  await writeFile(join(inner, 'a/b/c/file'), '1');
  await symlink(folder, join(inner, 'a/link-to-a-folder'));
  await symlink(join(folder, 'of-the-platform'), join(inner, 'link-to-a-file'));
  await removeFolder(inner);
  await expect(access(inner)).rejects.toThrow('ENOENT');
  await access(join(folder, 'of-the-platform'));
});

it('lets the event loop turn for each file', async () => {
  const files = 500;
  await Promise.all(Array.from({ length: files }, async (_, number) => writeFile(join(inner, `f${number}`), '')));
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await removeFolder(inner);
  isOver = true;
  expect(turns).toBeGreaterThanOrEqual(files);
});

it('says so if there is no such folder', async () => {
  await expect(removeFolder(join(folder, 'nothing'))).rejects.toThrow('ENOENT');
});
