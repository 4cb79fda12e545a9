import type { Status } from './condition.ts';
import type { EpochMs } from './epoch-ms.ts';

/** The state of one delivery of an invocation. Times are milliseconds since 1970-01-01 UTC. */
export interface DeliveryStatus {
  /** Names the target, as `deliveryIdOf` writes it. */
  readonly deliveryId: string;
  readonly state: 'pending' | 'delivered' | 'undelivered';
  /** Tries made so far. */
  readonly tries: number;
  /** When the state was reported. */
  readonly at: EpochMs;
  /** When the next try is due; pending deliveries only. */
  readonly dueAt?: EpochMs;
  /** Why the last try failed; of a delivered one, what the target could not promise. */
  readonly reason?: string;
  /** The notification at its target: a URL, or a short text if it has none. */
  readonly location?: string;
}

/** The status of one invocation. Times are milliseconds since 1970-01-01 UTC. */
export interface StatusRecord {
  readonly requestId: string;
  /** URN of eight fields; empty while only a delivery of the invocation is known. */
  readonly functionUrn: string;
  /** Empty while only a delivery of the invocation is known. */
  readonly project: string;
  readonly status: Status;
  /** Number of the condition it ended with; 0 before the end and on success. */
  readonly errorCode: number;
  /** Empty on success. While an invocation waits for a retry: why the last attempt failed. */
  readonly errorMessage: string;
  /** 0 while only a delivery of the invocation is known. */
  readonly acceptedAt: EpochMs;
  /** Start of the last attempt that was reported. */
  readonly startedAt?: EpochMs;
  /** Absent before the end. */
  readonly endedAt?: EpochMs;
  /** Attempts started so far. */
  readonly attempts: number;
  /** When the next attempt is due; waiting invocations only. */
  readonly dueAt?: EpochMs;
  /** Tags that the caller gave, in alphabetical order. */
  readonly tags: readonly string[];
  /** The reference of the payload in the store, if it is too large for a record. */
  readonly payloadRef?: string;
  /** The reference of the return value in the store, if it is too large for a record. */
  readonly responseRef?: string;
  /** In the order of their ids. */
  readonly deliveries: readonly DeliveryStatus[];
}

/** A query of the status store, which the ingress sends over HTTP. */
export interface StatusQuery {
  readonly project: string;
  /** URNs of eight fields; absent selects all functions of the project. */
  readonly functionUrns?: readonly string[];
  /** Absent selects all invocations; an empty list selects none. */
  readonly requestIds?: readonly string[];
  /** Absent selects every status. */
  readonly statuses?: readonly Status[];
  /** Only invocations with this tag. */
  readonly tag?: string;
  /** Begin of the window over `acceptedAt`; both ends belong to it. */
  readonly beginAt: EpochMs;
  readonly endAt: EpochMs;
  /** How many matching records come before the page. */
  readonly offset: number;
  /** Size of the page, in records. */
  readonly limit: number;
}

/** One page of the records that match a query, newest first. */
export interface StatusPage {
  readonly records: readonly StatusRecord[];
  /** How many records match, on all pages together. */
  readonly count: number;
  /** Present if the store does not hold yet all that the topics held at the question. */
  readonly isBehind?: true;
}
