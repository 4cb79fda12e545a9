import { bounds } from './bounds.ts';
import { readTarget, type TargetFields, targetIdOf } from './destinations.ts';
import type { EpochMs } from './epoch-ms.ts';
import { header, requiredText } from './headers.ts';
import { JsonObject } from './json-object.ts';
import { decodeDeliveryEvent, encodeDeliveryEvent, type DeliveryEvent } from './delivery-event.ts';
import type { IncomingRecord, OutgoingRecord, RecordHeaders } from './record.ts';

/** The fields of what a delivery can be aimed at: a target of a policy, or a subscription of a pub/sub topic. */
interface DeliveryTargetFields extends TargetFields {
  readonly Subscription: { readonly topicUrn: string; readonly subscriptionUrn: string };
}

/** A kind of target of deliveries. */
export type DeliveryTargetType = keyof DeliveryTargetFields;

/** What one delivery is aimed at. */
export type DeliveryTarget<Type extends DeliveryTargetType = DeliveryTargetType> = {
  [T in Type]: { readonly type: T } & DeliveryTargetFields[T];
}[Type];

/** A subscription of a pub/sub topic, as one target of its own. */
export type SubscriptionTarget = DeliveryTarget<'Subscription'>;

/** One notification on its way to one target: what it tells of, and how often it was tried. */
export interface PendingDelivery {
  /** Tells deliveries of one event apart: the type and the name of the target. */
  readonly deliveryId: string;
  readonly target: DeliveryTarget;
  /** The try that comes next, from 1. */
  readonly try: number;
  readonly dueAt: EpochMs;
  /** When the first try was made. */
  readonly firstTriedAt: EpochMs;
  /** Why the try before did not pass. */
  readonly reason?: string;
  readonly event: DeliveryEvent;
}

/** The stable name of a target: its type, and what tells it apart from others of its type. */
export function deliveryIdOf(target: DeliveryTarget): string {
  return `${target.type}:${target.type === 'Subscription' ? target.subscriptionUrn : targetIdOf(target)}`;
}

/** The record of a delivery to be tried again, or given up: as what it tells of, with the delivery in a header. */
export function encodeDelivery(topic: string, { event, ...delivery }: PendingDelivery): OutgoingRecord {
  const record = encodeDeliveryEvent(topic, event);
  return {
    ...record,
    headers: { ...record.headers, [header.dueAt]: String(delivery.dueAt), [header.delivery]: JSON.stringify(delivery) },
  };
}

/** Reads what a delivery is aimed at. @throws PlatformError `CONTRACT_VIOLATED` for another shape. */
function deliveryTargetIn(fields: JsonObject): DeliveryTarget {
  if (fields.text('type') !== 'Subscription') return readTarget(fields);
  return { type: 'Subscription', topicUrn: fields.text('topicUrn'), subscriptionUrn: fields.text('subscriptionUrn') };
}

/** The delivery that a record names. @throws PlatformError `CONTRACT_VIOLATED` if the header is missing or has another shape. */
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
  };
}

/**
 * Reads a delivery back.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodeDelivery(record: Pick<IncomingRecord, 'headers' | 'value'>): PendingDelivery {
  return { ...deliveryOf(record.headers), event: decodeDeliveryEvent(record) };
}
