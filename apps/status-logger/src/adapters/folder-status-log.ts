import { appendFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { epochMs } from '#contracts';
import { utcText } from '#lifecycle';
import type { Clock } from '#platform';
import type { StatusLog, StatusLogLine } from '../status-log.ts';

/** Bounds of one stream's folder. */
export interface FolderStatusLogLimits {
  /** A file past it is rotated. */
  readonly fileBytesMax: number;
  /** Rotated files kept of a day; the oldest goes. */
  readonly filesMax: number;
}

/** A name that stays within its folder: what is no plain character becomes `_`. */
function safeName(name: string): string {
  const safe = name.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 128);
  return /^\.*$/.test(safe) ? '_' : safe;
}

/** A file a day below `<root>/<group>/<stream>/`, rotated by size to `<day>.log.1`, `.2` and so on. */
export class FolderStatusLog implements StatusLog {
  private readonly made = new Set<string>();

  constructor(
    private readonly root: string,
    private readonly clock: Clock,
    private readonly limits: FolderStatusLogLimits,
  ) {}

  async append(lines: readonly StatusLogLine[]): Promise<void> {
    const streams = Map.groupBy(lines, ({ statusLog }) => statusLog);
    for (const [statusLog, ofStream] of streams) {
      const [group = '', stream = ''] = statusLog.split('/');
      const folder = join(this.root, safeName(group), safeName(stream));
      if (!this.made.has(folder)) await mkdir(folder, { recursive: true });
      this.made.add(folder);
      const file = join(folder, `${utcText(epochMs(this.clock.now())).slice(0, 10)}.log`);
      await this.rotate(file);
      await appendFile(file, ofStream.map(({ line }) => `${line}\n`).join(''));
    }
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
