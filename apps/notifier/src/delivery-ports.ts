import type { Condition, DeliveryEvent, DeliveryTarget, TargetName } from '#contracts';
import type { DeliveryResult } from '#lifecycle';

/** Answers questions about targets. */
export interface TargetDirectory {
  /**
   * Checks whether a delivery may be tried.
   * @returns why it is refused: the target was deleted, or the function may not use it any more.
   *   Undefined if it may be tried.
   * @throws PlatformError `REGISTRY_BEHIND` if the registry cannot answer now.
   */
  refusal(event: DeliveryEvent, target: DeliveryTarget): Promise<string | undefined>;
  /** The subscriptions of a topic, if the target is one: each gets a delivery of its own. */
  subscriptionTargets(event: DeliveryEvent, target: DeliveryTarget): readonly DeliveryTarget[];
  /**
   * The failure targets of the functions that use a target, without the target itself: their owners
   * are told there that it is switched off. At most 20.
   */
  warningTargets(name: TargetName, target: DeliveryTarget): readonly DeliveryTarget[];
}

/** Observes tries, for metrics. */
export interface DeliveryObserver {
  tried(type: string, result: DeliveryResult['kind'], seconds: number): void;
  /** A target is called. @param lateSeconds since the try was due, at least 0. */
  began(type: string, lateSeconds: number): void;
  /** A delivery ended, and this is in Kafka. */
  ended(type: string, state: EndState): void;
  /** The records that follow from a settlement are in Kafka. */
  settled(condition: Condition): void;
}

/** How a delivery ends. */
export type EndState = 'delivered' | 'undelivered';
