import { lchown, mkdir, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { functionsDirOf, openFunctionsDir } from './functions-dir.ts';

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'sendoff-functions-dir-')));
});
afterEach(async () => rm(root, { recursive: true, force: true }));

describe('the folder for the code of functions', () => {
  it.each(['link', 'link/below'])('has its real path if it is %s: Node compares real paths', async (name) => {
    await mkdir(join(root, 'real'));
    await symlink('real', join(root, 'link'));
    const opened = await openFunctionsDir({ functionDir: join(root, name), dataDir: root, isolation: 'process' });
    expect(opened).toBe(join(root, name.replace('link', 'real')));
  });

  it.runIf(process.getuid?.() === 0)('is not behind a link of another user', async () => {
    await mkdir(join(root, 'real'));
    await symlink('real', join(root, 'link'));
    await lchown(join(root, 'link'), 1, 1);
    const opening = openFunctionsDir({ functionDir: join(root, 'link'), dataDir: root, isolation: 'process' });
    await expect(opening).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it.each(['process', 'none', 'auto'] as const)(
    'has no * at level %s, where Node lets it stand for anything',
    async (isolation) => {
      const functionDir = join(root, 'x*y', 'functions');
      await expect(openFunctionsDir({ functionDir, dataDir: root, isolation })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        details: { reason: expect.stringContaining('set FUNCTION_DIR to a folder without *') as unknown },
      });
      expect(await readdir(root)).toEqual([]);
    },
  );

  it('may have a * behind walls of the kernel, which give it another name', async () => {
    const functionDir = join(root, 'x*y');
    expect(await openFunctionsDir({ functionDir, dataDir: root, isolation: 'kernel' })).toBe(functionDir);
  });

  it.each<[dataDir: string, isolation: 'process' | 'kernel', folder: string]>([
    ['/d/xy', 'process', '/d/xy/functions'],
    ['/d/x*y', 'process', '/var/tmp/sendoff-functions-7'],
    ['/d/x*y', 'kernel', '/d/x*y/functions'],
  ])('is, for the data folder %s at level %s, %s', (dataDir, isolation, folder) => {
    expect(functionsDirOf({ dataDir, isolation }, 7)).toBe(folder);
  });
});
