/**
 * Goal: an instance that cannot start leaves nothing behind, and none starts as the executor's user
 * by mistake.
 * Method: a range of users that is used up.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aFunction } from '#testing';
import { CodeFolders } from '../process-runtime/code-folders.ts';
import { CodeOwners } from './code-owners.ts';
import { KernelWalls, type KernelWallsParts } from './kernel-walls.ts';
import { ProcessWalls } from './process-walls.ts';
import { UserRange } from './user-range.ts';
import type { Walls } from './walls.ts';

const codeDir = '/nowhere/code';
const programs = { executable: '/bin/true', programDir: '/', libraries: [] };
let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'sendoff-owners-'))));
afterEach(async () => rm(folder, { recursive: true }));

/** Owners with users for the groups of code alone. */
function ownersWithoutUsers(): CodeOwners {
  const range = new UserRange(70_000, 1);
  const owners = new CodeOwners(range);
  range.take();
  return owners;
}

describe('the users of instances', () => {
  it('are not the executor when the code folder was not opened', () => {
    expect(() => new CodeOwners(new UserRange(70_000, 10)).takeUser(codeDir)).toThrow(`${codeDir} is not open`);
  });

  it('are the executor where it is not root', () => {
    expect(new CodeOwners(undefined).takeUser(codeDir)).toBeUndefined();
  });
});

describe('a cell that gets no user', () => {
  it('takes no network', async () => {
    const attach = vi.fn();
    const parts = { programs, owners: ownersWithoutUsers(), egress: { attach } } as unknown as KernelWallsParts;
    await expect(new KernelWalls(parts).cellFor(codeDir)).rejects.toThrow();
    expect(attach).not.toHaveBeenCalled();
  });

  it('leaves no temporary folder', async () => {
    const limits = { tmpBytesMax: 1_024, tmpFilesMax: 10 };
    const walls = new ProcessWalls({ level: 'process', programs, tmpRoot: folder, owners: ownersWithoutUsers(), ...limits });
    await expect(walls.cellFor(codeDir)).rejects.toThrow();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a cell that gets no network', () => {
  it('gives its user back', async () => {
    const owners = new CodeOwners(undefined);
    const user = { uid: 70_001, gid: 70_000 };
    vi.spyOn(owners, 'takeUser').mockReturnValue(user);
    const giveBack = vi.spyOn(owners, 'giveBack');
    const egress = { attach: async () => Promise.reject(new Error('no network')) };
    const parts = { programs, owners, egress } as unknown as KernelWallsParts;
    await expect(new KernelWalls(parts).cellFor(codeDir)).rejects.toThrow('no network');
    expect(giveBack).toHaveBeenCalledWith(user);
  });
});

describe('a code folder that cannot be opened', () => {
  it('is deleted, so that tries do not fill the disk', async () => {
    const closeCode = vi.fn();
    const openCode = async () => Promise.reject(new Error('no group is left'));
    const walls = { level: 'process', openCode, closeCode } as unknown as Walls;
    const folders = new CodeFolders(folder, { get: async () => undefined }, 10, walls);
    const fn = aFunction({ code: { kind: 'inline', source: 'x', digest: 'd' } });
    for (const _try of [1, 2])
      expect(await folders.workplaceFor(fn)).toEqual({
        kind: 'unavailable',
        reason: 'cannot prepare the code: no group is left',
      });
    expect(await readdir(join(folder, 'code'))).toEqual([]);
    expect(closeCode).toHaveBeenCalledTimes(2);
  });
});
