import {
  decodeDelivery,
  decodeSettlement,
  delayed,
  type DeliveryTarget,
  deliveryIdOf,
  encodeActivity,
  encodeDelivery,
  type EpochMs,
  epochMs,
  type IncomingRecord,
  type OutgoingRecord,
  type PendingDelivery,
  physicalTopic,
  type Settlement,
  type Target,
  type TopicName,
} from '#contracts';
import type { Publisher } from '#kafka';
import {
  afterDelivery,
  concerned,
  type Delivery,
  type DeliveryPolicy,
  delayTopicFor,
  notificationMessage,
  type TimestampForm,
} from '#lifecycle';
import type { Clock, Random } from '#platform';
import type { Destination } from './destination.ts';
import type { TargetLanes } from './target-lanes.ts';

/** What the registry must tell of targets. */
export interface TargetDirectory {
  /** @returns why the function may not use the target any more; undefined when it may. */
  refusal(settlement: Settlement, target: Target): string | undefined;
  /** Further targets that a delivered one brings: the subscriptions of a topic. */
  followers(target: DeliveryTarget): readonly DeliveryTarget[];
}

/** What is told of each try. */
export interface DeliveryObserver {
  tried(type: string, result: Delivery['kind'] | 'postponed', seconds: number): void;
}

/** What deliveries are made with. */
export interface DeliveryParts {
  readonly destinations: readonly Destination[];
  readonly directory: TargetDirectory;
  readonly publisher: Publisher;
  readonly lanes: TargetLanes;
  readonly policy: DeliveryPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: DeliveryObserver;
  readonly topicPrefix: string;
  /** Longest try, in milliseconds. */
  readonly tryTimeoutMs: number;
  readonly timestampForm: TimestampForm;
}

/** Makes deliveries: read, try, decide, write once. */
export class Deliveries {
  private readonly byType: ReadonlyMap<string, Destination>;

  constructor(private readonly parts: DeliveryParts) {
    this.byType = new Map(parts.destinations.map((destination) => [destination.type, destination]));
  }

  /**
   * Tells the target a settlement concerns, if any.
   * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape, `BROKER_UNAVAILABLE` when what follows could not be written.
   */
  async onSettlement(record: IncomingRecord): Promise<void> {
    const settlement = decodeSettlement(record);
    const target = concerned(settlement);
    if (target !== undefined) return this.attend(this.first(settlement, target));
  }

  /** Tries again what waited. @throws as {@link onSettlement}. */
  async onNotification(record: IncomingRecord): Promise<void> {
    return this.attend(decodeDelivery(record));
  }

  private first(settlement: Settlement, target: DeliveryTarget): PendingDelivery {
    const now = this.parts.clock.now();
    return { deliveryId: deliveryIdOf(target), target, try: 1, dueAt: now, firstTriedAt: now, settlement };
  }

  private async attend(pending: PendingDelivery): Promise<void> {
    const startedAt = this.parts.clock.now();
    const result = await this.parts.lanes.run(pending.deliveryId, async () => this.tryOnce(pending));
    const now = this.parts.clock.now();
    const word = result.kind === 'tried' ? result.delivery.kind : 'postponed';
    this.parts.observer.tried(pending.target.type, word, (now - startedAt) / 1_000);
    if (result.kind === 'postponed')
      return this.publish([this.again(pending, pending.try, epochMs(now + result.waitMs), result.reason)]);
    return this.conclude(pending, result.delivery, now);
  }

  private async tryOnce({ settlement, target }: PendingDelivery): Promise<Delivery> {
    const destination = this.byType.get(target.type);
    if (destination === undefined) return { kind: 'refused', reason: `nothing here delivers to ${target.type}` };
    const refusal = target.type === 'Subscription' ? undefined : this.parts.directory.refusal(settlement, target);
    if (refusal !== undefined) return { kind: 'refused', reason: refusal };
    const notification = { settlement, message: notificationMessage(settlement, this.parts.timestampForm) };
    return destination.deliver(notification, target, AbortSignal.timeout(this.parts.tryTimeoutMs));
  }

  /** What follows goes out in one write: the end of this delivery, and the first tries that it brings. */
  private async conclude(pending: PendingDelivery, delivery: Delivery, now: EpochMs): Promise<void> {
    const decision = afterDelivery({ delivery, try: pending.try, policy: this.parts.policy, now, jitter: this.parts.random() });
    switch (decision.kind) {
      case 'again':
        return this.publish([this.again(pending, decision.try, decision.dueAt, decision.reason)]);
      case 'abandon': {
        const given = encodeDelivery(this.topic('undelivered'), { ...pending, reason: decision.reason });
        return this.publish([given, this.ended(pending, 'undelivered', now, { reason: decision.reason })]);
      }
      case 'done': {
        const location = decision.location === undefined ? {} : { location: decision.location };
        const followers = this.parts.directory
          .followers(pending.target)
          .map((target) => this.again(this.first(pending.settlement, target), 1, now));
        return this.publish([this.ended(pending, 'delivered', now, location), ...followers]);
      }
      default:
        decision satisfies never;
    }
  }

  private again(pending: PendingDelivery, next: number, dueAt: EpochMs, reason?: string): OutgoingRecord {
    const topic = this.topic(delayTopicFor(dueAt, this.parts.clock.now()));
    const { reason: _before, ...rest } = pending;
    const delivery = { ...rest, try: next, dueAt, ...(reason === undefined ? {} : { reason }) };
    return delayed(encodeDelivery(topic, delivery), topic, 'notifications', dueAt);
  }

  private ended(
    { settlement, deliveryId, try: tries }: PendingDelivery,
    state: 'delivered' | 'undelivered',
    at: EpochMs,
    more: { reason?: string; location?: string },
  ): OutgoingRecord {
    const { requestId } = settlement.invocation;
    return encodeActivity(this.topic('activity'), { kind: 'delivery-ended', requestId, deliveryId, state, tries, at, ...more });
  }

  private async publish(records: readonly OutgoingRecord[]): Promise<void> {
    return this.parts.publisher.publish(records);
  }

  private topic(name: TopicName): string {
    return physicalTopic(this.parts.topicPrefix, name);
  }
}
