import { appendFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { epochMs, utcText } from '#contracts';
import type { Clock } from './basics/clock.ts';
import { RetentionClock } from './retention-clock.ts';

/** Limits of each folder of day files. */
export interface DayFilesLimits {
  /** Size in bytes from which the file of the day is rotated before the next append. */
  readonly fileBytesMax: number;
  /** How many rotated files of a day are kept. One more rotation removes the oldest. */
  readonly filesMax: number;
  /**
   * How many days are kept, today included. The first append of a new file removes older ones from
   * its folder.
   */
  readonly daysMax: number;
}

/**
 * Turns any text into a file name without a path: characters other than letters, digits, `.`, `_`
 * and `-` become `_`.
 */
export function safeFileName(name: string): string {
  const safe = name.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 128);
  return /^\.*$/.test(safe) ? '_' : safe;
}

const dayMs = 86_400_000;

/**
 * Appends text to one file per folder and UTC day: `<root>/<folder>/<day>.log`. Rotation by size
 * renames a file to `<day>.log.1`, `.2` and so on; `.1` is the newest.
 *
 * Every append opens the file and closes it again, so thousands of folders hold no file open. A
 * folder that was deleted is created again. Callers do not overlap appends to one folder, because a
 * rotation renames its files.
 */
export class DayFiles {
  private readonly retention: RetentionClock;

  constructor(
    private readonly root: string,
    private readonly clock: Clock,
    private readonly limits: DayFilesLimits,
  ) {
    this.retention = new RetentionClock(clock);
  }

  /**
   * Appends text to today's file.
   * @param folder names of nested folders below the root; each goes through {@link safeFileName}.
   * @returns resolves once the operating system has the text.
   */
  async append(folder: readonly string[], text: string): Promise<void> {
    const path = join(this.root, ...folder.map(safeFileName));
    const file = join(path, `${this.dayOf(this.clock.now())}.log`);
    if (await this.hasSpace(file)) return appendFile(file, text);
    await mkdir(path, { recursive: true });
    await this.removeOldDays(path);
    await appendFile(file, text);
  }

  /** The files of a folder, the newest first. */
  async list(folder: readonly string[]): Promise<readonly string[]> {
    const path = join(this.root, ...folder.map(safeFileName));
    const names = await readdir(path).catch((error: NodeJS.ErrnoException): string[] => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const found = names.flatMap((name) => {
      const [, day = '', rotation = '0'] = /^(\d{4}-\d\d-\d\d)\.log(?:\.(\d{1,6}))?$/.exec(name) ?? [];
      return day === '' ? [] : [{ day, rotation: Number(rotation), file: join(path, name) }];
    });
    return found.toSorted((a, b) => b.day.localeCompare(a.day) || a.rotation - b.rotation).map(({ file }) => file);
  }

  private dayOf(at: number): string {
    return utcText(epochMs(at)).slice(0, 10);
  }

  /** Returns true if the file exists and is not full. Rotates a full file. */
  private async hasSpace(file: string): Promise<boolean> {
    const bytes = await stat(file).then(
      ({ size }) => size,
      () => undefined,
    );
    if (bytes === undefined) return false;
    if (bytes < this.limits.fileBytesMax) return true;
    await this.rotate(file);
    return false;
  }

  private async rotate(file: string): Promise<void> {
    await rm(`${file}.${this.limits.filesMax}`, { force: true });
    for (let index = this.limits.filesMax - 1; index >= 1; index--)
      await rename(`${file}.${index}`, `${file}.${index + 1}`).catch(() => undefined);
    await rename(file, `${file}.1`);
  }

  private async removeOldDays(path: string): Promise<void> {
    const firstKept = this.dayOf(this.retention.now() - (this.limits.daysMax - 1) * dayMs);
    for (const name of await readdir(path))
      if (/^\d{4}-\d\d-\d\d\.log/.test(name) && name.slice(0, firstKept.length) < firstKept)
        await rm(join(path, name), { force: true });
  }
}
