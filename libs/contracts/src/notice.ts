import type { EpochMs } from './epoch-ms.ts';
import type { DeliveryStatus, StatusRecord } from './status-record.ts';

/** Every state of a delivery. */
export const deliveryStates = ['pending', 'delivered', 'undelivered'] as const satisfies DeliveryStatus['state'][];

/** One delivery of an invocation, with the fields by which it is found. */
export type Notice = DeliveryStatus & Pick<StatusRecord, 'requestId' | 'functionUrn' | 'acceptedAt'>;

/** The place of a notice in a list: newest invocation first, then by ids. */
export type NoticePlace = Pick<Notice, 'acceptedAt' | 'requestId' | 'deliveryId'>;

/** A query for notices, which the ingress sends over HTTP. */
export interface NoticeQuery {
  readonly project: string;
  /** At most {@link noticeFunctionsMax} URNs of eight fields; absent selects all of the project. */
  readonly functionUrns?: readonly string[];
  /** Names the target; absent selects every target. */
  readonly deliveryId?: string;
  readonly states: readonly DeliveryStatus['state'][];
  /** Begin of the window over the acceptance of the invocation; both ends belong to it. */
  readonly beginAt: EpochMs;
  readonly endAt: EpochMs;
  /** The last notice of the page before; absent for the first page. */
  readonly after?: NoticePlace;
  /** Size of the page, in notices. */
  readonly limit: number;
}

/**
 * Versions of functions that one query for notices may name. The store reads an index for each of
 * them, and for each state.
 */
export const noticeFunctionsMax = 10;

/** One page of notices, newest invocation first. */
export interface NoticePage {
  readonly notices: readonly Notice[];
  /** True if notices follow that match. */
  readonly hasMore: boolean;
}

/** Counts of deliveries end here: more are "at least so many". */
export const noticeCountMax = 10_000;

/** The facts about one target that the records of invocations hold. */
export interface TargetNotices {
  /** Names the target. */
  readonly deliveryId: string;
  /** At most {@link noticeCountMax}. */
  readonly pending: number;
  /** At most {@link noticeCountMax}. */
  readonly undelivered: number;
  /** The end of the delivery of the newest invocation that was delivered. */
  readonly deliveredAt?: EpochMs;
  /** Why the last try for the newest invocation failed, and when. */
  readonly error?: { readonly reason: string; readonly at: EpochMs };
}

/** A query for targets, in the order of their ids. */
export interface TargetQuery {
  readonly project: string;
  /** The last target of the page before; absent for the first page. */
  readonly after?: string;
  readonly limit: number;
}

/** One page of targets. */
export interface TargetPage {
  readonly targets: readonly TargetNotices[];
  readonly hasMore: boolean;
}
