/**
 * The files that every instance reads besides its code: the program of the language with its
 * libraries, and the files of the launchers. Copies of the latter lie in a folder of their own, so
 * that an instance sees nothing else of the platform.
 */
import { constants, statSync } from 'node:fs';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder `adapters`: launchers name their files relative to it. */
const adaptersDir = fileURLToPath(new URL('..', import.meta.url));

/** Files that instances read, on the host. */
export interface ProgramFiles {
  readonly executable: string;
  /** Shared libraries, under the paths by which the loader finds them. */
  readonly libraries: readonly string[];
  readonly programDir: string;
}

/**
 * Copies the files of the launchers to `folder`. Copies Node.js too if only its owner can reach it
 * and other users have to.
 * @param files relative to the folder `adapters`.
 */
export async function stageProgramFiles(folder: string, files: readonly string[], forOtherUsers: boolean): Promise<ProgramFiles> {
  const programDir = join(folder, 'program');
  await mkdir(programDir, { recursive: true });
  // Node takes the type of `.js` files from it.
  await writeFile(join(programDir, 'package.json'), '{"type":"module"}');
  for (const file of files) {
    await mkdir(dirname(join(programDir, file)), { recursive: true });
    await copyFile(join(adaptersDir, file), join(programDir, file));
  }
  let executable = process.execPath;
  if (forOtherUsers && !isReachableByAll(executable)) {
    executable = join(folder, 'node');
    await copyFile(process.execPath, executable, constants.COPYFILE_FICLONE);
    await chmod(executable, 0o755);
  }
  return { executable, libraries: librariesOfThisProcess(), programDir };
}

/** True if every user may read the file and pass its parent folders. */
function isReachableByAll(file: string): boolean {
  if ((statSync(file).mode & 0o005) !== 0o005) return false;
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Instances run the same program as this process, so they need the same libraries. */
function librariesOfThisProcess(): readonly string[] {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  const before = report.excludeNetwork ?? false;
  // Otherwise the report waits for names of the network interfaces.
  report.excludeNetwork = true;
  const { sharedObjects } = report.getReport() as unknown as { readonly sharedObjects: readonly string[] };
  report.excludeNetwork = before;
  return sharedObjects.filter((file) => file.startsWith('/') && !file.endsWith('.node'));
}
