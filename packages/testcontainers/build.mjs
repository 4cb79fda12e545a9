/** Builds the package in both module formats: `dist/esm` and `dist/cjs`, each with its types. */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');

rmSync(`${folder}dist`, { recursive: true, force: true });
for (const format of ['esm', 'cjs'])
  execFileSync(process.execPath, [compiler, '-p', `tsconfig.${format}.json`], { cwd: folder, stdio: 'inherit' });
// Node.js takes the format of a `.js` file from the nearest package.json.
writeFileSync(`${folder}dist/cjs/package.json`, '{ "type": "commonjs" }\n');
