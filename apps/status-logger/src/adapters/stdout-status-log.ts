import type { StatusLog, StatusLogLine } from '../status-log.ts';

/** Every line on standard output, its `group/stream` in front: for a cluster whose logs are collected. */
export class StdoutStatusLog implements StatusLog {
  async append(lines: readonly StatusLogLine[]): Promise<void> {
    if (lines.length === 0) return;
    process.stdout.write(lines.map(({ statusLog, line }) => `${statusLog} ${line}\n`).join(''));
  }
}
