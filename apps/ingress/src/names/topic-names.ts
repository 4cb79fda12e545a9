import { createHash } from 'node:crypto';
import { Inject } from '@nestjs/common';
import { type Access, type FunctionUrn, parseFunctionUrn, type SubscriptionDocument, type TopicDocument } from '#contracts';
import { mayUse, mayUseTopic } from '#lifecycle';
import { Registry } from '#registry';
import { ApiError } from '../http/api-error.ts';

/** The form of the URN of a topic. */
export const topicUrnPattern = /^urn:smn:[A-Za-z0-9-]{1,64}:[A-Za-z0-9_-]{1,64}:[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/;
const subscriptionIdPattern = /^[0-9a-f]{32}$/;

/** A subscription with its topic, found by its URN. */
export interface NamedSubscription {
  readonly topic: TopicDocument;
  readonly subscription: SubscriptionDocument;
}

/** The part of a caller that decides which topics and subscriptions exist for it. */
export interface TopicUser extends Pick<Access, 'functions' | 'topics'> {
  readonly project: string;
}

/** The function that a subscription starts, or undefined for a webhook. */
export function subscribedFunction(
  { urn: topicUrn }: Pick<TopicDocument, 'urn'>,
  { protocol, endpoint }: Pick<SubscriptionDocument, 'protocol' | 'endpoint'>,
): FunctionUrn | undefined {
  // A short URN means the region and project of the topic.
  const [, , region = '', project = ''] = topicUrn.split(':');
  return protocol === 'functionstage' ? parseFunctionUrn(endpoint, { region, project }) : undefined;
}

/** Whether a topic exists for a caller. Topics that its patterns do not match do not. */
export function mayKnowTopic(user: TopicUser, topic: TopicDocument): boolean {
  return topic.project === user.project && mayUseTopic(user, topic.name);
}

/** Whether a subscription exists for a caller. Those of functions of others do not. */
export function mayKnowSubscription(user: TopicUser, { topic, subscription }: NamedSubscription): boolean {
  if (!mayKnowTopic(user, topic)) return false;
  if (subscription.protocol !== 'functionstage') return true;
  const fn = subscribedFunction(topic, subscription);
  return fn !== undefined && mayUse(user, fn);
}

/**
 * Parses the URNs of topics and subscriptions, and finds what they name. Topics and subscriptions
 * that the caller may not know of get the same error as missing ones.
 */
export class TopicNames {
  constructor(@Inject(Registry) private readonly registry: Registry) {}

  /**
   * @throws ApiError SMN.0005 if the text is not the URN of a topic; SMN.0006 if the project has no
   *   such topic.
   */
  find(urn: string, user: TopicUser): TopicDocument {
    if (!topicUrnPattern.test(urn)) throw new ApiError('SMN.0005', `not a topic URN: ${urn.slice(0, 300)}`);
    const topic = this.registry.topic(urn);
    if (topic === undefined || !mayKnowTopic(user, topic)) throw new ApiError('SMN.0006', `Topic not found: ${urn}`);
    return topic;
  }

  /** As {@link find}, by name or id: clients use those when they ask for tags. */
  findResource(nameOrId: string, user: TopicUser): TopicDocument {
    const isMeant = ({ name, urn }: TopicDocument) => name === nameOrId || topicId(urn) === nameOrId;
    const topic = this.registry.list('topic', user.project).find((known) => mayKnowTopic(user, known) && isMeant(known));
    if (topic === undefined) throw new ApiError('SMN.0006', `Topic not found: ${nameOrId.slice(0, 300)}`);
    return topic;
  }

  /**
   * @throws ApiError SMN.0014 if the text is not the URN of a subscription; SMN.0013 if the project
   *   has no such subscription.
   */
  findSubscription(urn: string, user: TopicUser): NamedSubscription {
    if (topicOf(urn) === undefined) throw new ApiError('SMN.0014', `not a subscription URN: ${urn.slice(0, 300)}`);
    const found = this.lookUp(urn);
    if (found === undefined || !mayKnowSubscription(user, found))
      throw new ApiError('SMN.0013', `Subscription not found: ${urn}`);
    return found;
  }

  /** Whether a subscription exists for a caller. */
  knows(subscriptionUrn: string, user: TopicUser): boolean {
    const found = this.lookUp(subscriptionUrn);
    return found !== undefined && mayKnowSubscription(user, found);
  }

  private lookUp(subscriptionUrn: string): NamedSubscription | undefined {
    const topic = this.registry.topic(topicOf(subscriptionUrn) ?? '');
    const subscription = topic?.subscriptions.find(({ urn }) => urn === subscriptionUrn);
    return topic === undefined || subscription === undefined ? undefined : { topic, subscription };
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
