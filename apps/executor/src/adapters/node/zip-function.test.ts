/**
 * Goal: the code of a ZIP function runs as it was packed, within the same permissions. Its folder
 * is deleted when it is no longer used. Method: real instances over a folder as object store.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FunctionDocument } from '#contracts';
import { digestOf } from '#objects';
import { aFunction, aZip, eventually, zipOf } from '#testing';
import { type NodeFunctions, openNodeFunctions } from '../../../testing/node-functions.ts';
import { openTestWalls } from '../../../testing/walls-here.ts';
import { callOf } from '../../runtime.conformance.ts';
import { CodeFolders } from '../process-runtime/code-folders.ts';

let functions: NodeFunctions;
beforeEach(async () => {
  functions = await openNodeFunctions();
});
afterEach(async () => functions.close());

describe('a ZIP function', () => {
  const zipped = (archive: Buffer, given: Partial<FunctionDocument> = {}): FunctionDocument =>
    aFunction({
      code: { kind: 'archive', digest: digestOf(archive), md5: '', sizeBytes: archive.length },
      codeType: 'zip',
      ...given,
    });
  const run = async (files: Record<string, string>, given: Partial<FunctionDocument> = {}) => {
    const archive = zipOf(files);
    await functions.store.put(archive);
    const outcome = await functions.runtime.run(callOf(zipped(archive, given)), new AbortController().signal);
    return outcome.kind === 'succeeded' ? (JSON.parse(String(outcome.responsePayload)) as unknown) : outcome;
  };

  it('can require its own files and packages from a handler in a folder', async () => {
    const files = {
      'src/index.js': "exports.handler = async () => [require('./lib.js').one, require('two'), require('../data.json').three];",
      'src/lib.js': "exports.one = require('node:path').basename(__filename);",
      'node_modules/two/package.json': '{"main":"lib/main.js"}',
      'node_modules/two/lib/main.js': "module.exports = require('@scope/deep').name + 2;",
      'node_modules/two/node_modules/@scope/deep/index.js': "exports.name = 'two';",
      'data.json': '{"three":3}',
    };
    expect(await run(files, { handler: 'src/index.handler' })).toEqual(['lib.js', 'two2', 3]);
  });

  it('may consist of ES modules', async () => {
    const files = {
      'package.json': '{"type":"module"}',
      'index.js': "import { one } from './lib.js'; import two from 'two'; export const handler = async () => [one, two];",
      'lib.js': 'export const one = 1;',
      'node_modules/two/package.json': '{"exports":"./main.js","type":"module"}',
      'node_modules/two/main.js': 'export default 2;',
    };
    expect(await run(files)).toEqual([1, 2]);
  });

  it.each<[what: string, files: Record<string, string>]>([
    ['index.mjs', { 'index.mjs': 'export const handler = async () => 1;' }],
    ['index.cjs', { 'index.cjs': 'exports.handler = async () => 1;' }],
    [
      'index.cjs beside "type": "module"',
      { 'package.json': '{"type":"module"}', 'index.cjs': 'exports.handler = async () => 1;' },
    ],
    ['a default export', { 'index.mjs': 'export default { handler: async () => 1 };' }],
    ['a top-level await', { 'index.mjs': 'const one = await Promise.resolve(1); export const handler = async () => one;' }],
    [
      'a top-level await in a file that it imports',
      {
        'package.json': '{"type":"module"}',
        'index.js': "import { one } from './lib.mjs'; export const handler = async () => one;",
        'lib.mjs': 'export const one = await new Promise((done) => setTimeout(done, 20, 1));',
      },
    ],
    [
      'entries that begin with ./',
      { './index.js': "exports.handler = async () => require('./lib/one.js');", './lib/one.js': 'module.exports = 1;' },
    ],
  ])('may be %s', async (_what, files) => {
    expect(await run(files)).toBe(1);
  });

  it('fails with the error of a top-level await', async () => {
    expect(
      await run({ 'index.mjs': "await Promise.reject(new RangeError('too far')); export const handler = () => 1;" }),
    ).toMatchObject({
      kind: 'failed',
      errorMessage: 'too far',
    });
  });

  it('names a package that is missing', async () => {
    expect(await run({ 'index.js': "require('not-there');" })).toMatchObject({
      condition: 'UnhandledInvocationError',
      errorMessage: expect.stringContaining('not-there'),
    });
  });

  const handler = 'exports.handler = async () => 1;';
  it.each<[where: string, files: Record<string, string>, reason: string, given?: Partial<FunctionDocument>]>([
    [
      'a folder that was packed as a whole',
      { 'myfn/index.js': handler, 'myfn/node_modules/two/index.js': handler, '__MACOSX/myfn/index.js': '' },
      "Cannot find module 'index.js': the archive has it in the folder myfn/. Pack the content of that folder, " +
        'or name the handler myfn/index.handler',
    ],
    [
      'a folder of a folder',
      { 'build/myfn/index.mjs': handler, 'readme.md': '' },
      "Cannot find module 'index.js': the archive has it in the folder build/myfn/. Pack the content of that folder, " +
        'or name the handler build/myfn/index.handler',
    ],
    ['no folder', { 'main.js': handler, 'lib/one.js': handler }, "Cannot find module 'index.js': the code has lib/, main.js"],
    [
      'no folder, beside many others',
      Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`data${at}.txt`, ''])),
      "Cannot find module 'src/app.js': the code has data0.txt, data1.txt, data10.txt, data11.txt, data2.txt and 7 more",
      { handler: 'src/app.handler' },
    ],
  ])('whose handler is in %s says so', async (_where, files, errorMessage, given) => {
    expect(await run(files, given)).toMatchObject({ condition: 'UnhandledInvocationError', errorMessage });
  });

  it.each([
    ['read outside its code', "require('node:fs').readFileSync('/etc/passwd')"],
    ['read the archive of another', "require('node:fs').readdirSync(require('node:path').join(__dirname, '..'))"],
    ['write to its code', "require('node:fs').writeFileSync(__filename, '')"],
    ['bring an addon', "require('./addon.node')"],
  ])('may not %s', async (_what, expression) => {
    expect(await run({ 'index.js': `exports.handler = async () => { ${expression}; };`, 'addon.node': '' })).toMatchObject({
      kind: 'failed',
      errorMessage: expect.stringMatching(/access|permission|addons is disabled/i),
    });
  });

  it('is unavailable while the object store lacks its code', async () => {
    const archive = zipOf({ 'index.js': 'exports.handler = async () => 1;' });
    const call = callOf(zipped(archive));
    expect(await functions.runtime.run(call, new AbortController().signal)).toEqual({
      kind: 'unavailable',
      reason: expect.stringContaining('the object store has no code'),
    });
    await functions.store.put(archive);
    expect(await functions.runtime.run(call, new AbortController().signal)).toMatchObject({ kind: 'succeeded' });
  });

  it('does not run from a damaged archive, and leaves no folder', async () => {
    const archive = aZip([
      { name: 'index.js', data: 'exports.handler = 1;' },
      { name: 'b', data: 'b', declaredCrc32: 1 },
    ]);
    await functions.store.put(archive);
    expect(await functions.runtime.run(callOf(zipped(archive)), new AbortController().signal)).toMatchObject({
      kind: 'failed',
      isRetryable: false,
      errorMessage: expect.stringContaining('the archive is refused: b is damaged'),
    });
    expect(await readdir(join(functions.workDir, 'code'))).toEqual([]);
  });

  it('of which too many bytes are unpacked has its oldest unused folder deleted', async () => {
    const walls = await openTestWalls('none', join(functions.workDir, 'bounded'));
    const folders = new CodeFolders(join(functions.workDir, 'bounded'), functions.store, 100, walls, 250_000);
    const archives = ['a', 'b', 'c'].map((text) => zipOf({ 'index.js': text.repeat(100_000) }));
    for (const archive of archives) {
      await functions.store.put(archive);
      const answer = await folders.workplaceFor(zipped(archive));
      if (answer.kind !== 'ready') throw new Error(answer.reason);
      answer.workplace.release();
    }
    await eventually(async () => (await readdir(join(functions.workDir, 'bounded', 'code'))).length === 2);
  });

  it('reuses its folder, and the folder used longest ago is deleted', async () => {
    const walls = await openTestWalls('none', join(functions.workDir, 'folders'));
    const folders = new CodeFolders(join(functions.workDir, 'folders'), functions.store, 2, walls, 10 * 1_073_741_824);
    const archives = ['one', 'two', 'three'].map((text) => zipOf({ 'index.js': text }));
    for (const archive of archives) await functions.store.put(archive);
    const place = async (archive: Buffer) => {
      const answer = await folders.workplaceFor(zipped(archive));
      if (answer.kind !== 'ready') throw new Error(answer.reason);
      return answer.workplace;
    };
    const [one = Buffer.alloc(0), two = Buffer.alloc(0), three = Buffer.alloc(0)] = archives;
    const held = await place(one);
    const again = await place(one);
    expect(again.codeDir).toBe(held.codeDir);
    const second = await place(two);
    second.release();
    (await place(three)).release();
    await eventually(async () => (await readdir(join(functions.workDir, 'folders', 'code'))).length === 2);
    expect(await readdir(held.codeDir)).toEqual(['index.js']);
    await expect(readdir(second.codeDir)).rejects.toThrow('ENOENT');
    expect((await place(two)).codeDir).not.toBe(second.codeDir);
  });
});
