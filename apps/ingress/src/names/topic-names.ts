import { createHash } from 'node:crypto';
import { Inject } from '@nestjs/common';
import type { SubscriptionDocument, TopicDocument } from '#contracts';
import { Registry } from '#registry';
import { ApiError } from '../http/api-error.ts';

const topicUrnPattern = /^urn:smn:[A-Za-z0-9-]{1,64}:[A-Za-z0-9_-]{1,64}:[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/;
const subscriptionIdPattern = /^[0-9a-f]{32}$/;

/** A subscription that was named and found. */
export interface NamedSubscription {
  readonly topic: TopicDocument;
  readonly subscription: SubscriptionDocument;
}

/** Reads the URNs of topics and subscriptions in requests, and finds what they name. */
export class TopicNames {
  constructor(@Inject(Registry) private readonly registry: Registry) {}

  /** @throws ApiError SMN.0005 when the text is no URN of a topic; SMN.0006 when the project has no such topic. */
  find(urn: string, project: string): TopicDocument {
    if (!topicUrnPattern.test(urn)) throw new ApiError('SMN.0005', `not a topic URN: ${urn.slice(0, 300)}`);
    const topic = this.registry.topic(urn);
    if (topic === undefined || topic.project !== project) throw new ApiError('SMN.0006', `Topic not found: ${urn}`);
    return topic;
  }

  /** As {@link find}, by name or by id: where tags are asked for, clients name topics like that. */
  findResource(nameOrId: string, project: string): TopicDocument {
    const isMeant = ({ name, urn }: TopicDocument) => name === nameOrId || topicId(urn) === nameOrId;
    const topic = this.registry.list('topic', project).find(isMeant);
    if (topic === undefined) throw new ApiError('SMN.0006', `Topic not found: ${nameOrId.slice(0, 300)}`);
    return topic;
  }

  /** @throws ApiError SMN.0014 when the text is no URN of a subscription; SMN.0013 when the project has no such subscription. */
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

/** Topics have no id of their own here; it is made of the URN, so that it stays the same. */
export function topicId(urn: string): string {
  return createHash('sha256').update(urn).digest('hex').slice(0, 32);
}

/** The URN of a subscription's topic; undefined when the text is no URN of a subscription. */
export function topicOf(subscriptionUrn: string): string | undefined {
  const at = subscriptionUrn.lastIndexOf(':');
  const topicUrn = subscriptionUrn.slice(0, Math.max(0, at));
  return topicUrnPattern.test(topicUrn) && subscriptionIdPattern.test(subscriptionUrn.slice(at + 1)) ? topicUrn : undefined;
}
