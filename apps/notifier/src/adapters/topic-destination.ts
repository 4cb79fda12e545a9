import { cloudEventHeaders, type Target, type Topics } from '#contracts';
import type { TryResult } from '#lifecycle';
import type { Destination, Notification } from '../destination.ts';
import type { UserTopics } from './user-topics.ts';

/**
 * Delivers to a pub/sub topic: one record on its Kafka topic. Each of its subscriptions gets a
 * delivery of its own afterwards.
 */
export class TopicDestination implements Destination<'SMN'> {
  readonly isCheap = true;

  constructor(
    private readonly topics: UserTopics,
    private readonly names: Topics,
  ) {}

  async deliver(notification: Notification, { topicUrn }: Target<'SMN'>, signal: AbortSignal): Promise<TryResult> {
    const { id, subject, attributes, texts } = notification;
    const topic = this.names.ofPubSubTopic(topicUrn.slice(topicUrn.lastIndexOf(':') + 1));
    const headers = {
      ...cloudEventHeaders(notification),
      'smn-topic-urn': topicUrn,
      ...(subject === '' ? {} : { 'smn-subject': subject }),
      ...(attributes.length === 0 ? {} : { 'smn-message-attributes': JSON.stringify(attributes) }),
    };
    return this.topics.write({ topic, key: id, value: Buffer.from(texts.default), headers }, signal);
  }
}
