import { pubSubTopic, type Target } from '#contracts';
import type { Publisher } from '#kafka';
import type { Delivery } from '#lifecycle';
import { type Destination, type Notification, reasonOf } from '../destination.ts';
import { cloudEventHeaders } from './stream-destination.ts';
import { publishOutcome } from './publish-outcome.ts';
import type { TopicMaker } from './topic-maker.ts';

/** A pub/sub topic: one record on its Kafka topic. Its subscriptions follow as deliveries of their own. */
export class TopicDestination implements Destination<Extract<Target, { type: 'SMN' }>> {
  readonly type = 'SMN';

  constructor(
    private readonly publisher: Publisher,
    private readonly topics: TopicMaker,
    private readonly prefix: string,
  ) {}

  async deliver(notification: Notification, { topicUrn }: Extract<Target, { type: 'SMN' }>): Promise<Delivery> {
    const { id, subject, attributes, texts } = notification;
    const topic = pubSubTopic(this.prefix, topicUrn.slice(topicUrn.lastIndexOf(':') + 1));
    try {
      await this.topics.ensure(topic);
    } catch (error) {
      return { kind: 'deferred', reason: reasonOf(error) };
    }
    const headers = {
      ...cloudEventHeaders(notification),
      'smn-topic-urn': topicUrn,
      ...(subject === '' ? {} : { 'smn-subject': subject }),
      ...(attributes.length === 0 ? {} : { 'smn-message-attributes': JSON.stringify(attributes) }),
    };
    const record = { topic, key: id, value: Buffer.from(texts.default), headers };
    return publishOutcome(this.publisher, record, `kafka topic ${topic}, key ${id}`);
  }
}
