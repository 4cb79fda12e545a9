import { Inject } from '@nestjs/common';
import {
  deliveryIdOf,
  type DeliveryTarget,
  encodeDelivery,
  epochMs,
  type DeliveryEvent,
  type SubscriptionDocument,
  type TopicDocument,
} from '#contracts';
import { KAFKA, type KafkaGateway } from '#kafka';
import { type Clock, CLOCK } from '#platform';
import { randomId } from '../names/random-id.ts';
import type { PublicationRequest } from './read-publication.ts';

/** How long the link of a confirmation request is valid. */
const confirmationMs = 48 * 3_600_000;

/**
 * Publishes messages and confirmation requests for the notifier, each as one record with its first
 * target.
 */
export class TopicMessages {
  constructor(
    @Inject(KAFKA) private readonly kafka: KafkaGateway,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Publishes a message; resolves once the brokers have acknowledged it.
   * @returns the message id.
   * @throws PlatformError `BROKER_UNAVAILABLE`, `PUBLISHER_SATURATED`: the message was not
   *   published.
   */
  async publish({ urn, project }: TopicDocument, { timeToLiveMs, ...message }: PublicationRequest): Promise<string> {
    const messageId = randomId();
    const publishedAt = this.clock.now();
    const expiresAt = epochMs(publishedAt + timeToLiveMs);
    const publication = { messageId, project, topicUrn: urn, publishedAt, expiresAt, ...message };
    await this.publishDelivery({ kind: 'published', publication }, { type: 'SMN', topicUrn: urn });
    return messageId;
  }

  /**
   * Publishes a request to a subscription to confirm itself.
   * @throws as {@link publish}.
   */
  async askToConfirm({ urn, project }: TopicDocument, subscription: SubscriptionDocument): Promise<void> {
    const askedAt = this.clock.now();
    const expiresAt = epochMs(askedAt + confirmationMs);
    const request = { messageId: randomId(), project, topicUrn: urn, askedAt, expiresAt };
    const target = { type: 'Subscription', topicUrn: urn, subscriptionUrn: subscription.urn } as const;
    await this.publishDelivery({ kind: 'subscribed', request }, target);
  }

  private async publishDelivery(event: DeliveryEvent, target: DeliveryTarget): Promise<void> {
    const now = this.clock.now();
    const delivery = { deliveryId: deliveryIdOf(target), target, try: 1, dueAt: now, firstTriedAt: now, event };
    await this.kafka.publisher.publish(encodeDelivery(this.kafka.topics.name('notifications'), delivery));
  }
}
