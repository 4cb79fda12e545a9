import { cp, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Makes a build of this checkout as a later release: it writes records between services in versions
 * that this release does not read.
 * @returns its folder.
 */
export async function nextRelease(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sendoff-next-'));
  for (const path of ['package.json', 'dist']) await cp(path, join(folder, path), { recursive: true });
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'dist/libs/contracts/src/record-format.js');
  const before = await readFile(file, 'utf8');
  const after = before.replaceAll(/reads: (\d+), writes: \d+/g, (_all, reads: string) => {
    const version = Number(reads) + 1;
    return `reads: ${version}, writes: ${version}`;
  });
  if (after === before) throw new Error(`${file} has another shape than this test expects`);
  await writeFile(file, after);
  return folder;
}
