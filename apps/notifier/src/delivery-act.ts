import { type DeliveryEvent, eventId, type PendingDelivery } from '#contracts';
import type { Act } from '#platform';

/** The span of a delivery try. The wait before it is an attribute, in milliseconds. */
export function deliveryAct({ event, target, try: number }: PendingDelivery, lateMs: number): Act {
  const { traceparent, traceLink } = event.kind === 'settled' ? event.settlement.invocation : {};
  const attributes = () => ({
    ...(event.kind === 'settled'
      ? { 'faas.invocation_id': eventId(event), 'sendoff.function': event.settlement.invocation.functionUrn }
      : { 'messaging.message.id': eventId(event) }),
    'sendoff.target.type': target.type,
    'sendoff.try': number,
    'sendoff.late_ms': Math.max(0, lateMs),
  });
  return { name: 'deliver', kind: 'client', traceparent, after: traceLink ?? traceparent, attributes };
}

/** The event after a try: the next act links to it. */
export function traced(event: DeliveryEvent, traceparent: string | undefined): DeliveryEvent {
  if (event.kind !== 'settled' || traceparent === undefined) return event;
  const { settlement } = event;
  const { invocation } = settlement;
  if (traceparent === invocation.traceparent) return event;
  return { ...event, settlement: { ...settlement, invocation: { ...invocation, traceLink: traceparent } } };
}
