import { PlatformError } from './errors.ts';
import type { EpochMs } from './epoch-ms.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';

/** A small fact that no work topic tells. */
export type Activity =
  | {
      readonly kind: 'running';
      readonly requestId: string;
      readonly functionUrn: string;
      readonly project: string;
      readonly acceptedAt: EpochMs;
      readonly attempt: number;
      readonly startedAt: EpochMs;
      readonly statusLog?: string;
    }
  | {
      readonly kind: 'delivery-ended';
      readonly requestId: string;
      readonly deliveryId: string;
      readonly state: 'delivered' | 'undelivered';
      readonly tries: number;
      readonly at: EpochMs;
      readonly reason?: string /** Where the notification lies, in words a person can follow. */;
      readonly location?: string;
    }
  | { readonly kind: 'cancel-asked'; readonly requestId: string; readonly at: EpochMs };

/** The record of an activity, keyed by request id. */
export function encodeActivity(topic: string, activity: Activity): OutgoingRecord {
  return { topic, key: activity.requestId, value: Buffer.from(JSON.stringify(activity)), headers: {} };
}

/** @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape. */
export function decodeActivity({ value }: Pick<IncomingRecord, 'value'>): Activity {
  try {
    const activity = JSON.parse(String(value)) as Activity;
    const isKnown = activity.kind === 'running' || activity.kind === 'delivery-ended' || activity.kind === 'cancel-asked';
    if (isKnown && typeof activity.requestId === 'string') return activity;
  } catch (cause) {
    throw new PlatformError('CONTRACT_VIOLATED', { details: { reason: 'the activity is not JSON' }, cause });
  }
  throw new PlatformError('CONTRACT_VIOLATED', { details: { reason: 'the activity is of no known kind' } });
}
