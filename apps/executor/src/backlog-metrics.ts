import type { Registry as Metrics } from 'prom-client';
import { partitionName, type Topics } from '#contracts';
import type { UnreadRecords } from '#kafka';
import { type Clock, gaugeOf, sharedReading } from '#platform';
import type { AttemptQueue } from './attempt-queue.ts';
import { type Backlog, backlogOf } from './backlog.ts';

/** Sources of the metrics of the backlog. */
export interface BacklogSources {
  readonly queue: Pick<AttemptQueue, 'waiting'>;
  readonly clock: Pick<Clock, 'elapsedMs'>;
  readonly topics: Topics;
  /** Since when each started attempt waits for a function process, by `elapsedMs` of the clock. */
  readonly waitingForProcesses: () => readonly number[];
  /** Counts the unread records of the partitions of this process. May reject. */
  readonly unread: (topic: string) => Promise<readonly UnreadRecords[]>;
}

/** Registers what waits for this executor, told apart by what would help it; see `backlog.ts`. */
export function gaugeBacklog(metrics: Metrics, sources: BacklogSources): void {
  const read = sharedReading(async (_all: 'all') => readBacklog(sources));
  const backlog = async () => read('all');
  gaugeOf(
    metrics,
    'sendoff_runnable_invocations',
    'Invocations that more executors could start now, unread ones included.',
    async () => (await backlog()).runnable,
  );
  gaugeOf(
    metrics,
    'sendoff_runnable_oldest_age_seconds',
    'How long the oldest invocation that more executors could start has been runnable, 0 if there is none.',
    async () => (await backlog()).runnableOldestMs / 1_000,
  );
  gaugeOf(
    metrics,
    'sendoff_limited_invocations',
    'Invocations that wait because their function runs as many at once as its own limit allows, unread ones included.',
    async () => (await backlog()).limited,
  );
}

async function readBacklog({ queue, clock, topics, waitingForProcesses, unread }: BacklogSources): Promise<Backlog> {
  const records = new Map<string, number>();
  const read = async (topic: string): Promise<void> => {
    for (const one of await unread(topic)) records.set(partitionName({ topic, partition: one.partition }), one.records);
  };
  // While the brokers do not answer, the backlog is what this process holds.
  await Promise.allSettled([read(topics.name('invocations')), read(topics.name('invocations.bulk'))]);
  return backlogOf({
    tasks: queue.waiting(),
    unread: records,
    forProcesses: waitingForProcesses(),
    elapsedMs: clock.elapsedMs(),
  });
}
