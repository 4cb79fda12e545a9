import type { DeliveryTarget, DeliveryTargetType, EpochMs, MessageAttribute, MessageTexts } from '#contracts';
import type { TryResult } from '#lifecycle';

/** What a target is told, whatever the event. */
export interface Notification {
  /** The request id or message id: the same in every copy. */
  readonly id: string;
  readonly project: string;
  /** When the invocation ended, or the message was published. */
  readonly at: EpochMs;
  readonly subject: string;
  /** Of an invocation: the message as documented, JSON. */
  readonly texts: MessageTexts;
  /** Media type of the texts. */
  readonly contentType: string;
  readonly attributes: readonly MessageAttribute[];
  /** URN of the function, or of the topic, it comes from. */
  readonly source: string;
  /** A CloudEvents type. */
  readonly type: string;
  /** The message id its publisher was given; absent where nobody was given one. */
  readonly messageId?: string;
  /** Chained invocations before it. */
  readonly hops: number;
  readonly traceparent?: string;
  /** There where a subscription is asked to confirm itself instead: how long its link leads somewhere. */
  readonly confirmUntil?: EpochMs;
}

/**
 * One kind of place a notification can be sent to.
 *
 * Adapters make a single try and say how it went. They do not retry, log or publish work: the notifier does that once, for all
 * of them. Every adapter passes `destination.conformance.ts`.
 */
export interface Destination<Type extends DeliveryTargetType = DeliveryTargetType> {
  /** @param signal aborts the try; an aborted try is `deferred`. @returns how it went; never rejects for anything the target does. */
  deliver(notification: Notification, target: DeliveryTarget<Type>, signal: AbortSignal): Promise<TryResult>;
}

/** An adapter for every kind of target: a kind without an adapter does not compile. */
export type DestinationsByType = {
  readonly [Type in DeliveryTargetType]: Destination<Type>;
};

/** The reason in an error, short, and without what a URL may hide. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  return (typeof code === 'string' ? `${code} ${message ?? ''}` : (message ?? String(error)))
    .replaceAll(/\/\/[^/@\s]*@/g, '//***@')
    .slice(0, 300)
    .trim();
}
