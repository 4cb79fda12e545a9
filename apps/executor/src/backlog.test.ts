import { describe, expect, it } from 'vitest';
import type { WaitingTasks } from './attempt-queue.ts';
import { backlogOf } from './backlog.ts';

const noLimit = Number.POSITIVE_INFINITY;
const neverLimited = Number.NEGATIVE_INFINITY;

/** Tasks of one function that became due at these times. */
function tasks(dueAt: readonly number[], startable: number, source?: string, limitedUntil = neverLimited): WaitingTasks {
  return { tasks: dueAt.map((at) => ({ dueAt: at, source })), startable, limitedUntil };
}

const backlog = (waiting: readonly WaitingTasks[], unread: Record<string, number> = {}, forProcesses: number[] = []) =>
  backlogOf({ tasks: waiting, unread: new Map(Object.entries(unread)), forProcesses, elapsedMs: 1_000 });

describe('backlogOf', () => {
  it.each<[rule: string, WaitingTasks[], Record<string, number>, runnable: number, limited: number, oldestMs: number]>([
    ['nothing waits', [], {}, 0, 0, 0],
    ['without a limit of its function all that waits is runnable', [tasks([100, 900], noLimit)], {}, 2, 0, 900],
    ['at the limit of its function nothing is runnable', [tasks([100, 200, 300], 0)], {}, 0, 3, 0],
    ['below it, as many are runnable as the limit lets start', [tasks([100, 200, 300], 2)], {}, 2, 1, 900],
    ['a function as long as its room is roomy', [tasks([100, 200], 2, 'p')], { p: 5 }, 7, 0, 900],
    ['what the limit held back is runnable since the limit let it go', [tasks([100, 200], 1, 'p', 950)], {}, 1, 1, 50],
    ['unread records of a partition without waiting tasks are runnable', [], { p: 7 }, 7, 0, 0],
    ['unread records behind a limited function are limited', [tasks([100, 200], 0, 'p')], { p: 1_000 }, 0, 1_002, 0],
    ['one that has room for some does not lend it to unread ones', [tasks([100, 200], 1, 'p')], { p: 1_000 }, 1, 1_001, 900],
    [
      'unread records count like the waiting ones of their partition',
      [tasks([1, 2, 3], 0, 'p'), tasks([500], noLimit, 'p')],
      { p: 100 },
      26,
      78,
      500,
    ],
    ['partitions are judged apart', [tasks([100], 0, 'p'), tasks([100], noLimit, 'q')], { p: 10, q: 10 }, 11, 11, 900],
    ['a synchronous call has no partition', [tasks([100], 0, undefined)], { p: 10 }, 10, 1, 0],
  ])('%s', (_rule, waiting, unread, runnable, limited, runnableOldestMs) => {
    expect(backlog(waiting, unread)).toEqual({ runnable, limited, runnableOldestMs });
  });

  it('counts started attempts that wait for a function process', () => {
    expect(backlog([], {}, [400, 990])).toEqual({ runnable: 2, limited: 0, runnableOldestMs: 600 });
  });
});
