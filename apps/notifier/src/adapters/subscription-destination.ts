/**
 * One subscription of a topic: a webhook, or a function.
 *
 * A webhook gets the body of SMN, signed as Standard Webhooks say, with the time of the try. The address is looked at when the name is
 * looked up for this very connection, so that no name can point somewhere else a moment later.
 */
import { createHash, createHmac } from 'node:crypto';
import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { type SubscriptionDocument, type SubscriptionTarget, utcText } from '#contracts';
import type { Publisher } from '#kafka';
import type { Delivery } from '#lifecycle';
import type { AllowedNetworks, Clock } from '#platform';
import type { Registry } from '#registry';
import { type Destination, type Notification, reasonOf } from '../destination.ts';
import { chainedRecord } from './function-destination.ts';
import { publishOutcome } from './publish-outcome.ts';

const subject = 'Asynchronous invocation';
/** What is read of an answer; nobody looks at it. */
const answerBytesMax = 4_096;
const busyStatuses = new Set([408, 425, 429]);

class NotAllowed extends Error {}

/** What the destination works with. */
export interface SubscriptionParts {
  readonly registry: Pick<Registry, 'topic'>;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly networks: AllowedNetworks;
  readonly topicPrefix: string;
  /** Longest wait for an answer. */
  readonly timeoutMs: number;
  readonly connectionsMax: number;
}

/** Pushes to one subscription. */
export class SubscriptionDestination implements Destination<SubscriptionTarget> {
  readonly type = 'Subscription';
  private readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };

  constructor(private readonly parts: SubscriptionParts) {
    const settings = { keepAlive: true, maxSockets: parts.connectionsMax, maxFreeSockets: 64 };
    this.agents = { http: new HttpAgent(settings), https: new HttpsAgent(settings) };
  }

  async deliver(
    notification: Notification,
    { topicUrn, subscriptionUrn }: SubscriptionTarget,
    signal: AbortSignal,
  ): Promise<Delivery> {
    const subscription = this.parts.registry.topic(topicUrn)?.subscriptions.find(({ urn }) => urn === subscriptionUrn);
    if (subscription === undefined) return { kind: 'refused', reason: 'the subscription is gone' };
    if (subscription.protocol === 'functionstage') return this.invoke(notification, topicUrn, subscription);
    const body = this.bodyOf(notification, topicUrn, subscription);
    const url = new URL(subscription.endpoint);
    try {
      const headers = this.headersOf(body.text, body.messageId, topicUrn, subscription);
      const response = await this.post(
        url,
        headers,
        body.text,
        AbortSignal.any([signal, AbortSignal.timeout(this.parts.timeoutMs)]),
      );
      return deliveryOf(response, `${url.origin}${url.pathname}`);
    } catch (error) {
      if (error instanceof NotAllowed) return { kind: 'refused', reason: error.message };
      return { kind: 'deferred', reason: `no answer: ${reasonOf(error)}` };
    }
  }

  close(): void {
    this.agents.http.destroy();
    this.agents.https.destroy();
  }

  /** @see SMN user guide, function subscriptions: the event a function sees */
  private async invoke(
    { settlement, message }: Notification,
    topicUrn: string,
    { urn, endpoint }: SubscriptionDocument,
  ): Promise<Delivery> {
    const smn = {
      topic_urn: topicUrn,
      timestamp: `${utcText(this.parts.clock.now()).slice(0, 19)}Z`,
      message_attributes: null,
      message,
      type: 'notification',
      message_id: messageIdOf(settlement.invocation.requestId, urn),
      subject,
    };
    const event = { record: [{ event_version: '1.0', smn, event_subscription_urn: urn, event_source: 'smn' }] };
    const { requestId, record } = chainedRecord(this.parts.topicPrefix, settlement, endpoint, JSON.stringify(event));
    return publishOutcome(this.parts.publisher, record, `invocation ${requestId} of ${endpoint}`);
  }

  /** @see SMN user guide, HTTP messages. Its RSA signature is not offered: the Standard Webhooks one is. */
  private bodyOf(
    { settlement, message }: Notification,
    topicUrn: string,
    { urn }: SubscriptionDocument,
  ): { readonly text: string; readonly messageId: string } {
    const messageId = messageIdOf(settlement.invocation.requestId, urn);
    const text = JSON.stringify({
      type: 'Notification',
      signature: '',
      signature_version: 'v1',
      signing_cert_url: '',
      subject,
      message,
      message_id: messageId,
      topic_urn: topicUrn,
      unsubscribe_url: '',
      timestamp: `${utcText(settlement.endedAt).slice(0, 19)}Z`,
    });
    return { text, messageId };
  }

  /** @see Standard Webhooks specification */
  private headersOf(body: string, messageId: string, topicUrn: string, { secret }: SubscriptionDocument): Record<string, string> {
    const timestamp = String(Math.floor(this.parts.clock.now() / 1_000));
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const signature = createHmac('sha256', key).update(`${messageId}.${timestamp}.${body}`).digest('base64');
    return {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'Sendoff',
      'x-smn-message-type': 'Notification',
      'x-smn-message-id': messageId,
      'x-smn-topic-urn': topicUrn,
      'webhook-id': messageId,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    };
  }

  private async post(url: URL, headers: Record<string, string>, body: string, signal: AbortSignal): Promise<IncomingMessage> {
    const host = url.hostname.replaceAll(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !this.parts.networks.mayReach(host))
      throw new NotAllowed(`${host} is not public; WEBHOOK_NETWORKS_ALLOWED can allow its network`);
    const isHttps = url.protocol === 'https:';
    const options: RequestOptions = {
      method: 'POST',
      headers,
      signal,
      agent: isHttps ? this.agents.https : this.agents.http,
      lookup: this.lookup,
    };
    return new Promise((resolve, reject) => {
      const request = isHttps ? httpsRequest(url, options, resolve) : httpRequest(url, options, resolve);
      request.once('error', reject);
      request.end(body);
    });
  }

  /** The system's lookup, less the addresses that may not be reached. */
  private readonly lookup = (
    hostname: string,
    options: LookupOptions,
    callback: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
  ): void => {
    systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '');
      const reachable = addresses.filter(({ address }) => this.parts.networks.mayReach(address));
      const [first] = reachable;
      if (first === undefined)
        return callback(new NotAllowed(`${hostname} has no public address; WEBHOOK_NETWORKS_ALLOWED can allow its network`), '');
      if (options.all === true) callback(null, reachable);
      else callback(null, first.address, first.family);
    });
  };
}

/** The same for each try of the same notification to the same subscription: receivers can drop the copy. */
function messageIdOf(requestId: string, subscriptionUrn: string): string {
  return createHash('sha256').update(`${requestId} ${subscriptionUrn}`).digest('hex').slice(0, 32);
}

/** 2xx is delivered; what may pass is deferred; any other word of the receiver is final, a redirect too. */
function deliveryOf(response: IncomingMessage, location: string): Delivery {
  const status = response.statusCode ?? 0;
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > answerBytesMax) response.destroy();
  });
  response.on('error', () => undefined);
  if (status >= 200 && status < 300) return { kind: 'delivered', location };
  const retryAfter = response.headers['retry-after'];
  const asked = retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? { retryAfterMs: Number(retryAfter) * 1_000 } : {};
  if (status >= 500 || busyStatuses.has(status)) return { kind: 'deferred', reason: `the receiver answered ${status}`, ...asked };
  return { kind: 'refused', reason: `the receiver answered ${status}` };
}
