import type { Status } from './condition.ts';
import type { Transition } from './transition.ts';

/** The path on which a status-logger answers a {@link LiveQuery}, as JSON in a POST. */
export const liveTransitionsPath = '/internal/records/transitions';

/**
 * A question for the transitions that one status-logger has stored after a place. Without a place
 * it asks for the newest place only.
 */
export interface LiveQuery extends Partial<LivePlace> {
  readonly project: string;
}

/** A place in the transitions of one status-logger. */
export interface LivePlace {
  /** Names the process: each start has another one. */
  readonly process: string;
  /** The number of the last transition, from 1; 0 before the first. */
  readonly number: number;
}

/** A transition, and the invocation that it belongs to. */
export interface LiveTransition {
  readonly number: number;
  readonly requestId: string;
  /** Eight fields. */
  readonly functionUrn: string;
  /** The status after it. A transition may be told after a later one: its time orders them. */
  readonly status: Status;
  readonly transition: Transition;
}

/** The answer to a {@link LiveQuery}. */
export interface LivePage {
  /** The place after the page. */
  readonly place: LivePlace;
  readonly transitions: readonly LiveTransition[];
  /** True if transitions after the asked place are no longer held. */
  readonly isGap: boolean;
  /** True if more transitions follow at once. */
  readonly hasMore: boolean;
}
