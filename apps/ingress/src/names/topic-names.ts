import { createHash } from 'node:crypto';
import { Inject } from '@nestjs/common';
import type { SubscriptionDocument, TopicDocument } from '#contracts';
import { Registry } from '#registry';
import { ApiError } from '../http/api-error.ts';

const topicUrnPattern = /^urn:smn:[A-Za-z0-9-]{1,64}:[A-Za-z0-9_-]{1,64}:[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/;
const subscriptionIdPattern = /^[0-9a-f]{32}$/;

/** A subscription with its topic, found by its URN. */
export interface NamedSubscription {
  readonly topic: TopicDocument;
  readonly subscription: SubscriptionDocument;
}

/** Parses the URNs of topics and subscriptions, and finds what they name. */
export class TopicNames {
  constructor(@Inject(Registry) private readonly registry: Registry) {}

  /**
   * @throws ApiError SMN.0005 if the text is not the URN of a topic; SMN.0006 if the project has no
   *   such topic.
   */
  find(urn: string, project: string): TopicDocument {
    if (!topicUrnPattern.test(urn)) throw new ApiError('SMN.0005', `not a topic URN: ${urn.slice(0, 300)}`);
    const topic = this.registry.topic(urn);
    if (topic === undefined || topic.project !== project) throw new ApiError('SMN.0006', `Topic not found: ${urn}`);
    return topic;
  }

  /** As {@link find}, by name or id: clients use those when they ask for tags. */
  findResource(nameOrId: string, project: string): TopicDocument {
    const isMeant = ({ name, urn }: TopicDocument) => name === nameOrId || topicId(urn) === nameOrId;
    const topic = this.registry.list('topic', project).find(isMeant);
    if (topic === undefined) throw new ApiError('SMN.0006', `Topic not found: ${nameOrId.slice(0, 300)}`);
    return topic;
  }

  /**
   * @throws ApiError SMN.0014 if the text is not the URN of a subscription; SMN.0013 if the project
   *   has no such subscription.
   */
  findSubscription(urn: string, project: string): NamedSubscription {
    const topicUrn = topicOf(urn);
    if (topicUrn === undefined) throw new ApiError('SMN.0014', `not a subscription URN: ${urn.slice(0, 300)}`);
    const topic = this.registry.topic(topicUrn);
    const subscription = topic?.subscriptions.find((known) => known.urn === urn);
    if (topic === undefined || subscription === undefined || topic.project !== project)
      throw new ApiError('SMN.0013', `Subscription not found: ${urn}`);
    return { topic, subscription };
  }
}

/** Returns the id of a topic: a hash of its URN, because the registry keeps no id. */
export function topicId(urn: string): string {
  return createHash('sha256').update(urn).digest('hex').slice(0, 32);
}

/**
 * Returns the URN of the topic of a subscription; undefined if the text is not the URN of a
 * subscription.
 */
export function topicOf(subscriptionUrn: string): string | undefined {
  const at = subscriptionUrn.lastIndexOf(':');
  const topicUrn = subscriptionUrn.slice(0, Math.max(0, at));
  return topicUrnPattern.test(topicUrn) && subscriptionIdPattern.test(subscriptionUrn.slice(at + 1)) ? topicUrn : undefined;
}
