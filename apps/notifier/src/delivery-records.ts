import {
  asDeadLetter,
  delayed,
  encodeActivity,
  encodeDelivery,
  encodeRedrivenEnd,
  type EpochMs,
  eventId,
  type IncomingRecord,
  type OutgoingRecord,
  type PendingDelivery,
  type Topics,
} from '#contracts';
import { delayTopicFor } from '#lifecycle';
import type { Clock } from '#platform';
import type { EndState } from './delivery-ports.ts';

/** Deliveries that one record names at most: a record has a limit of bytes. */
const followedByMax = 500;

/** Writes down what follows from a try of a delivery. */
export class DeliveryRecords {
  constructor(
    private readonly topics: Topics,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** The dead letter of a delivery that is given up after the try of this record. */
  undelivered(pending: PendingDelivery, reason: string, at: EpochMs, origin: IncomingRecord): OutgoingRecord {
    const { topics } = this;
    // The redrive ends here: a tool that writes the letter back is no part of it.
    const { redrive: _redrive, ...rest } = pending;
    return asDeadLetter(encodeDelivery(topics.name('undelivered'), { ...rest, reason }), {
      origin,
      groupId: topics.groupOf('notifier'),
      fault: { name: 'DELIVERY_ABANDONED', message: reason },
      type: 'dev.sendoff.delivery.abandoned',
      // The payloads of an invocation follow each other in the value.
      contentType: 'application/octet-stream',
      at,
    });
  }

  /** A first try. It is due now: a delay topic would only cost two records more. */
  begin(first: PendingDelivery): OutgoingRecord {
    return encodeDelivery(this.topics.name('notifications'), first);
  }

  /**
   * A further try, on a delay topic.
   * @param next its number.
   * @param reason why the try before did not deliver.
   */
  again(pending: PendingDelivery, next: number, dueAt: EpochMs, reason?: string): OutgoingRecord {
    const topic = this.topics.name(delayTopicFor(dueAt, this.clock.now()));
    const { reason: _before, ...rest } = pending;
    const delivery = { ...rest, try: next, dueAt, ...(reason === undefined ? {} : { reason }) };
    return delayed(encodeDelivery(topic, delivery), topic, 'notifications', dueAt);
  }

  /**
   * The end as an activity, if it belongs to an invocation, and for the redrive that began the
   * delivery.
   * @param next deliveries that begin with it.
   */
  ended(
    { event, deliveryId, try: tries, redrive }: PendingDelivery,
    state: EndState,
    at: EpochMs,
    more: { reason?: string; location?: string },
    next: readonly PendingDelivery[] = [],
  ): readonly OutgoingRecord[] {
    const { topics } = this;
    const ofRedrive = redrive === undefined ? [] : [encodeRedrivenEnd(topics.name('redriven'), { ...redrive, state, at })];
    if (event.kind !== 'settled') return ofRedrive;
    const requestId = eventId(event);
    const ended = { kind: 'delivery-ended', requestId, deliveryId, state, tries, at, ...more } as const;
    const lists = next.length === 0 ? [{}] : listsOf(next.map((one) => one.deliveryId));
    return [...lists.map((list) => encodeActivity(topics.name('activity'), { ...ended, ...list })), ...ofRedrive];
  }
}

/** Each list is for a record of its own. */
function listsOf(deliveryIds: readonly string[]): { readonly followedBy: readonly string[] }[] {
  const lists: { readonly followedBy: readonly string[] }[] = [];
  for (let from = 0; from < deliveryIds.length; from += followedByMax)
    lists.push({ followedBy: deliveryIds.slice(from, from + followedByMax) });
  return lists;
}
