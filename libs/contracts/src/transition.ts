import type { Condition } from './condition.ts';
import type { EpochMs } from './epoch-ms.ts';

/** Everything that can happen to an invocation and is kept, in the order of one instant. */
export const transitionKinds = [
  /** Written to a delay topic until `dueAt`. */
  'delayed',
  /** Written to the express lane. */
  'queued',
  /** Written to the bulk lane. */
  'queued-bulk',
  /** An attempt began. */
  'started',
  /** It ended, with a condition. */
  'settled',
  /** A notice waits for a try. */
  'notice-pending',
  /** A notice has arrived at its target. */
  'notice-delivered',
  /** A notice was given up. */
  'notice-undelivered',
] as const;

/** A kind of {@link transitionKinds}. */
export type TransitionKind = (typeof transitionKinds)[number];

/** One thing that happened to an invocation. */
export interface Transition {
  readonly at: EpochMs;
  readonly kind: TransitionKind;
  /** The attempt that it concerns, from 1; of a settlement and of a notice, how many were made. */
  readonly attempt: number;
  /** Why the attempt or the try before failed. Cut to {@link transitionErrorMax} characters. */
  readonly error?: string;
  /** When a delayed attempt or the next try of a notice is due. */
  readonly dueAt?: EpochMs;
  /** Of a delayed attempt: the retries used before it. Absent in records of earlier releases. */
  readonly retriesUsed?: number;
  /** Of a settlement. */
  readonly condition?: Condition;
  /** Which start of the attempt comes next, from 2, after executors ended during those before. */
  readonly chance?: number;
  /** Of a notice. */
  readonly deliveryId?: string;
}

/** The longest error in a transition, in characters. */
export const transitionErrorMax = 256;

/** The transitions of one invocation, oldest first. */
export interface History {
  readonly transitions: readonly Transition[];
  /** True if transitions after the first {@link transitionsKeptFirst} were left out. */
  readonly isCut: boolean;
}

/** How many of the first transitions of an invocation are kept. */
export const transitionsKeptFirst = 16;
/** How many transitions of an invocation are kept: the first ones, and the last ones. */
export const transitionsMax = 64;
