import { type EpochMs, epochMs } from './epoch-ms.ts';
import { PlatformError } from './errors.ts';
import { header, parsedHeader } from './headers.ts';
import { decodeOccasion, encodeOccasion, type Occasion } from './occasion.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';
import type { Target } from './target.ts';

/** A subscription of a pub/sub topic, as one target of its own. */
export interface SubscriptionTarget {
  readonly type: 'Subscription';
  readonly topicUrn: string;
  readonly subscriptionUrn: string;
}

/** What one delivery is aimed at. */
export type DeliveryTarget = Target | SubscriptionTarget;

/** One notification on its way to one target: what it tells of, and how often it was tried. */
export interface PendingDelivery {
  /** Tells deliveries of one occasion apart: the type and the name of the target. */
  readonly deliveryId: string;
  readonly target: DeliveryTarget;
  /** The try that comes next, from 1. */
  readonly try: number;
  readonly dueAt: EpochMs;
  /** When the first try was made. */
  readonly firstTriedAt: EpochMs;
  /** Why the try before did not pass. */
  readonly reason?: string;
  readonly occasion: Occasion;
}

/** The stable name of a target. */
export function deliveryIdOf(target: DeliveryTarget): string {
  switch (target.type) {
    case 'OBS':
      return `OBS:${target.bucket}/${target.prefix}`;
    case 'DIS':
      return `DIS:${target.streamName}`;
    case 'SMN':
      return `SMN:${target.topicUrn}`;
    case 'FunctionGraph':
      return `FunctionGraph:${target.functionUrn}`;
    case 'Subscription':
      return `Subscription:${target.subscriptionUrn}`;
    default:
      return target satisfies never;
  }
}

/** The record of a delivery to be tried again, or given up: as what it tells of, with the delivery in a header. */
export function encodeDelivery(topic: string, { occasion, ...delivery }: PendingDelivery): OutgoingRecord {
  const record = encodeOccasion(topic, occasion);
  return {
    ...record,
    headers: { ...record.headers, [header.dueAt]: String(delivery.dueAt), [header.delivery]: JSON.stringify(delivery) },
  };
}

/**
 * Reads a delivery back.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodeDelivery(record: Pick<IncomingRecord, 'headers' | 'value'>): PendingDelivery {
  const delivery = parsedHeader<Omit<PendingDelivery, 'occasion'>>(record.headers, header.delivery);
  if (
    delivery === undefined ||
    !Number.isSafeInteger(delivery.try) ||
    typeof delivery.deliveryId !== 'string' ||
    typeof delivery.target?.type !== 'string'
  )
    throw new PlatformError('CONTRACT_VIOLATED', { details: { reason: 'header delivery is missing or malformed' } });
  return {
    ...delivery,
    dueAt: epochMs(delivery.dueAt),
    firstTriedAt: epochMs(delivery.firstTriedAt),
    occasion: decodeOccasion(record),
  };
}
