/**
 * Writes the types of the API from its OpenAPI document to `src/api/schema.ts`, which git ignores.
 * Does nothing if the compiled ingress is the one of the last time. Needs `dist`.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = fileURLToPath(new URL('..', import.meta.url));
const compiled = fileURLToPath(new URL('../../../dist/apps/ingress/src', import.meta.url));
const schemaFile = join(here, 'src/api/schema.ts');

/** One hash over the compiled ingress. Its contracts change only together with its operations. */
function ingressHash() {
  const hash = createHash('sha256');
  const files = readdirSync(compiled, { recursive: true })
    .filter((file) => file.endsWith('.js'))
    .toSorted((one, other) => (one < other ? -1 : 1));
  for (const file of files) hash.update(file).update(readFileSync(join(compiled, file)));
  return hash.digest('hex');
}

/** Writes the types unless they are up to date. */
export async function writeTypes() {
  const head = `// Made from the OpenAPI document by apps/console/build/types.mjs. Ingress: ${ingressHash()}\n`;
  if (existsSync(schemaFile) && readFileSync(schemaFile, 'utf8').startsWith(head)) return;
  const [{ apiDocument }, { default: openapiTS, astToString }] = await Promise.all([
    import('./api-document.mjs'),
    import('openapi-typescript'),
  ]);
  const types = astToString(await openapiTS(await apiDocument(), { exportType: true, silent: true }));
  writeFileSync(schemaFile, head + types);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await writeTypes();
