import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeCredentials } from './credentials.ts';

describe('storeCredentials', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sendoff-credentials-'));
  });
  afterEach(async () => rm(folder, { recursive: true }));

  it('creates credentials once, in a file with mode 600', async () => {
    const first = await storeCredentials(folder, {});
    const second = await storeCredentials(folder, {});
    expect([first.isNew, second.isNew]).toEqual([true, false]);
    expect(second.credentials).toEqual(first.credentials);
    expect((await stat(first.file)).mode & 0o777).toBe(0o600);
  });

  it('prefers given credentials and stores them', async () => {
    const made = await storeCredentials(folder, {});
    const given = await storeCredentials(folder, { token: 'mine' });
    expect(given.credentials).toEqual({ ...made.credentials, token: 'mine' });
    expect(JSON.parse(await readFile(given.file, 'utf8'))).toMatchObject({ token: 'mine' });
  });

  it('closes a data folder to other users, unless it is one for everybody', async () => {
    for (const [before, after] of [
      [0o755, 0o700],
      [0o1777, 0o1777],
    ] as const) {
      await chmod(folder, before);
      await storeCredentials(folder, {});
      expect((await stat(folder)).mode & 0o7777).toBe(after);
    }
  });

  it('tells a data folder of an earlier version, whose documents have no signatures yet', async () => {
    expect((await storeCredentials(folder, {})).credentials.isRegistrySigned).toBe(true);
    await writeFile(join(folder, 'credentials.json'), JSON.stringify({ token: 'of an earlier version' }));
    expect((await storeCredentials(folder, {})).credentials.isRegistrySigned).toBe(false);
    expect((await storeCredentials(folder, { isRegistrySigned: true })).credentials.isRegistrySigned).toBe(true);
    expect((await storeCredentials(folder, {})).credentials.isRegistrySigned).toBe(true);
  });

  it('rejects a broken file and says how to repair it', async () => {
    await writeFile(join(folder, 'credentials.json'), '{');
    await expect(storeCredentials(folder, {})).rejects.toThrow(/repair it, or delete it/);
  });
});
