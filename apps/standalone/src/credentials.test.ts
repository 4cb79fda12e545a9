import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepCredentials } from './credentials.ts';

describe('keepCredentials', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sendoff-credentials-'));
  });
  afterEach(async () => rm(folder, { recursive: true }));

  it('makes them once, in a file nobody else may read', async () => {
    const first = await keepCredentials(folder, {});
    const second = await keepCredentials(folder, {});
    expect([first.isNew, second.isNew]).toEqual([true, false]);
    expect(second.credentials).toEqual(first.credentials);
    expect((await stat(first.file)).mode & 0o777).toBe(0o600);
  });

  it('prefers given ones and keeps them', async () => {
    const made = await keepCredentials(folder, {});
    const given = await keepCredentials(folder, { token: 'mine' });
    expect(given.credentials).toEqual({ ...made.credentials, token: 'mine' });
    expect(JSON.parse(await readFile(given.file, 'utf8'))).toMatchObject({ token: 'mine' });
  });

  it('says what to do about a broken file', async () => {
    await writeFile(join(folder, 'credentials.json'), '{');
    await expect(keepCredentials(folder, {})).rejects.toThrow(/mend it, or remove it/);
  });
});
