/**
 * Goal: a subscription receives published messages, and its receiver can verify that they are
 * genuine. No receiver can redirect or block the platform. Method: real sockets on this machine,
 * and a registry over the in-memory broker.
 */
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { epochMs, type SubscriptionDocument, type SubscriptionTarget, type TopicDocument, Topics } from '#contracts';
import { topicSpecs } from '#kafka';
import { MemoryKafka } from '#kafka/memory';
import { AllowedNetworks, Sealer, SubscriptionTokens } from '#platform';
import { Registry, RegistryWriter } from '#registry';
import { aFunction, aPublication, builtAt, eventually, ManualClock, testSigner, testVerifier } from '#testing';
import { Subscriber } from '../../../../test/subscriber.ts';
import { FailingPublisher } from '../../testing/failing-publisher.ts';
import { destinationConformance } from '../destination.conformance.ts';
import { notificationOf } from '../notification-of.ts';
import { ChainedInvocations } from './chained-invocations.ts';
import { SubscriptionDestination } from './subscription-destination.ts';
import { TopicDestination } from './topic-destination.ts';
import { UserTopics } from './user-topics.ts';
import { WebhookClient } from './webhook-client.ts';

const topicUrn = 'urn:smn:local:p1:news';
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const sealer = new Sealer('a-platform-key-of-32-characters-at-least');
const tokens = new SubscriptionTokens(sealer);
const never = new AbortController().signal;
const target = (name = 'a'): SubscriptionTarget => ({
  type: 'Subscription',
  topicUrn,
  subscriptionUrn: `${topicUrn}:${name}`,
});
const subscriptionTo = (endpoint: string, given: Partial<SubscriptionDocument> = {}): SubscriptionDocument => ({
  urn: `${topicUrn}:a`,
  protocol: 'http',
  endpoint,
  status: 1,
  remark: '',
  secret: sealer.seal(secret, `${topicUrn}:a`),
  ...given,
});
const published = (given: Parameters<typeof aPublication>[0] = {}) =>
  notificationOf({ kind: 'published', publication: aPublication(given) }, 'rfc3339');
const asked = notificationOf(
  {
    kind: 'subscribed',
    request: { messageId: 'm1', project: 'p1', topicUrn, askedAt: builtAt, expiresAt: epochMs(builtAt + 1_000) },
  },
  'rfc3339',
);

const aTopic: TopicDocument = {
  kind: 'topic',
  urn: topicUrn,
  project: 'p1',
  name: 'news',
  displayName: '',
  subscriptions: [],
  createdAt: builtAt,
  modifiedAt: builtAt,
};

class Rig {
  private constructor(
    readonly kafka: MemoryKafka,
    readonly destination: SubscriptionDestination,
    readonly chained: ChainedInvocations,
    readonly publisher: FailingPublisher,
    readonly clock: ManualClock,
    private readonly writer: RegistryWriter,
    readonly close: () => Promise<void>,
  ) {}

  static async open({ networks = ['127.0.0.0/8'], publicUrl }: { networks?: string[]; publicUrl?: string } = {}): Promise<Rig> {
    const topics = new Topics('s.');
    const kafka = new MemoryKafka({ topics });
    await kafka.admin.ensureTopics(topicSpecs(topics, 1));
    const registry = new Registry({ gateway: kafka, verifier: testVerifier });
    await registry.start();
    const publisher = new FailingPublisher(kafka.publisher);
    const clock = new ManualClock(builtAt);
    const webhooks = new WebhookClient(new AllowedNetworks(networks), 4, clock);
    const more = publicUrl === undefined ? {} : { publicUrl };
    const chained = new ChainedInvocations({ publisher, registry, topics, region: 'local' });
    const parts = { registry, chained, clock, webhooks, sealer, tokens, timeoutMs: 2_000, ...more };
    const writer = new RegistryWriter({ registry, gateway: kafka, signer: testSigner });
    await writer.mutate(() => ({ changes: [aFunction()] }));
    return new Rig(kafka, new SubscriptionDestination(parts), chained, publisher, clock, writer, async () => {
      webhooks.close();
      await registry.close();
    });
  }

  async subscribe(...subscriptions: SubscriptionDocument[]): Promise<void> {
    await this.writer.mutate(() => ({ changes: [{ ...aTopic, subscriptions }] }));
  }
}

destinationConformance('a webhook', async () => {
  const rig = await Rig.open();
  const subscriber = await Subscriber.listen();
  const withCredentials = subscriber.url.replace('http://', 'http://hook-user:hook-password@');
  await rig.subscribe(subscriptionTo(`${withCredentials}?token=hook-token`));
  return {
    destination: rig.destination,
    target: target(),
    refusing: target('nobody'),
    keepsCopies: true,
    received: async () => subscriber.received.map(({ body }) => body['message'] ?? ''),
    hang: () => {
      subscriber.answer = () => undefined;
    },
    failures: {
      'it answers 500': () => {
        subscriber.answer = 500;
      },
      'it closes the connection': () => {
        subscriber.answer = (request) => request.socket.destroy();
      },
      'it answers with something other than HTTP': () => {
        subscriber.answer = (request) => request.socket.end('nonsense\r\n\r\n');
      },
      'it switches to another protocol': () => {
        subscriber.answer = (request) => request.socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n');
      },
      'its server is gone': () => subscriber.close(),
    },
    secrets: [secret, 'hook-user', 'hook-password', 'hook-token'],
    close: async () => {
      subscriber.close();
      await rig.close();
    },
  };
});

destinationConformance('a function that subscribed', async () => {
  const rig = await Rig.open();
  await rig.subscribe(subscriptionTo('urn:fss:local:p1:function:default:hello', { protocol: 'functionstage' }));
  type Event = { record: [{ smn: { message: string } }] };
  return {
    destination: rig.destination,
    target: target(),
    refusing: target('nobody'),
    keepsCopies: true,
    received: async () =>
      rig.kafka.records('s.intake').map(({ value }) => (JSON.parse(String(value)) as Event).record[0].smn.message),
    hang: rig.publisher.hang,
    failures: rig.publisher.failures,
    secrets: [secret],
    close: rig.close,
  };
});

destinationConformance('a pub/sub topic', async () => {
  const kafka = new MemoryKafka();
  const publisher = new FailingPublisher(kafka.publisher);
  return {
    destination: new TopicDestination(new UserTopics(kafka.admin, publisher, 1), new Topics('s.')),
    target: { type: 'SMN', topicUrn },
    keepsCopies: true,
    received: async () => {
      if (!(await kafka.admin.list()).includes('s.topic.news')) return [];
      return kafka.records('s.topic.news').map(({ value }) => String(value));
    },
    hang: publisher.hang,
    failures: publisher.failures,
    secrets: [],
    close: async () => undefined,
  };
});

describe('a record on a pub/sub topic', () => {
  it('is the text for everybody, with what its publisher said beside it', async () => {
    const kafka = new MemoryKafka();
    const attributes = [{ name: 'kind', type: 'STRING', value: 'news' }] as const;
    const notification = published({ texts: { default: 'for all', http: 'for some' }, attributes });
    const topic = new TopicDestination(new UserTopics(kafka.admin, kafka.publisher, 1), new Topics('s.'));
    await topic.deliver(notification, { type: 'SMN', topicUrn }, never);
    const [record] = kafka.records('s.topic.news');
    expect(String(record?.value)).toBe('for all');
    expect(record).toMatchObject({
      key: aPublication().messageId,
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        ce_id: aPublication().messageId,
        ce_source: topicUrn,
        ce_type: 'dev.sendoff.message.published',
        'smn-subject': 'Breaking',
        'smn-message-attributes': JSON.stringify(attributes),
      },
    });
  });
});

describe('a webhook', () => {
  let rig: Rig;
  let subscriber: Subscriber;
  beforeEach(async () => {
    rig = await Rig.open({ publicUrl: 'https://api.example.com/fg/' });
    subscriber = await Subscriber.listen();
    await rig.subscribe(subscriptionTo(subscriber.url));
  });
  afterEach(async () => {
    subscriber.close();
    await rig.close();
  });

  it('gets the body of SMN', async () => {
    await rig.destination.deliver(published(), target(), never);
    const [pushed] = subscriber.received;
    const { messageId } = aPublication();
    expect(pushed?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-smn-message-type': 'Notification',
      'x-smn-message-id': messageId,
      'x-smn-topic-urn': topicUrn,
      'webhook-id': messageId,
    });
    expect(pushed?.body).toEqual({
      type: 'Notification',
      signature: '',
      signature_version: 'v1',
      signing_cert_url: '',
      subject: 'Breaking',
      message: 'something happened',
      message_id: messageId,
      topic_urn: topicUrn,
      unsubscribe_url: expect.stringMatching(/^https:\/\/api\.example\.com\/fg\/v2\/notifications\/subscriptions\/unsubscribe\?/),
      timestamp: '2027-01-15T08:00:00Z',
    });
    const link = new URL(pushed?.body['unsubscribe_url'] ?? '');
    expect(link.searchParams.get('subscription_urn')).toBe(target().subscriptionUrn);
    const token = link.searchParams.get('token') ?? '';
    expect(tokens.read(token, 'unsubscribe', topicUrn, builtAt)).toBe(target().subscriptionUrn);
  });

  it('gets the text for its protocol where there is one', async () => {
    await rig.destination.deliver(published({ texts: { default: 'a', http: 'b', https: 'c' } }), target(), never);
    expect(subscriber.received[0]?.body['message']).toBe('b');
  });

  it.each([
    ['a sealed secret', {}],
    ['a secret in clear, as older documents have it', { secret }],
  ])('can verify a message with %s, at the time of the try', async (_what, given) => {
    await rig.subscribe(subscriptionTo(subscriber.url, given));
    await rig.clock.advance(86_400_000);
    await rig.destination.deliver(published(), target(), never);
    const { headers = {}, text = '' } = subscriber.received[0] ?? {};
    const receiver = new Webhook(secret);
    // The official library reads the time itself, and refuses a webhook signed more than 300 s ago.
    vi.setSystemTime(rig.clock.now());
    try {
      expect(receiver.verify(text, headers as Record<string, string>)).toMatchObject({ type: 'Notification' });
      expect(() => receiver.verify(`${text} `, headers as Record<string, string>)).toThrow(WebhookVerificationError);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is asked to confirm, with a link that ends', async () => {
    await rig.subscribe(subscriptionTo(subscriber.url, { status: 0 }));
    expect(await rig.destination.deliver(asked, target(), never)).toMatchObject({ kind: 'delivered' });
    const [pushed] = subscriber.received;
    expect(pushed?.headers['x-smn-message-type']).toBe('SubscriptionConfirmation');
    expect(Object.keys(pushed?.body ?? {})).toEqual([
      'type',
      'signature',
      'signature_version',
      'signing_cert_url',
      'message',
      'message_id',
      'topic_urn',
      'subscribe_url',
      'timestamp',
    ]);
    const link = new URL(pushed?.body['subscribe_url'] ?? '');
    expect(`${link.origin}${link.pathname}`).toBe('https://api.example.com/fg/v2/notifications/subscriptions/subscribe');
    expect(link.searchParams.get('topic_urn')).toBe(topicUrn);
    const token = link.searchParams.get('token') ?? '';
    expect(tokens.read(token, 'confirm', topicUrn, builtAt)).toBe(target().subscriptionUrn);
    expect(tokens.read(token, 'confirm', topicUrn, epochMs(builtAt + 1_000))).toBeUndefined();
  });

  it('is not asked again once it has confirmed', async () => {
    expect(await rig.destination.deliver(asked, target(), never)).toMatchObject({ kind: 'delivered' });
    expect(subscriber.received).toEqual([]);
  });

  it('gets no links, and is not asked, where the address of the API is unknown', async () => {
    await rig.close();
    rig = await Rig.open();
    await rig.subscribe(subscriptionTo(subscriber.url, { status: 0 }));
    await rig.destination.deliver(published(), target(), never);
    expect(subscriber.received[0]?.body['unsubscribe_url']).toBe('');
    expect(await rig.destination.deliver(asked, target(), never)).toMatchObject({
      kind: 'deferred',
      reason: expect.stringContaining('SENDOFF_PUBLIC_URL'),
    });
  });

  it('waits where its secret was sealed under another key', async () => {
    const other = new Sealer('b'.repeat(32)).seal(secret, target().subscriptionUrn);
    await rig.subscribe(subscriptionTo(subscriber.url, { secret: other }));
    expect(await rig.destination.deliver(published(), target(), never)).toMatchObject({ kind: 'deferred' });
    expect(subscriber.received).toEqual([]);
  });

  it('finds an awkward subject in the body, and in no header', async () => {
    const subject = 'a\r\nX-Injected: 1\r\n\r\n"é';
    await rig.destination.deliver(published({ subject }), target(), never);
    const [pushed] = subscriber.received;
    expect(pushed?.body['subject']).toBe(subject);
    expect(pushed?.headers).not.toHaveProperty('x-injected');
  });

  it.each([
    [204, 'delivered'],
    [302, 'deferred'],
    [400, 'deferred'],
    [401, 'deferred'],
    [404, 'deferred'],
    [408, 'deferred'],
    [410, 'refused'],
    [413, 'deferred'],
    [429, 'deferred'],
    [500, 'deferred'],
  ])('that answers %i is %s', async (status, kind) => {
    subscriber.answer = status;
    expect(await rig.destination.deliver(published(), target(), never)).toMatchObject({ kind });
  });

  it('may say when to come again', async () => {
    subscriber.answer = (_request, response) => response.writeHead(503, { 'retry-after': '7' }).end();
    expect(await rig.destination.deliver(published(), target(), never)).toMatchObject({ kind: 'deferred', retryAfterMs: 7_000 });
  });

  it('cannot send the platform elsewhere', async () => {
    const elsewhere = await Subscriber.listen();
    subscriber.answer = (_request, response) => response.writeHead(307, { location: elsewhere.url }).end();
    expect(await rig.destination.deliver(published(), target(), never)).toEqual({
      kind: 'deferred',
      reason: 'the receiver answered 307',
    });
    expect(elsewhere.received).toEqual([]);
    elsewhere.close();
  });

  it('has accepted a message with the head of its answer, also if the rest breaks off', async () => {
    const cut = new Promise<void>((resolve) => {
      subscriber.answer = (_request, response) => {
        response.on('close', resolve);
        response.writeHead(200, { 'content-length': '100' }).write('the first part');
        setImmediate(() => response.destroy());
      };
    });
    expect(await rig.destination.deliver(published(), target(), never)).toMatchObject({ kind: 'delivered' });
    await cut;
  });

  it('has accepted nothing if its answer breaks off within the head', async () => {
    subscriber.answer = (_request, { socket }) => {
      socket?.end('HTTP/1.1 200 OK\r\ncontent-le');
    };
    expect(await rig.destination.deliver(published(), target(), never)).toMatchObject({
      kind: 'deferred',
      reason: expect.stringMatching(/^no answer: /),
    });
  });

  it('cannot hold the platform up with an answer that never ends', async () => {
    const cut = new Promise<void>((resolve) => {
      subscriber.answer = (_request, response) => {
        response.on('close', resolve);
        response.writeHead(200);
        const more = () => response.write('a'.repeat(1_024)) && setImmediate(more);
        response.on('drain', more);
        more();
      };
    });
    expect(await rig.destination.deliver(published(), target(), never)).toMatchObject({ kind: 'delivered' });
    await cut;
  });

  it('holds no connection with an answer that goes on after its head', async () => {
    const cut = new Promise<void>((resolve) => {
      subscriber.answer = (_request, response) => {
        response.on('close', resolve);
        response.writeHead(200).write('a');
      };
    });
    expect(await rig.destination.deliver(published(), target(), never)).toMatchObject({ kind: 'delivered' });
    await rig.clock.advance(5_000);
    await cut;
  });

  it('cannot hold the platform up with another protocol', async () => {
    subscriber.answer = (request) =>
      request.socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n');
    expect(await rig.destination.deliver(published(), target(), never)).toMatchObject({ kind: 'deferred' });
  });

  it('that does not answer in time is deferred', async () => {
    subscriber.answer = () => undefined;
    const signal = AbortSignal.abort(new Error('the try took too long'));
    expect(await rig.destination.deliver(published(), target(), signal)).toMatchObject({ kind: 'deferred' });
  });

  it('that answers too late is deferred, and the reason tells how long it had', async () => {
    subscriber.answer = () => undefined;
    const told = rig.destination.deliver(published(), target(), never);
    await eventually(() => subscriber.received.length > 0);
    await rig.clock.advance(2_000);
    expect(await told).toEqual({ kind: 'deferred', reason: 'no answer within 2 s' });
  });

  it.each(['127.0.0.1', 'localhost', '[::ffff:7f00:1]', '0x7f.1'])(
    'at %s is not reached where its network is not allowed',
    async (host) => {
      await rig.close();
      rig = await Rig.open({ networks: [] });
      await rig.subscribe(subscriptionTo(subscriber.url.replace('127.0.0.1', host)));
      expect(await rig.destination.deliver(published(), target(), never)).toMatchObject({
        kind: 'refused',
        reason: expect.stringContaining('WEBHOOK_NETWORKS_ALLOWED'),
      });
      expect(subscriber.received).toEqual([]);
    },
  );

  it('that was added a moment ago is told, though the registry hears of it only now', async () => {
    let subscriptions: SubscriptionDocument[] = [];
    const registry = {
      topic: () => ({ ...aTopic, subscriptions }),
      caughtUp: async () => void (subscriptions = [subscriptionTo(subscriber.url)]),
    };
    const webhooks = new WebhookClient(new AllowedNetworks(['127.0.0.0/8']), 1, rig.clock);
    const { chained, clock } = rig;
    const parts = { registry, chained, clock, webhooks, sealer, tokens, timeoutMs: 2_000 };
    expect(await new SubscriptionDestination(parts).deliver(published(), target(), never)).toMatchObject({ kind: 'delivered' });
    webhooks.close();
  });
});

describe('a function that subscribed', () => {
  it('and is gone is not told', async () => {
    const rig = await Rig.open();
    await rig.subscribe(subscriptionTo('nobody', { protocol: 'functionstage' }));
    expect(await rig.destination.deliver(published(), target(), never)).toEqual({
      kind: 'refused',
      reason: 'function nobody does not exist any more',
    });
    await rig.close();
  });

  it.each([
    ['by its id', { functionId: 'removed' }, 'refused'],
    ['in an older subscription by its age', { createdAt: epochMs(builtAt - 1) }, 'refused'],
    ['by its id', { functionId: aFunction().id }, 'delivered'],
    ['in an older subscription by its age', { createdAt: builtAt }, 'delivered'],
  ])('is known %s: %j is %s', async (_how, bound, kind) => {
    const rig = await Rig.open();
    await rig.subscribe(subscriptionTo('hello', { protocol: 'functionstage', ...bound }));
    const result = await rig.destination.deliver(published(), target(), never);
    expect(result).toMatchObject(
      kind === 'delivered' ? { kind } : { kind, reason: 'function hello was made anew since it was named: name it again' },
    );
    const ids = rig.kafka.records('s.intake').map(({ headers }) => headers['sendoff-function-id']);
    expect(ids).toEqual(kind === 'delivered' ? [aFunction().id] : []);
    await rig.close();
  });

  it('is not given more than it takes', async () => {
    const rig = await Rig.open();
    await rig.subscribe(subscriptionTo('hello', { protocol: 'functionstage' }));
    const texts = { default: 'a'.repeat(256 * 1_024) };
    expect(await rig.destination.deliver(published({ texts }), target(), never)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('a function takes 262144'),
    });
    expect(rig.kafka.records('s.intake')).toEqual([]);
    await rig.close();
  });

  it('sees subject and attributes of the message', async () => {
    const rig = await Rig.open();
    await rig.subscribe(subscriptionTo('hello', { protocol: 'functionstage' }));
    const attributes = [{ name: 'kind', type: 'STRING', value: 'news' }] as const;
    await rig.destination.deliver(published({ attributes, texts: { default: 'a', functionstage: 'b' } }), target(), never);
    const [record] = rig.kafka.records('s.intake');
    expect(JSON.parse(String(record?.value))).toMatchObject({
      record: [
        {
          event_subscription_urn: target().subscriptionUrn,
          smn: { message: 'b', subject: 'Breaking', message_attributes: attributes, message_id: aPublication().messageId },
        },
      ],
    });
    expect(record?.headers['sendoff-hops']).toBe('1');
    await rig.close();
  });
});
