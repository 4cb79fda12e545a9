import { appendFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { epochMs, utcText } from '#contracts';
import type { Clock } from './clock.ts';

/** Bounds of one folder of day files. */
export interface DayFilesLimits {
  /** A file past it is rotated. */
  readonly fileBytesMax: number;
  /** Rotated files kept of a day; the oldest goes. */
  readonly filesMax: number;
  /** Days kept, today's included; older files go when a new day begins. */
  readonly daysMax: number;
}

/** A name that stays within its folder: what is no plain character becomes `_`. */
export function safeFileName(name: string): string {
  const safe = name.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 128);
  return /^\.*$/.test(safe) ? '_' : safe;
}

const dayMs = 86_400_000;

/** Text files by UTC day, `<root>/<folder>/<day>.log`, rotated by size to `<day>.log.1`, `.2` and so on. */
export class DayFiles {
  constructor(
    private readonly root: string,
    private readonly clock: Clock,
    private readonly limits: DayFilesLimits,
  ) {}

  /** Appends text. @param folder names below the root; made safe here. */
  async append(folder: readonly string[], text: string): Promise<void> {
    const path = join(this.root, ...folder.map(safeFileName));
    const file = join(path, `${this.dayOf(this.clock.now())}.log`);
    if (await this.isBegun(file)) return appendFile(file, text);
    await mkdir(path, { recursive: true });
    await this.removeOld(path);
    await appendFile(file, text);
  }

  private dayOf(at: number): string {
    return utcText(epochMs(at)).slice(0, 10);
  }

  /** Is the file there? One that is full is moved out of the way first. */
  private async isBegun(file: string): Promise<boolean> {
    const bytes = await stat(file).then(
      ({ size }) => size,
      () => undefined,
    );
    if (bytes === undefined || bytes < this.limits.fileBytesMax) return bytes !== undefined;
    await rm(`${file}.${this.limits.filesMax}`, { force: true });
    for (let index = this.limits.filesMax - 1; index >= 1; index--)
      await rename(`${file}.${index}`, `${file}.${index + 1}`).catch(() => undefined);
    await rename(file, `${file}.1`);
    return false;
  }

  private async removeOld(path: string): Promise<void> {
    const firstKept = this.dayOf(this.clock.now() - (this.limits.daysMax - 1) * dayMs);
    for (const name of await readdir(path))
      if (/^\d{4}-\d\d-\d\d\.log/.test(name) && name.slice(0, firstKept.length) < firstKept)
        await rm(join(path, name), { force: true });
  }
}
