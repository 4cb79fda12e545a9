/**
 * Builds the console into `dist/apps/console/site`: types of the API, then Vite, then compressed
 * copies of each file. `pages.json` tells the ingress the paths of the pages. Does nothing if no
 * source has changed since the last build.
 *
 * `--types` stops after the types. Needs the compiled services in `dist`.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { writeTypes } from './types.mjs';

const here = fileURLToPath(new URL('..', import.meta.url));
const root = join(here, '../..');
const site = join(root, 'dist/apps/console/site');
const markFile = join(root, 'dist/apps/console/built-from');

/** One hash over all sources of the console and over the versions of its packages. */
function sourceHash() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  const files = readdirSync(here, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.includes('.test.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  for (const file of files) hash.update(file.slice(here.length)).update(readFileSync(file));
  return hash.digest('hex');
}

/** Writes `x.br` and `x.gz` beside each text file `x` that they make smaller. */
function compress() {
  const files = readdirSync(site, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const entry of files) {
    const file = join(entry.parentPath, entry.name);
    if (!/\.(js|css|html|svg)$/.test(file) || statSync(file).size < 512) continue;
    const bytes = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

const pagesFile = join(site, 'pages.json');
// The ingress, which writes the types, refuses a console without pages: that of an earlier release,
// or of a build that was cut off.
if (!existsSync(pagesFile)) for (const path of [site, markFile]) rmSync(path, { recursive: true, force: true });
await writeTypes();
const hash = sourceHash();
const isBuilt = existsSync(markFile) && readFileSync(markFile, 'utf8') === hash;
if (!process.argv.includes('--types') && !isBuilt) {
  const { build } = await import('vite');
  await build({
    root: here,
    configFile: false,
    logLevel: 'error',
    build: { outDir: site, emptyOutDir: true, target: 'es2023', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  });
  compress();
  const { pageGroups } = await import('../src/shell/pages.ts');
  const pages = pageGroups.flatMap((group) => group.pages.map(({ path }) => path));
  writeFileSync(pagesFile, JSON.stringify(pages));
  writeFileSync(markFile, hash);
}
