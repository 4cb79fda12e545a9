import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';

/** The version of Sendoff, as package.json has it. @throws Error if there is no package.json. */
export async function packageVersion(): Promise<string> {
  const file = findPackageJSON(import.meta.url);
  if (file === undefined) throw new Error('no folder above the code has a package.json');
  return (JSON.parse(await readFile(file, 'utf8')) as { readonly version: string }).version;
}
