/**
 * Delivers to one subscription of a topic: a webhook or a function. A webhook gets the body of SMN,
 * with a signature of Standard Webhooks that holds the time of the try.
 */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import {
  confirmUrl,
  type EpochMs,
  type FunctionDocument,
  type SubscriptionDocument,
  type SubscriptionTarget,
  traceparentOf,
  unsubscribeUrl,
  utcText,
} from '#contracts';
import { isSubscribed, type TryResult } from '#lifecycle';
import {
  AddressRefused,
  BoundedSignal,
  type Clock,
  retryAfterMs,
  type Sealer,
  type SubscriptionTokens,
  webhookKey,
  webhookSignature,
} from '#platform';
import type { Registry } from '#registry';
import { type Destination, type Notification, reasonOf } from '../destination.ts';
import type { ChainedInvocations } from './chained-invocations.ts';
import { deferredOnAbort } from './deferred-on-abort.ts';
import type { WebhookAnswer, WebhookClient } from './webhook-client.ts';

/** The only status by which a receiver ends a delivery: Gone. */
const goneStatus = 410;

/** Subscriptions whose key and link are kept. */
const keptMax = 1_000;

/** Parts of a {@link SubscriptionDestination}. */
export interface SubscriptionParts {
  readonly registry: Pick<Registry, 'topic' | 'caughtUp'>;
  readonly chained: ChainedInvocations;
  readonly clock: Clock;
  readonly webhooks: WebhookClient;
  readonly sealer: Sealer;
  readonly tokens: SubscriptionTokens;
  /** URL at which receivers reach the API. Without it messages have no links. */
  readonly publicUrl?: string;
  /** Longest wait for the answer of a webhook, in milliseconds. */
  readonly timeoutMs: number;
}

/** Delivers to webhooks and functions that subscribed to a topic. */
export class SubscriptionDestination implements Destination<'Subscription'> {
  /** By subscription and secret. To make it for each notice takes 30 us of CPU. */
  private readonly keys = new LRUCache<string, Buffer>({ max: keptMax });
  /** By subscription. To seal the token of a link takes as long. */
  private readonly unsubscribeUrls = new LRUCache<string, string>({ max: keptMax });

  constructor(private readonly parts: SubscriptionParts) {}

  async deliver(notification: Notification, target: SubscriptionTarget, signal: AbortSignal): Promise<TryResult> {
    return deferredOnAbort(signal, async () => this.tryOnce(notification, target, signal));
  }

  private async tryOnce(notification: Notification, target: SubscriptionTarget, signal: AbortSignal): Promise<TryResult> {
    try {
      const subscription = await this.find(target);
      if (subscription === undefined) return { kind: 'refused', reason: 'the subscription does not exist any more' };
      if (notification.confirmUntil !== undefined && subscription.status === 1)
        return { kind: 'delivered', location: 'already confirmed' };
      if (subscription.protocol === 'functionstage') return await this.invoke(notification, target.topicUrn, subscription);
      return await this.push(notification, target.topicUrn, subscription, signal);
    } catch (error) {
      return { kind: 'deferred', reason: reasonOf(error) };
    }
  }

  /**
   * Finds the subscription. A message may arrive before this replica of the registry has seen the
   * subscription. If it is missing, the lookup is repeated once the replica has caught up.
   */
  private async find({ topicUrn, subscriptionUrn }: SubscriptionTarget): Promise<SubscriptionDocument | undefined> {
    const look = () => this.parts.registry.topic(topicUrn)?.subscriptions.find(({ urn }) => urn === subscriptionUrn);
    const known = look();
    if (known !== undefined) return known;
    await this.parts.registry.caughtUp();
    return look();
  }

  /** @see SMN user guide, function subscriptions: the event a function sees */
  private async invoke(notification: Notification, topicUrn: string, subscription: SubscriptionDocument): Promise<TryResult> {
    const { urn, endpoint } = subscription;
    const { texts, attributes, subject } = notification;
    const smn = {
      topic_urn: topicUrn,
      timestamp: `${utcText(this.parts.clock.now()).slice(0, 19)}Z`,
      message_attributes: attributes.length === 0 ? null : attributes,
      message: texts.functionstage ?? texts.default,
      type: 'notification',
      message_id: messageIdOf(notification, urn),
      subject,
    };
    const meant = { functionUrn: endpoint, isMeant: (fn: FunctionDocument) => isSubscribed(subscription, fn) };
    const event = { record: [{ event_version: '1.0', smn, event_subscription_urn: urn, event_source: 'smn' }] };
    return this.parts.chained.start(notification, meant, JSON.stringify(event));
  }

  private async push(
    notification: Notification,
    topicUrn: string,
    subscription: SubscriptionDocument,
    signal: AbortSignal,
  ): Promise<TryResult> {
    const key = this.keyOf(subscription);
    if (key === undefined)
      return {
        kind: 'deferred',
        reason:
          'the secret of the subscription cannot be decrypted: SENDOFF_SUBSCRIPTION_KEY, or the platform key, ' +
          'is not the one it was encrypted with',
      };
    const url = new URL(subscription.endpoint);
    const type = notification.confirmUntil === undefined ? 'Notification' : 'SubscriptionConfirmation';
    const links = this.linksOf(notification, topicUrn, subscription);
    if (links === undefined)
      return { kind: 'deferred', reason: 'set SENDOFF_PUBLIC_URL: without it there is no link to confirm with' };
    const messageId = messageIdOf(notification, subscription.urn);
    const body = bodyOf(notification, { type, topicUrn, messageId, protocol: subscription.protocol, links });
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Sendoff',
      'x-smn-message-type': type,
      'x-smn-message-id': messageId,
      'x-smn-topic-urn': topicUrn,
      ...traceparentOf(notification.traceparent),
      ...webhookSignature({ id: messageId, atSeconds: Math.floor(this.parts.clock.now() / 1_000), body }, key),
    };
    const { clock, timeoutMs, webhooks } = this.parts;
    using bounded = new BoundedSignal(signal, timeoutMs, clock);
    try {
      const answer = await webhooks.post(url, headers, body, bounded.signal);
      return deliveryOf(answer, `${url.origin}${url.pathname}`, clock.now());
    } catch (error) {
      if (error instanceof AddressRefused) return { kind: 'refused', reason: error.message };
      if (bounded.isTimedOut) return { kind: 'deferred', reason: `no answer within ${timeoutMs / 1_000} s` };
      return { kind: 'deferred', reason: `no answer: ${reasonOf(error)}` };
    }
  }

  /** @returns undefined if the secret was encrypted with another key. */
  private keyOf({ secret, urn }: SubscriptionDocument): Buffer | undefined {
    const name = `${urn} ${secret}`;
    const known = this.keys.get(name);
    if (known !== undefined) return known;
    try {
      const key = webhookKey(secret.startsWith('whsec_') ? secret : this.parts.sealer.open(secret, urn));
      this.keys.set(name, key);
      return key;
    } catch {
      return undefined;
    }
  }

  /** @returns undefined if the subscription must confirm and the API has no URL for the link. */
  private linksOf({ confirmUntil }: Notification, topicUrn: string, { urn }: SubscriptionDocument): object | undefined {
    const { publicUrl, tokens } = this.parts;
    if (confirmUntil === undefined)
      return { unsubscribe_url: publicUrl === undefined ? '' : this.unsubscribeUrlOf(publicUrl, urn) };
    if (publicUrl === undefined) return undefined;
    return { subscribe_url: confirmUrl(publicUrl, topicUrn, tokens.issue('confirm', urn, confirmUntil)) };
  }

  /** The token of the link never expires, so one serves all notices. */
  private unsubscribeUrlOf(publicUrl: string, urn: string): string {
    const known = this.unsubscribeUrls.get(urn);
    if (known !== undefined) return known;
    const url = unsubscribeUrl(publicUrl, urn, this.parts.tokens.issue('unsubscribe', urn));
    this.unsubscribeUrls.set(urn, url);
    return url;
  }
}

/**
 * The body of a message. The RSA signature of SMN is not offered; the headers hold one of Standard
 * Webhooks instead.
 * @see SMN user guide, HTTP messages
 */
function bodyOf(
  { subject, texts, at, confirmUntil }: Notification,
  given: {
    readonly type: string;
    readonly topicUrn: string;
    readonly messageId: string;
    readonly protocol: SubscriptionDocument['protocol'];
    readonly links: object;
  },
): string {
  return JSON.stringify({
    type: given.type,
    signature: '',
    signature_version: 'v1',
    signing_cert_url: '',
    ...(confirmUntil === undefined ? { subject } : {}),
    message: texts[given.protocol] ?? texts.default,
    message_id: given.messageId,
    topic_urn: given.topicUrn,
    ...given.links,
    timestamp: `${utcText(at).slice(0, 19)}Z`,
  });
}

/**
 * The message id. It is the same for each try of a notification to a subscription, so that a
 * receiver can drop copies.
 */
function messageIdOf({ messageId, id }: Notification, subscriptionUrn: string): string {
  return messageId ?? hash('sha256', `${id} ${subscriptionUrn}`).slice(0, 32);
}

/**
 * Judges the answer of a webhook by its status alone: the body is not needed, so it may break off.
 * 2xx is delivered, 410 is refused. All others are deferred, because somebody may mend the receiver
 * between two tries. Redirects are among them: they are not followed.
 */
function deliveryOf({ status, retryAfter }: WebhookAnswer, location: string, now: EpochMs): TryResult {
  if (status >= 200 && status < 300) return { kind: 'delivered', location };
  const reason = `the receiver answered ${status}`;
  if (status === goneStatus) return { kind: 'refused', reason, isGone: true };
  const askedMs = retryAfterMs(retryAfter, now);
  return { kind: 'deferred', reason, ...(askedMs === undefined ? {} : { retryAfterMs: askedMs }) };
}
