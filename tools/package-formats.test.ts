/**
 * Goal: the package for Testcontainers can be used from both module formats, with types.
 * Method: it is built, and a project of each format loads it and is compiled against it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'sendoff-formats-'));
const timeoutMs = 180_000;
const name = '@sendoff/testcontainers';
const use = `
export const container = new SendoffContainer('sendoff:1').withFunction('f', 'code').withPolicy('f', { retriesMax: 1 });
export const statusOf = async (started: StartedSendoffContainer): Promise<string> =>
  (await started.settled(await started.invoke('f'))).status;
`;

beforeAll(() => {
  execFileSync(process.execPath, ['packages/testcontainers/build.mjs'], { cwd: root, stdio: 'pipe' });
  mkdirSync(join(folder, 'node_modules', '@sendoff'), { recursive: true });
  symlinkSync(join(root, 'packages/testcontainers'), join(folder, 'node_modules', name));
}, timeoutMs);
afterAll(() => rmSync(folder, { recursive: true }));

describe('a project with', () => {
  it.each([
    ['ES modules', 'module', `import { SendoffContainer } from '${name}'; console.log(SendoffContainer.name);`],
    ['CommonJS', 'commonjs', `const { SendoffContainer } = require('${name}'); console.log(SendoffContainer.name);`],
  ])('%s loads the package', (_format, type, source) => {
    const args = [`--input-type=${type}`, '-e', source];
    expect(execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })).toBe('SendoffContainer\n');
  });

  it(
    'either format is compiled against its types',
    () => {
      const types = 'SendoffContainer, type StartedSendoffContainer';
      for (const file of ['use.mts', 'use.cts']) writeFileSync(join(folder, file), `import { ${types} } from '${name}';${use}`);
      const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2023'];
      const compiler = join(root, 'node_modules/typescript/bin/tsc');
      execFileSync(process.execPath, [compiler, ...flags, 'use.mts', 'use.cts'], { cwd: folder, stdio: 'pipe' });
    },
    timeoutMs,
  );
});
