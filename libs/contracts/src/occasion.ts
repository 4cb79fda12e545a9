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

/** What a delivery tells of: an invocation ended; a message was published; a subscription was made and wants to be confirmed. */
export type Occasion =
  | { readonly kind: 'settled'; readonly settlement: Settlement }
  | { readonly kind: 'published'; readonly publication: Publication }
  | { readonly kind: 'subscribed'; readonly request: ConfirmationRequest };

/** The request id or message id, by which a receiver knows a copy. */
export function occasionId(occasion: Occasion): string {
  switch (occasion.kind) {
    case 'settled':
      return occasion.settlement.invocation.requestId;
    case 'published':
      return occasion.publication.messageId;
    case 'subscribed':
      return occasion.request.messageId;
    default:
      return occasion satisfies never;
  }
}

/** The project it belongs to. */
export function occasionProject(occasion: Occasion): string {
  switch (occasion.kind) {
    case 'settled':
      return occasion.settlement.invocation.project;
    case 'published':
      return occasion.publication.project;
    case 'subscribed':
      return occasion.request.project;
    default:
      return occasion satisfies never;
  }
}

/** When telling of it has no more sense; undefined where it always has. */
export function occasionExpiresAt(occasion: Occasion): EpochMs | undefined {
  switch (occasion.kind) {
    case 'settled':
      return undefined;
    case 'published':
      return occasion.publication.expiresAt;
    case 'subscribed':
      return occasion.request.expiresAt;
    default:
      return occasion satisfies never;
  }
}

/** The record of an occasion, keyed by its id. */
export function encodeOccasion(topic: string, occasion: Occasion): OutgoingRecord {
  switch (occasion.kind) {
    case 'settled':
      return encodeSettlement(topic, occasion.settlement);
    case 'published':
      return encodePublication(topic, occasion.publication);
    case 'subscribed':
      return encodeConfirmationRequest(topic, occasion.request);
    default:
      return occasion satisfies never;
  }
}

/**
 * Reads an occasion back; what says nothing else is a settlement.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodeOccasion(record: Pick<IncomingRecord, 'headers' | 'value'>): Occasion {
  if (record.headers[header.publication] !== undefined) return { kind: 'published', publication: decodePublication(record) };
  if (record.headers[header.confirmation] !== undefined)
    return { kind: 'subscribed', request: decodeConfirmationRequest(record) };
  return { kind: 'settled', settlement: decodeSettlement(record) };
}
