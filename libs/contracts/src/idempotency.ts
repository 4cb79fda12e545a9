import type { EpochMs } from './epoch-ms.ts';
import { contractViolated } from './errors.ts';
import { JsonObject } from './json-object.ts';
import { formatHeaders } from './record-format.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';
import { checkedRequestId } from './request-id.ts';

/** A record of the idempotency topic. It concerns one key. */
export type IdempotencyEvent =
  /** A request with the key has arrived, and a process is about to accept it. */
  | {
      readonly kind: 'claimed';
      /** The request id of every request with the key if this claim holds. */
      readonly requestId: string;
      /** SHA-256 of the payload, base64url. */
      readonly payloadDigest: string;
      /** Unique for each request of each process. */
      readonly claimant: string;
      /** The claimant whose claim this one replaces: it is presumed dead. */
      readonly inPlaceOf?: string;
      readonly at: EpochMs;
    }
  /** Kafka has acknowledged the invocation of the claim. */
  | { readonly kind: 'accepted'; readonly requestId: string; readonly at: EpochMs };

/**
 * The record of an event. Records of a key share a partition, so every process reads them in the
 * same order.
 * @param key derived from the function and the caller's key.
 */
export function encodeIdempotency(topic: string, key: string, event: IdempotencyEvent): OutgoingRecord {
  return { topic, key, value: Buffer.from(JSON.stringify(event)), headers: formatHeaders('idempotency') };
}

/** Reads an event back. @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape. */
export function decodeIdempotency({ key, value }: Pick<IncomingRecord, 'key' | 'value'>): {
  readonly key: string;
  readonly event: IdempotencyEvent;
} {
  if (key === null) throw contractViolated('the key of the idempotency record is missing');
  const fields = JsonObject.parse(String(value), 'the idempotency record');
  const kind = fields.word('kind', ['claimed', 'accepted']);
  const requestId = checkedRequestId(fields.text('requestId'));
  const at = fields.instant('at');
  if (kind === 'accepted') return { key, event: { kind, requestId, at } };
  const inPlaceOf = fields.optionalText('inPlaceOf');
  const event = {
    kind,
    requestId,
    payloadDigest: fields.text('payloadDigest'),
    claimant: fields.text('claimant'),
    ...(inPlaceOf === undefined ? {} : { inPlaceOf }),
    at,
  };
  return { key, event };
}
