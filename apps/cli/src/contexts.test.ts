/**
 * Goal: a damaged file of contexts, or of a running installation, is told as such. Method: files in
 * temporary folders with contents of all kinds.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findContext } from './contexts.ts';
import type { Surroundings } from './surroundings.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'contexts-'));
});
afterEach(async () => rm(folder, { recursive: true }));

const around = (): Surroundings => ({ env: {}, folder, home: folder }) as unknown as Surroundings;

async function write(file: string, content: string): Promise<void> {
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeFile(join(folder, file), content);
}

const damaged = ['', 'null', '[]', '7', '{"url":', '{"url":"http://a"}', '{"url":{},"projectId":"p1"}'];

describe('findContext', () => {
  it('finds a running installation, and none where none runs', async () => {
    await expect(findContext(around())).rejects.toThrow('none runs in this folder');
    await write('.sendoff/running.json', '{"url":"http://a","projectId":"p1"}');
    expect(await findContext(around())).toEqual({ url: 'http://a', projectId: 'p1' });
  });

  it.each(damaged)('refuses %j as a running installation', async (content) => {
    await write('.sendoff/running.json', content);
    await expect(findContext(around())).rejects.toMatchObject({
      exit: 'usage',
      message: expect.stringContaining('tells of no installation') as string,
    });
  });

  it.each(['null', '[]', '{"url":"http://a"}'])('refuses the stored context %s', async (content) => {
    await write('.config/sendoff/contexts.json', `{"current":"c","contexts":{"c":${content}}}`);
    await expect(findContext(around())).rejects.toMatchObject({
      exit: 'usage',
      message: expect.stringContaining('is not a file of contexts') as string,
    });
  });

  it('says why a file cannot be read', async () => {
    await mkdir(join(folder, '.sendoff/running.json'), { recursive: true });
    await expect(findContext(around())).rejects.toThrow('cannot be read: EISDIR');
  });
});
