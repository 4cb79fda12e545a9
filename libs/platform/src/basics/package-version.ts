import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * The version of Sendoff, as package.json has it. The file is in the first folder above the code
 * that has one: sources and builds lie at different depths.
 * @throws Error if there is no package.json.
 */
export async function packageVersion(): Promise<string> {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) return (JSON.parse(text) as { readonly version: string }).version;
  }
  throw new Error('no folder above the code has a package.json');
}
