/**
 * Counts the invocations that wait for an executor, by what would help them.
 *
 * B1. An invocation is runnable if it would start now on one more executor. It is limited if the
 *     limit of its function holds it back: more executors do not help it.
 * B2. Nobody knows the functions of records that were not read yet. They count like the waiting
 *     ones of their partition: of these, those whose functions have room for all that waits are
 *     runnable. A function without room for all has its share among the waiting ones already.
 * B3. Unread records of a partition without waiting tasks are runnable.
 * B4. Started attempts that wait because all function processes of the executor are in use are
 *     runnable too.
 */
import type { WaitingTasks } from './attempt-queue.ts';

/** Waiting invocations by what they wait for. */
export interface Backlog {
  /** Invocations that more executors could start now, unread ones included (B2). */
  readonly runnable: number;
  /** Invocations that wait for the limit of their function, unread ones included (B2). */
  readonly limited: number;
  /** How long the oldest runnable one has been runnable, in milliseconds. 0 if none is. */
  readonly runnableOldestMs: number;
}

/** Waiting tasks that were read from one partition. */
interface FromPartition {
  tasks: number;
  /** Of functions with room for all their tasks. */
  roomy: number;
}

/** The waiting invocations of one moment. Times are those of `elapsedMs` of one clock. */
export interface Waits {
  readonly tasks: readonly WaitingTasks[];
  /** Records that were not read yet, by the name of their partition. */
  readonly unread: ReadonlyMap<string, number>;
  /** Since when each started attempt waits for a function process. */
  readonly forProcesses: readonly number[];
  readonly elapsedMs: number;
}

/** Counts what waits. */
export function backlogOf({ tasks: waiting, unread, forProcesses, elapsedMs }: Waits): Backlog {
  const partitions = new Map<string, FromPartition>();
  let runnable = 0;
  let limited = 0;
  let oldestMs = 0;
  for (const { tasks, startable, limitedUntil } of waiting) {
    const isRoomy = tasks.length <= startable;
    const startableNow = isRoomy ? tasks.length : startable;
    runnable += startableNow;
    limited += tasks.length - startableNow;
    for (const [place, { dueAt, source }] of tasks.entries()) {
      if (place < startableNow) oldestMs = Math.max(oldestMs, elapsedMs - Math.max(dueAt, limitedUntil));
      if (source !== undefined) count(partitions, source, isRoomy);
    }
  }
  runnable += forProcesses.length;
  for (const since of forProcesses) oldestMs = Math.max(oldestMs, elapsedMs - since);
  for (const [source, records] of unread) {
    const { tasks, roomy } = partitions.get(source) ?? { tasks: 1, roomy: 1 };
    const runnableUnread = Math.round((records * roomy) / tasks);
    runnable += runnableUnread;
    limited += records - runnableUnread;
  }
  return { runnable, limited, runnableOldestMs: oldestMs };
}

function count(partitions: Map<string, FromPartition>, source: string, isRoomy: boolean): void {
  const one = partitions.get(source) ?? { tasks: 0, roomy: 0 };
  partitions.set(source, one);
  one.tasks += 1;
  if (isRoomy) one.roomy += 1;
}
