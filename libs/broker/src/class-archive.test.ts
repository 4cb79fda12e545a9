import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { classArchive } from './class-archive.ts';
import { classesName } from './jvm.ts';

const java = { command: 'java', version: 'version "17.0.15"' };

let folder: string;
let jars: string;
let runs: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sendoff-archive-'));
  jars = join(folder, 'jars');
  await mkdir(jars);
  runs = 0;
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const writesClasses = async (dataDir: string): Promise<void> => {
  runs += 1;
  await writeFile(join(dataDir, classesName), 'classes');
};

it('makes one archive for a Java, and uses it again', async () => {
  const archive = await classArchive(java, jars, writesClasses);
  expect(await readFile(archive ?? '', 'utf8')).toBe('classes');
  expect(await classArchive(java, jars, writesClasses)).toBe(archive);
  expect(runs).toBe(1);
});

it('makes another archive for another Java, and for other jars', async () => {
  const archive = await classArchive(java, jars, writesClasses);
  expect(await classArchive({ ...java, version: 'version "21"' }, jars, writesClasses)).not.toBe(archive);
  await writeFile(join(jars, 'new.jar'), '');
  expect(await classArchive(java, jars, writesClasses)).not.toBe(archive);
});

it('goes without an archive where a trial run fails, and does not try again', async () => {
  const fails = async (): Promise<void> => {
    runs += 1;
    throw new Error('this Java has no archives');
  };
  expect(await classArchive(java, jars, fails)).toBeUndefined();
  expect(await classArchive(java, jars, fails)).toBeUndefined();
  expect(runs).toBe(1);
});

it('goes without an archive beside a folder that cannot be written, and spends no time on it', async () => {
  expect(await classArchive(java, '/proc/self', writesClasses)).toBeUndefined();
  expect(runs).toBe(0);
});
