import { bounds } from './bounds.ts';
import type { EpochMs } from './epoch-ms.ts';
import { JsonObject } from './json-object.ts';
import { formatHeaders } from './record-format.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';
import { checkedRequestId } from './request-id.ts';

/** A fact about an invocation that no other record holds. */
export type Activity =
  /** An attempt has run for a while and has not ended. */
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
  /** The notifier has delivered a notification, or has given it up. */
  | {
      readonly kind: 'delivery-ended';
      readonly requestId: string;
      readonly deliveryId: string;
      readonly state: 'delivered' | 'undelivered';
      readonly tries: number;
      readonly at: EpochMs;
      /** Why the delivery was given up; of a delivered one, what the target could not promise. */
      readonly reason?: string;
      /** The notification at its target: a URL, or a short text if it has none. */
      readonly location?: string;
      /** Deliveries that begin because of it: those to the subscriptions of a topic. */
      readonly followedBy?: readonly string[];
    };

/** The record of an activity, keyed by request id. */
export function encodeActivity(topic: string, activity: Activity): OutgoingRecord {
  return { topic, key: activity.requestId, value: Buffer.from(JSON.stringify(activity)), headers: formatHeaders('activity') };
}

/**
 * Reads an activity back.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodeActivity({ value }: Pick<IncomingRecord, 'value'>): Activity {
  const fields = JsonObject.parse(String(value), 'the activity');
  const kind = fields.word('kind', ['running', 'delivery-ended']);
  const requestId = checkedRequestId(fields.text('requestId'));
  switch (kind) {
    case 'running': {
      const statusLog = fields.optionalText('statusLog');
      return {
        kind,
        requestId,
        functionUrn: fields.text('functionUrn'),
        project: fields.text('project'),
        acceptedAt: fields.instant('acceptedAt'),
        attempt: fields.wholeNumber('attempt', bounds.attempt),
        startedAt: fields.instant('startedAt'),
        ...(statusLog === undefined ? {} : { statusLog }),
      };
    }
    case 'delivery-ended': {
      const reason = fields.optionalText('reason');
      const location = fields.optionalText('location');
      const followedBy = fields.optionalTexts('followedBy');
      return {
        kind,
        requestId,
        deliveryId: fields.text('deliveryId'),
        state: fields.word('state', ['delivered', 'undelivered']),
        tries: fields.wholeNumber('tries', bounds.deliveryTries),
        at: fields.instant('at'),
        ...(reason === undefined ? {} : { reason }),
        ...(location === undefined ? {} : { location }),
        ...(followedBy === undefined ? {} : { followedBy }),
      };
    }
    default:
      return kind satisfies never;
  }
}
