import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Clock } from './clock.ts';

const tries = 5;
/** Without the rights of root, Linux takes one change of a session in 100 ms. */
const againMs = 150;

/**
 * Lets all other processes go first while the cores are busy. Best effort. Linux may weigh sessions
 * instead of processes (`sched_autogroup_enabled`), so this sets the weight of the session too.
 * @param pid the leader of its session.
 * @param niceness from 1 to 19. At 5 it gets a third of the time that another process gets.
 */
export function lowerPriority(pid: number, niceness: number, clock: Pick<Clock, 'setTimer'>, triesLeft = tries): void {
  try {
    setPriority(pid, niceness);
    if (process.platform === 'linux') writeFileSync(`/proc/${pid}/autogroup`, String(niceness));
  } catch {
    if (triesLeft > 1) clock.setTimer(againMs, () => lowerPriority(pid, niceness, clock, triesLeft - 1));
  }
}
