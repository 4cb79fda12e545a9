import { SingleBar } from 'cli-progress';
import type { ProgressBar } from './surroundings.ts';

/** Draws a bar on the standard error. */
export function terminalProgress(): ProgressBar {
  const bar = new SingleBar({
    format: '{bar} {value} of {total} ended, {words}',
    barCompleteChar: '#',
    barIncompleteChar: '-',
    stream: process.stderr,
    clearOnComplete: true,
  });
  bar.start(0, 0, { words: '' });
  return {
    update(over, total, words) {
      bar.setTotal(total);
      bar.update(over, { words });
    },
    end: () => bar.stop(),
  };
}
