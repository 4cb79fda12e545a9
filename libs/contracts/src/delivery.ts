import { bounds } from './bounds.ts';
import { readTarget, type TargetFields, targetIdOf } from './destinations.ts';
import type { EpochMs } from './epoch-ms.ts';
import { header, requiredText } from './headers.ts';
import { JsonObject } from './json-object.ts';
import { decodeDeliveryEvent, encodeDeliveryEvent, type DeliveryEvent } from './delivery-event.ts';
import type { IncomingRecord, OutgoingRecord, RecordHeaders } from './record.ts';

/**
 * The fields of a target of deliveries: a target of a policy, or a subscription of a pub/sub topic.
 */
interface DeliveryTargetFields extends TargetFields {
  readonly Subscription: { readonly topicUrn: string; readonly subscriptionUrn: string };
}

/** A kind of target of deliveries. */
export type DeliveryTargetType = keyof DeliveryTargetFields;

/** The target of one delivery. */
export type DeliveryTarget<Type extends DeliveryTargetType = DeliveryTargetType> = {
  [T in Type]: { readonly type: T } & DeliveryTargetFields[T];
}[Type];

/** A subscription of a pub/sub topic as a target. */
export type SubscriptionTarget = DeliveryTarget<'Subscription'>;

/** The redrive that began a delivery again, and the dead letter that it began from. */
export interface RedriveOrigin {
  readonly redriveId: string;
  /** Partition and offset in the topic `undelivered`: `3/17`. */
  readonly letter: string;
}

/** A delivery before its next try. */
export interface PendingDelivery {
  /** Unique among the deliveries of one event: type and name of the target. */
  readonly deliveryId: string;
  readonly target: DeliveryTarget;
  /** The next try, from 1. */
  readonly try: number;
  readonly dueAt: EpochMs;
  /** When the delivery began. */
  readonly firstTriedAt: EpochMs;
  /** Why the try before failed, or why the delivery was given up. */
  readonly reason?: string;
  /** Somebody tests the target: one try, whose end is a record of the topic `targets`. */
  readonly isTest?: true;
  /** Set if a redrive began this delivery. */
  readonly redrive?: RedriveOrigin;
  readonly event: DeliveryEvent;
}

/** The id of the delivery to a target. It is the same for every event. */
export function deliveryIdOf(target: DeliveryTarget): string {
  return `${target.type}:${target.type === 'Subscription' ? target.subscriptionUrn : targetIdOf(target)}`;
}

/** The URN of the subscription that a delivery is for; undefined if it is for another target. */
export function subscriptionOf(deliveryId: string): string | undefined {
  const type = 'Subscription:';
  return deliveryId.startsWith(type) ? deliveryId.slice(type.length) : undefined;
}

/** The record of a delivery: the record of its event, with the delivery in a header. */
export function encodeDelivery(topic: string, { event, ...delivery }: PendingDelivery): OutgoingRecord {
  const record = encodeDeliveryEvent(topic, event);
  return {
    ...record,
    headers: { ...record.headers, [header.dueAt]: String(delivery.dueAt), [header.delivery]: JSON.stringify(delivery) },
  };
}

/** Reads the target of a delivery. @throws PlatformError `CONTRACT_VIOLATED` for another shape. */
function deliveryTargetIn(fields: JsonObject): DeliveryTarget {
  if (fields.text('type') !== 'Subscription') return readTarget(fields);
  return { type: 'Subscription', topicUrn: fields.text('topicUrn'), subscriptionUrn: fields.text('subscriptionUrn') };
}

function originIn(fields: JsonObject): RedriveOrigin {
  return { redriveId: fields.text('redriveId'), letter: fields.text('letter') };
}

/**
 * The same for every copy of the first record of a redriven notice. A redrive may write that record
 * twice, if its process dies between two writes.
 * @returns undefined for every other record. A later try has the reason why the one before failed.
 */
export function redriveStartKey({ redrive, reason }: PendingDelivery): string | undefined {
  return redrive === undefined || reason !== undefined ? undefined : `${redrive.redriveId} ${redrive.letter}`;
}

/**
 * Reads the header of a delivery.
 * @throws PlatformError `CONTRACT_VIOLATED` if it is missing or has another shape.
 */
function deliveryOf(headers: RecordHeaders): Omit<PendingDelivery, 'event'> {
  const delivery = JsonObject.parse(requiredText(headers, header.delivery), `header ${header.delivery}`);
  const reason = delivery.optionalText('reason');
  return {
    deliveryId: delivery.text('deliveryId'),
    target: deliveryTargetIn(delivery.object('target')),
    try: delivery.wholeNumber('try', bounds.deliveryTry),
    dueAt: delivery.instant('dueAt'),
    firstTriedAt: delivery.instant('firstTriedAt'),
    ...(reason === undefined ? {} : { reason }),
    ...(delivery.has('isTest') ? { isTest: true } : {}),
    ...(delivery.has('redrive') ? { redrive: originIn(delivery.object('redrive')) } : {}),
  };
}

/**
 * Reads a delivery back.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodeDelivery(record: Pick<IncomingRecord, 'headers' | 'value'>): PendingDelivery {
  return { ...deliveryOf(record.headers), event: decodeDeliveryEvent(record) };
}
