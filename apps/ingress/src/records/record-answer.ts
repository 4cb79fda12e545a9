import { type DeliveryStatus, epochMs, type StatusRecord, subscriptionOf, utcInstant, utcText } from '#contracts';
import { isUnlimited } from '#lifecycle';
import type { Caller } from '../access/caller.ts';
import type { TopicNames } from '../names/topic-names.ts';

/** Formats an instant as `YYYY-MM-DDTHH:mm:ss` in UTC, without a zone; empty if it is undefined. */
function plainUtc(at: number | undefined): string {
  return at === undefined ? '' : utcText(epochMs(at)).slice(0, 19);
}

/** Whether a delivery may be shown to the caller. */
export type KnownDelivery = (delivery: Pick<DeliveryStatus, 'deliveryId'>) => boolean;

/**
 * Shows a record. `start_time` is the time of acceptance, because every record has one and the time
 * window is over it.
 */
export function recordAnswer(record: StatusRecord, isKnown: KnownDelivery): Record<string, unknown> {
  return {
    request_id: record.requestId,
    status: record.status,
    error_message: record.errorMessage,
    error_code: record.errorCode,
    start_time: plainUtc(record.acceptedAt),
    end_time: plainUtc(record.endedAt),
    approximate_invoke_count: record.attempts,
    ...(record.dueAt === undefined ? {} : { next_due_time: utcInstant(record.dueAt) }),
    ...(record.tags.length === 0 ? {} : { tags: record.tags }),
    ...(record.payloadRef === undefined ? {} : { payload_ref: record.payloadRef }),
    ...(record.responseRef === undefined ? {} : { response_payload_ref: record.responseRef }),
    deliveries: record.deliveries.filter(isKnown).map(({ deliveryId, state, tries, dueAt, reason, location }) => ({
      delivery_id: deliveryId,
      state,
      tries,
      ...(dueAt === undefined ? {} : { next_due_time: utcInstant(dueAt) }),
      ...(reason === undefined ? {} : { reason }),
      ...(location === undefined ? {} : { location }),
    })),
  };
}

/**
 * Tells which deliveries a caller may know of. A delivery to a subscription shows the address of a
 * webhook, so a limited caller sees those of its own topics only.
 */
export function knownTo(caller: Caller, topics: TopicNames): KnownDelivery {
  if (isUnlimited(caller)) return () => true;
  return ({ deliveryId }) => {
    const subscriptionUrn = subscriptionOf(deliveryId);
    return subscriptionUrn === undefined || topics.knows(subscriptionUrn, caller);
  };
}
