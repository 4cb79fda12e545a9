import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, it } from 'vitest';
import { fromBufferPromise } from 'yauzl';
import { pack } from './pack.ts';

const folder = mkdtempSync(join(tmpdir(), 'sendoff-pack-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The files of a ZIP by their names. */
async function filesOf(base64: string): Promise<Record<string, string>> {
  const archive = await fromBufferPromise(Buffer.from(base64, 'base64'));
  const files: Record<string, string> = {};
  for await (const entry of archive.eachEntry())
    if (!entry.fileName.endsWith('/')) files[entry.fileName] = await text(await archive.openReadStreamPromise(entry));
  return files;
}

it('packs all files of a folder under their relative names', async () => {
  mkdirSync(join(folder, 'lib'));
  writeFileSync(join(folder, 'index.js'), 'main');
  writeFileSync(join(folder, 'lib', 'a.js'), 'part');
  expect(await filesOf(await pack({ folder }))).toEqual({ 'index.js': 'main', 'lib/a.js': 'part' });
});

it('packs one file', async () => {
  expect(await filesOf(await pack({ name: 'index.js', content: 'héllo' }))).toEqual({ 'index.js': 'héllo' });
});

it('says which folder does not exist', async () => {
  await expect(pack({ folder: join(folder, 'gone') })).rejects.toThrow(/gone is not a folder/);
});
