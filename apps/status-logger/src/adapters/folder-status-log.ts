import type { DayFiles } from '#platform';
import type { StatusLog, StatusLogLine } from '../status-log.ts';
import { withDiskFault } from './disk-faults.ts';

/** Writes each stream's lines to one file a day in `<group>/<stream>/`. */
export class FolderStatusLog implements StatusLog {
  constructor(private readonly files: DayFiles) {}

  /** @throws PlatformError `STORE_UNAVAILABLE` if the disk takes no writes. */
  async append(lines: readonly StatusLogLine[]): Promise<void> {
    const streams = Map.groupBy(lines, ({ statusLog }) => statusLog);
    for (const [statusLog, streamLines] of streams)
      await this.files
        .append(statusLog.split('/'), streamLines.map(({ line }) => `${line}\n`).join(''))
        .catch((error: NodeJS.ErrnoException) => {
          throw withDiskFault(error, error.path ?? `the status log ${statusLog}`);
        });
  }
}
