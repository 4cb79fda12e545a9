import type { EpochMs } from './epoch-ms.ts';
import { contractViolated } from './errors.ts';
import { JsonObject } from './json-object.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';

/** What a record of the idempotency topic says of one key. */
export type IdempotencyEvent =
  | {
      readonly kind: 'claimed';
      /** The request id that the key stands for if this claim holds. */
      readonly requestId: string;
      /** SHA-256 of the payload, base64url. */
      readonly payloadDigest: string;
      /** Who claims: one attempt of one process to accept. */
      readonly claimant: string;
      /** The claimant that is taken to have died between claiming and accepting. */
      readonly inPlaceOf?: string;
      readonly at: EpochMs;
    }
  /** The invocation of the claim is in Kafka. */
  | { readonly kind: 'accepted'; readonly requestId: string; readonly at: EpochMs };

/** @param key what stands for project, function and the caller's key; its records share a partition, so that all read them in one order. */
export function encodeIdempotency(topic: string, key: string, event: IdempotencyEvent): OutgoingRecord {
  return { topic, key, value: Buffer.from(JSON.stringify(event)), headers: {} };
}

/** @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape. */
export function decodeIdempotency({ key, value }: Pick<IncomingRecord, 'key' | 'value'>): {
  readonly key: string;
  readonly event: IdempotencyEvent;
} {
  if (key === null) throw contractViolated('the key of the idempotency record is missing');
  const fields = JsonObject.parse(String(value), 'the idempotency record');
  const kind = fields.word('kind', ['claimed', 'accepted']);
  const requestId = fields.text('requestId');
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
