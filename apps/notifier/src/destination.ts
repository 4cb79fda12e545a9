import type { DeliveryTarget, Settlement } from '#contracts';
import type { Delivery } from '#lifecycle';

/** What a target is told. */
export interface Notification {
  readonly settlement: Settlement;
  /** The message as documented, JSON. */
  readonly message: string;
}

/**
 * One kind of place a notification can be sent to.
 *
 * Adapters make a single try and say how it went. They do not retry, log or publish work: the notifier does that once, for all
 * of them. Every adapter passes `destination.conformance.ts`.
 */
export interface Destination<Target extends DeliveryTarget = DeliveryTarget> {
  readonly type: Target['type'];
  /** @param signal aborts the try; an aborted try is `deferred`. @returns how it went; never rejects for anything the target does. */
  deliver(notification: Notification, target: Target, signal: AbortSignal): Promise<Delivery>;
}

/** The reason in an error, short, and without what a URL may hide. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  return (typeof code === 'string' ? `${code} ${message ?? ''}` : (message ?? String(error)))
    .replaceAll(/\/\/[^/@\s]*@/g, '//***@')
    .slice(0, 300)
    .trim();
}
