import type { EpochMs, Invocation } from '#contracts';
import type { Act } from '#platform';

/**
 * The span of an attempt. The wait before it is an attribute.
 * @param now when the attempt begins.
 */
export function attemptAct(invocation: Invocation, now: EpochMs): Act {
  const { requestId, functionUrn, attempt, dueAt, traceparent, traceLink } = invocation;
  const attributes = () => ({
    'messaging.system': 'kafka',
    'messaging.operation.type': 'process',
    'messaging.message.id': requestId,
    'faas.trigger': 'pubsub',
    'faas.invocation_id': requestId,
    'sendoff.function': functionUrn,
    'sendoff.attempt': attempt,
    'sendoff.late_ms': Math.max(0, now - dueAt),
  });
  return { name: 'attempt', kind: 'consumer', traceparent, after: traceLink ?? traceparent, attributes };
}

/** The invocation after an act: the next act links to it. */
export function traced(invocation: Invocation, traceparent: string | undefined): Invocation {
  return traceparent === undefined || traceparent === invocation.traceparent
    ? invocation
    : { ...invocation, traceLink: traceparent };
}
