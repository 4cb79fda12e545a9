import { printable } from '#contracts';
import type { StatusLog, StatusLogLine } from '../status-log.ts';

/**
 * Writes `group/stream` and the line to standard output, for a cluster that collects the output of
 * its containers.
 */
export class StdoutStatusLog implements StatusLog {
  async append(lines: readonly StatusLogLine[]): Promise<void> {
    if (lines.length === 0) return;
    process.stdout.write(lines.map(({ statusLog, line }) => `${printable(statusLog, ' ')} ${line}\n`).join(''));
  }
}
