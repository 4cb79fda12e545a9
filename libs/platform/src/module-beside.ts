import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The file of a module beside another one, for worker threads: compiled in production, source in
 * tests.
 * @param url `import.meta.url` of the other one.
 * @param name without its extension.
 */
export function moduleBeside(url: string, name: string): string {
  return fileURLToPath(new URL(`./${name}${extname(fileURLToPath(url))}`, url));
}
