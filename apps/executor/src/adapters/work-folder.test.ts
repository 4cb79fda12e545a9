import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openWorkFolder } from './work-folder.ts';

const killedExecutor = '00000000-0000-4000-8000-000000000000';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sendoff-work-'));
});
afterEach(async () => rm(root, { recursive: true }));

it('each executor has a folder of its own, and deletes it', async () => {
  const one = await openWorkFolder(root);
  const two = await openWorkFolder(root);
  expect(one.path).not.toBe(two.path);
  await mkdir(join(two.path, 'code'));
  await two.remove();
  expect((await readdir(root)).toSorted()).toEqual([one.name, `${one.name}.lock`]);
});

it('the folder of a running executor is kept, and that of a killed one is deleted and named', async () => {
  const running = await openWorkFolder(root);
  await mkdir(join(root, killedExecutor, 'code'), { recursive: true });
  await writeFile(join(root, `${killedExecutor}.lock`), '');
  const { name, ended } = await openWorkFolder(root);
  expect(ended).toEqual([killedExecutor]);
  const kept = [running.name, name].flatMap((one) => [one, `${one}.lock`]);
  expect((await readdir(root)).toSorted()).toEqual(kept.toSorted());
});

it('a folder without a lock file is left alone, whatever process id it is named for', async () => {
  const { pid } = spawnSync('true');
  await mkdir(join(root, String(pid)));
  await mkdir(join(root, killedExecutor));
  expect((await openWorkFolder(root)).ended).toEqual([]);
  expect(await readdir(root)).toEqual(expect.arrayContaining([String(pid), killedExecutor]));
});
