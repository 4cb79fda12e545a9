import {
  type DeliveryTarget,
  type DeliveryTargetType,
  type EpochMs,
  type MessageAttribute,
  type MessageTexts,
  printable,
} from '#contracts';
import type { TryResult } from '#lifecycle';

/** The content of a notification, the same for every kind of target. */
export interface Notification {
  /** The request id or message id. Every copy of the notification has the same one. */
  readonly id: string;
  readonly project: string;
  /** The time at which the invocation ended or the message was published. */
  readonly at: EpochMs;
  readonly subject: string;
  /** The text of the message. For an invocation it is the documented JSON. */
  readonly texts: MessageTexts;
  /** Media type of the texts. */
  readonly contentType: string;
  readonly attributes: readonly MessageAttribute[];
  /** URN of the function or topic that the notification comes from. */
  readonly source: string;
  /** A CloudEvents type. */
  readonly type: string;
  /** The message id that the API answered its publisher with. Absent for an invocation. */
  readonly messageId?: string;
  /** Number of chained invocations that led to this notification. */
  readonly hops: number;
  readonly traceparent?: string;
  /** Tags of the invocation. */
  readonly tags?: readonly string[];
  /** Set only for a confirmation request: the time at which its link expires. */
  readonly confirmUntil?: EpochMs;
}

/**
 * Delivers notifications to one kind of target.
 *
 * An adapter makes a single try and returns how it went. It does not retry, log or publish further
 * work: the notifier does that for all adapters.
 *
 * 1. The target gets the message unchanged, and `location` tells a person where it is.
 * 2. A repeated delivery is delivered again. An object store overwrites, the others keep a copy.
 * 3. A try that can never succeed is `refused`. A try that may succeed later is `deferred`.
 * 4. A try is `deferred` as soon as `signal` aborts. The target may still get the message.
 * 5. Nothing that the target does makes `deliver` reject.
 * 6. Neither a reason nor a location contains a secret.
 *
 * `destination.conformance.ts` tests each promise. Every adapter runs it.
 */
export interface Destination<Type extends DeliveryTargetType = DeliveryTargetType> {
  /**
   * True if a try costs no more than a write to a delay topic: a topic of this installation, or a
   * folder of this machine.
   */
  readonly isCheap?: boolean;
  /**
   * Makes one try.
   * @throws PlatformError `REGISTRY_BEHIND` if the registry cannot answer now. The transport then
   *   handles the record again, and no try is used up.
   */
  deliver(notification: Notification, target: DeliveryTarget<Type>, signal: AbortSignal): Promise<TryResult>;
}

/** An adapter for every kind of target. A kind without an adapter does not compile. */
export type DestinationsByType = {
  readonly [Type in DeliveryTargetType]: Destination<Type>;
};

/** The reason of an error without code and message: some answers of servers have only a status. */
export const unexplained = 'the other side gave no reason';

/**
 * The code and message of an error, {@link printable}, at most 300 characters. Credentials in URLs
 * are masked.
 */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  const reason = printable(typeof code === 'string' ? `${code} ${message ?? ''}` : (message ?? String(error)))
    .replaceAll(/\/\/[^/@\s]*@/g, '//***@')
    .slice(0, 300)
    .trim();
  return reason === '' ? unexplained : reason;
}
