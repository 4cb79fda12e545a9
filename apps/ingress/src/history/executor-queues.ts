import type { QueuePlace, QueuePlaceQuery } from '#contracts';

/** Injection token of the {@link ExecutorQueues}. */
export const EXECUTOR_QUEUES = Symbol('executor queues');

/** Asks the executors where an invocation is. */
export interface ExecutorQueues {
  /** @returns an answer for each executor; undefined if it did not answer in time. */
  ask(query: QueuePlaceQuery): Promise<readonly (QueuePlace | undefined)[]>;
}
