import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IsolationLevel, isolationLevels } from '#platform';
import { launchers } from '../src/adapters/launchers.ts';
import { openWalls } from '../src/adapters/walls/open-walls.ts';
import type { Walls } from '../src/adapters/walls/walls.ts';

/** Settings of {@link openTestWalls}. */
export interface TestWallsSettings {
  readonly tmpBytesMax?: number;
  readonly tmpFilesMax?: number;
}

/** Opens walls of a level in a folder. @throws PlatformError if the level does not work here. */
export async function openTestWalls(
  isolation: IsolationLevel,
  folder: string,
  { tmpBytesMax = 64 * 1_048_576, tmpFilesMax = 1_000 }: TestWallsSettings = {},
): Promise<Walls> {
  const programFiles = Object.values(launchers).flatMap((launcher) => launcher.programFiles);
  const users = { usersFirst: 1_879_048_192, usersCount: 65_536, random: () => 0 };
  const { walls } = await openWalls({ isolation, folder, programFiles, tmpBytesMax, tmpFilesMax, ...users });
  return walls;
}

/** Each level, and the reason why it does not work here, if it does not. */
export async function levelsHere(): Promise<readonly { readonly level: IsolationLevel; readonly missing?: string }[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sendoff-walls-'));
  await chmod(folder, 0o711);
  try {
    return await Promise.all(
      isolationLevels.map(async (level) => {
        try {
          await openTestWalls(level, join(folder, level));
          return { level };
        } catch (error) {
          return { level, missing: (error as Error).message };
        }
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
