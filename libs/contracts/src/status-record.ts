import type { Status } from './condition.ts';
import type { EpochMs } from './epoch-ms.ts';

/** Where one delivery of an invocation stands. */
export interface DeliveryStatus {
  readonly deliveryId: string;
  readonly state: 'pending' | 'delivered' | 'undelivered';
  readonly tries: number;
  readonly at: EpochMs;
  /** When the next try is due; pending deliveries only. */
  readonly dueAt?: EpochMs;
  readonly reason?: string;
  /** Where the notification lies. */
  readonly location?: string;
}

/** What is known of one invocation. */
export interface StatusRecord {
  readonly requestId: string;
  readonly functionUrn: string;
  readonly project: string;
  readonly status: Status;
  readonly errorCode: number;
  /** Empty on success; while an invocation waits for a retry, why the last attempt failed. */
  readonly errorMessage: string;
  readonly acceptedAt: EpochMs;
  readonly startedAt?: EpochMs;
  readonly endedAt?: EpochMs;
  /** Attempts started as far as known. */
  readonly attempts: number;
  /** When the next attempt is due; waiting invocations only. */
  readonly dueAt?: EpochMs;
  readonly deliveries: readonly DeliveryStatus[];
}

/** A question to the status store, asked by the ingress over HTTP. */
export interface StatusQuery {
  readonly project: string;
  /** Of eight fields each; absent asks for all of the project's functions. */
  readonly functionUrns?: readonly string[];
  readonly requestIds?: readonly string[];
  readonly statuses?: readonly Status[];
  /** The window, over `acceptedAt`: [beginAt, endAt]. */
  readonly beginAt: EpochMs;
  readonly endAt: EpochMs;
  readonly offset: number;
  readonly limit: number;
}

/** The answer: newest first. */
export interface StatusPage {
  readonly records: readonly StatusRecord[];
  /** All that match, on this page and beyond. */
  readonly count: number;
}
