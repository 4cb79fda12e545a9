import type { DeliveryTarget, DeliveryTargetType, PendingDelivery } from '#contracts';
import type { TimestampForm, TryResult } from '#lifecycle';
import { BoundedSignal, type Clock } from '#platform';
import type { TargetDirectory } from './delivery-ports.ts';
import type { DestinationsByType, Notification } from './destination.ts';
import { notificationOf } from './notification-of.ts';

/** Parts of a try. */
export interface TryParts {
  readonly destinations: DestinationsByType;
  readonly directory: Pick<TargetDirectory, 'refusal'>;
  readonly clock: Clock;
  /** Longest try, in milliseconds. */
  readonly tryTimeoutMs: number;
  readonly timestampForm: TimestampForm;
}

/**
 * Makes one try of a delivery, without looking at queues, breakers and switch-offs.
 * @throws PlatformError `REGISTRY_BEHIND` if the registry cannot answer now.
 */
export async function tryDelivery(
  { directory, timestampForm, ...parts }: TryParts,
  { event, target }: Pick<PendingDelivery, 'event' | 'target'>,
  traceparent?: string,
): Promise<TryResult> {
  const refusal = await directory.refusal(event, target);
  if (refusal !== undefined) return { kind: 'refused', reason: refusal };
  const notification = notificationOf(event, timestampForm);
  return deliver(parts, traceparent === undefined ? notification : { ...notification, traceparent }, target);
}

async function deliver<Type extends DeliveryTargetType>(
  { destinations, clock, tryTimeoutMs }: Omit<TryParts, 'directory' | 'timestampForm'>,
  notification: Notification,
  target: DeliveryTarget<Type>,
): Promise<TryResult> {
  // A timer that outlived its try would keep the notice in memory until it fires.
  using bounded = new BoundedSignal(undefined, tryTimeoutMs, clock);
  return await destinations[target.type].deliver(notification, target, bounded.signal);
}
