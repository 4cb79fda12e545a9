/** The path on which an executor answers a {@link QueuePlaceQuery}, as JSON in a POST. */
export const queuePlacePath = '/internal/queue-places';

/** A question for the place of an invocation at one executor. */
export interface QueuePlaceQuery {
  /** Eight fields. */
  readonly functionUrn: string;
  readonly requestId: string;
}

/** The queue of a function at one executor, and the place of an invocation in it. */
export interface QueuePlace {
  /** The place among the waiting attempts, from 1; absent if the invocation does not wait here. */
  readonly place?: number;
  /** Whether its attempt has begun here. */
  readonly isRunning: boolean;
  /** Attempts and synchronous calls of the function that wait here. */
  readonly waiting: number;
  /** Those that run here. */
  readonly running: number;
  /** The most that the function lets run here; absent without a limit of its own. */
  readonly limit?: number;
  /** Attempts of all functions that run here, and the most of them. */
  readonly allRunning: number;
  readonly allRunningMax: number;
}
