import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FoundJava } from './java.ts';
import { classesName } from './jvm.ts';

/** Runs a broker in a new folder until it listens, and ends it. Java then writes the archive. */
export type TrialRun = (dataDir: string) => Promise<void>;

/**
 * Returns the archive of the broker's classes, with which a start takes about half of the CPU. The
 * first call for a Java makes it, which takes some seconds. Java ignores an archive that does not
 * fit to it or to the jars.
 * @param jars the folder of the jars. The archive lies beside it.
 * @returns undefined if this Java or this folder cannot have one. That is remembered by an empty
 *   file.
 * @see https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html
 */
export async function classArchive(java: FoundJava, jars: string, trialRun: TrialRun): Promise<string | undefined> {
  // The jars' own folder counts: Java compares their times.
  const signs = [java.command, java.version, process.arch, (await stat(jars)).ctimeMs];
  const id = createHash('sha256').update(signs.join('\n')).digest('hex');
  const archive = `${jars}-classes-${id.slice(0, 12)}.jsa`;
  if (!existsSync(archive)) await make(archive, trialRun).catch(() => undefined);
  return (await sizeOf(archive)) > 0 ? archive : undefined;
}

async function make(archive: string, trialRun: TrialRun): Promise<void> {
  const draft = `${archive}.${randomUUID()}`;
  // A folder that cannot be written is found here, before seconds are spent.
  await writeFile(draft, '');
  const dataDir = await mkdtemp(join(tmpdir(), 'sendoff-classes-'));
  try {
    await trialRun(dataDir);
    await copyFile(join(dataDir, classesName), draft);
  } catch {
    await truncate(draft);
  } finally {
    // Two processes may make it at the same time. Their archives are equal.
    await rename(draft, archive);
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
