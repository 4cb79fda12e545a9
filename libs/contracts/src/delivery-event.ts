import type { EpochMs } from './epoch-ms.ts';
import { header } from './headers.ts';
import {
  type ConfirmationRequest,
  decodeConfirmationRequest,
  decodePublication,
  encodeConfirmationRequest,
  encodePublication,
  type Publication,
} from './publication.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';
import { decodeSettlement, encodeSettlement, type Settlement } from './settlement.ts';

/**
 * The reason of a delivery: an invocation was settled, a client published a message, or a client
 * made a subscription that its endpoint must confirm.
 */
export type DeliveryEvent =
  | { readonly kind: 'settled'; readonly settlement: Settlement }
  | { readonly kind: 'published'; readonly publication: Publication }
  | { readonly kind: 'subscribed'; readonly request: ConfirmationRequest };

/** The request id or message id. Receivers recognise copies of a notification by it. */
export function eventId(event: DeliveryEvent): string {
  switch (event.kind) {
    case 'settled':
      return event.settlement.invocation.requestId;
    case 'published':
      return event.publication.messageId;
    case 'subscribed':
      return event.request.messageId;
    default:
      return event satisfies never;
  }
}

/** The project of an event. */
export function eventProject(event: DeliveryEvent): string {
  switch (event.kind) {
    case 'settled':
      return event.settlement.invocation.project;
    case 'published':
      return event.publication.project;
    case 'subscribed':
      return event.request.project;
    default:
      return event satisfies never;
  }
}

/** When the deliveries of an event expire. @returns undefined if they never do. */
export function eventExpiresAt(event: DeliveryEvent): EpochMs | undefined {
  switch (event.kind) {
    case 'settled':
      return undefined;
    case 'published':
      return event.publication.expiresAt;
    case 'subscribed':
      return event.request.expiresAt;
    default:
      return event satisfies never;
  }
}

/** The record of an event, keyed by its id. */
export function encodeDeliveryEvent(topic: string, event: DeliveryEvent): OutgoingRecord {
  switch (event.kind) {
    case 'settled':
      return encodeSettlement(topic, event.settlement);
    case 'published':
      return encodePublication(topic, event.publication);
    case 'subscribed':
      return encodeConfirmationRequest(topic, event.request);
    default:
      return event satisfies never;
  }
}

/**
 * Reads an event back. A record without the header of another event is a settlement.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodeDeliveryEvent(record: Pick<IncomingRecord, 'headers' | 'value'>): DeliveryEvent {
  if (record.headers[header.publication] !== undefined) return { kind: 'published', publication: decodePublication(record) };
  if (record.headers[header.confirmation] !== undefined)
    return { kind: 'subscribed', request: decodeConfirmationRequest(record) };
  return { kind: 'settled', settlement: decodeSettlement(record) };
}
