import { appendFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { utcText } from '#contracts';
import type { Clock } from './clock.ts';

/** Bounds of one folder of day files. */
export interface DayFilesLimits {
  /** A file past it is rotated. */
  readonly fileBytesMax: number;
  /** Rotated files kept of a day; the oldest goes. */
  readonly filesMax: number;
}

/** A name that stays within its folder: what is no plain character becomes `_`. */
export function safeFileName(name: string): string {
  const safe = name.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 128);
  return /^\.*$/.test(safe) ? '_' : safe;
}

/** Text files by UTC day, `<root>/<folder>/<day>.log`, rotated by size to `<day>.log.1`, `.2` and so on. */
export class DayFiles {
  private readonly made = new Set<string>();

  constructor(
    private readonly root: string,
    private readonly clock: Clock,
    private readonly limits: DayFilesLimits,
  ) {}

  /** Appends text. @param folder names below the root; made safe here. */
  async append(folder: readonly string[], text: string): Promise<void> {
    const file = join(this.root, ...folder.map(safeFileName), `${utcText(this.clock.now()).slice(0, 10)}.log`);
    if (!this.made.has(file)) await mkdir(dirname(file), { recursive: true });
    this.made.add(file);
    await this.rotate(file);
    await appendFile(file, text);
  }

  private async rotate(file: string): Promise<void> {
    const bytes = await stat(file).then(
      ({ size }) => size,
      () => 0,
    );
    if (bytes < this.limits.fileBytesMax) return;
    await rm(`${file}.${this.limits.filesMax}`, { force: true });
    for (let index = this.limits.filesMax - 1; index >= 1; index--)
      await rename(`${file}.${index}`, `${file}.${index + 1}`).catch(() => undefined);
    await rename(file, `${file}.1`);
  }
}
