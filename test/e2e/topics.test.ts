/**
 * Goal: a message published to a topic reaches every subscriber: a Kafka consumer, a webhook that
 * verifies the signature, a function. A receiver that is down gets it later. One that must confirm
 * its subscription gets nothing before. Method: one installation and receivers on this machine. Its
 * port is chosen before the start, because confirmation links contain it.
 */
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { freePort } from '#broker';
import { type Pushed, Subscriber } from '../subscriber.ts';
import { destination } from './client.ts';
import { Installation } from './installation.ts';
import { KafkaSide } from './kafka-side.ts';

let installation: Installation;
let kafka: KafkaSide;
const subscribers: Subscriber[] = [];

async function listen(): Promise<Subscriber> {
  const subscriber = await Subscriber.listen();
  subscribers.push(subscriber);
  return subscriber;
}

const ofType = (subscriber: Subscriber, type: string): Pushed[] =>
  subscriber.received.filter(({ body }) => body['type'] === type);

/**
 * Verifies a webhook as its receiver does, with the official library.
 * @returns the body. @throws WebhookVerificationError if the signature does not fit.
 */
const verified = (secret: string, { headers, text }: Pushed): unknown =>
  new Webhook(secret).verify(text, headers as Record<string, string>);

/** @returns the topic's URN. */
async function createTopic(name: string): Promise<string> {
  return (await installation.client.must<{ topic_urn: string }>('POST', '/notifications/topics', { name })).topic_urn;
}

async function publish(topicUrn: string, body: object): Promise<string> {
  const answer = await installation.client.must<{ message_id: string }>(
    'POST',
    `/notifications/topics/${topicUrn}/publish`,
    body,
  );
  return answer.message_id;
}

async function subscribe(topicUrn: string, endpoint: string): Promise<{ subscription_urn: string; secret: string }> {
  return installation.client.must('POST', `/notifications/topics/${topicUrn}/subscriptions`, { protocol: 'http', endpoint });
}

/** Follows the link of the confirmation, as a receiver does: without credentials. */
async function confirm(subscriber: Subscriber): Promise<Response> {
  const asked = await eventually(() => ofType(subscriber, 'SubscriptionConfirmation')[0]);
  return fetch(asked.body['subscribe_url'] ?? '');
}

beforeAll(async () => {
  const port = await freePort();
  installation = await Installation.start({
    brokers: inject('kafkaBrokers'),
    env: {
      SENDOFF_PORT: String(port),
      SENDOFF_PUBLIC_URL: `http://127.0.0.1:${port}`,
      SUBSCRIPTIONS_CONFIRMED_BY: 'endpoint',
      NOTIFIER_BREAKER_OPEN_MS: '500',
      NOTIFIER_SWITCH_OFF_MS: '2000',
    },
  });
  kafka = new KafkaSide(installation.brokers);
  await installation.client.grantEverything();
});
afterAll(async () => {
  for (const subscriber of subscribers) subscriber.close();
  await kafka?.close();
  await installation?.stop();
});

describe('a message published to a topic', () => {
  it('reaches a Kafka consumer, a webhook that can tell it is genuine, and a function', async () => {
    const { client } = installation;
    const topic = await createTopic('news');
    const subscriber = await listen();
    const { secret } = await subscribe(topic, subscriber.url);
    expect((await confirm(subscriber)).status).toBe(200);
    await client.must('PUT', '/sendoff/streams/heard', {});
    const heard = await kafka.read(`${installation.topicPrefix}stream.heard`);
    const functionUrn = await client.createFunction('listener', 'exports.handler = async (event) => event.record[0].smn;');
    await client.setPolicy('listener', { destination_config: { on_success: destination('DIS', { stream_name: 'heard' }) } });
    await client.must('POST', `/notifications/topics/${topic}/subscriptions`, {
      protocol: 'functionstage',
      endpoint: functionUrn,
    });
    const consume = await kafka.read(`${installation.topicPrefix}topic.news`);

    const attributes = [{ name: 'kind', type: 'STRING', value: 'weather' }];
    const messageId = await publish(topic, { subject: 'Storm', message: 'A storm is coming: ⛈', message_attributes: attributes });

    const record = await consume(({ key }) => key === messageId);
    expect(record.value).toBe('A storm is coming: ⛈');
    expect(record.headers).toMatchObject({ ce_id: messageId, ce_source: topic, 'smn-subject': 'Storm' });

    const pushed = await eventually(() => ofType(subscriber, 'Notification')[0]);
    expect(verified(secret, pushed)).toMatchObject({ message_id: messageId });
    expect(() => verified(`whsec_${Buffer.alloc(32).toString('base64')}`, pushed)).toThrow(WebhookVerificationError);
    expect(pushed.headers).toMatchObject({ 'x-smn-message-type': 'Notification', 'x-smn-message-id': messageId });
    expect(pushed.body).toMatchObject({
      type: 'Notification',
      subject: 'Storm',
      message: 'A storm is coming: ⛈',
      message_id: messageId,
      topic_urn: topic,
    });

    const outcome = await heard(({ value }) => value.includes(messageId));
    const { response_payload: seen } = JSON.parse(outcome.value) as { response_payload: string };
    expect(JSON.parse(seen)).toMatchObject({
      topic_urn: topic,
      type: 'notification',
      subject: 'Storm',
      message: 'A storm is coming: ⛈',
      message_id: messageId,
      message_attributes: attributes,
    });
  });

  it('reaches a webhook that fails twice at its third try, as the same message', async () => {
    const topic = await createTopic('shaky');
    const subscriber = await listen();
    const { secret } = await subscribe(topic, subscriber.url);
    await confirm(subscriber);
    subscriber.answer = (_request, response) => {
      response.writeHead(ofType(subscriber, 'Notification').length <= 2 ? 503 : 200).end();
    };
    const messageId = await publish(topic, { message: 'again and again' });
    const tries = await eventually(() => {
      const seen = ofType(subscriber, 'Notification');
      return seen.length >= 3 ? seen : undefined;
    });
    expect(tries.map(({ body }) => body['message_id'])).toEqual(Array(3).fill(messageId));
    for (const pushed of tries) expect(verified(secret, pushed)).toMatchObject({ message_id: messageId });
  });

  it('waits on the undelivered topic once a webhook has refused it', async () => {
    const topic = await createTopic('unwanted');
    const subscriber = await listen();
    await subscribe(topic, subscriber.url);
    await confirm(subscriber);
    subscriber.answer = 410;
    const undelivered = await kafka.read(`${installation.topicPrefix}undelivered`);
    const messageId = await publish(topic, { message: 'no thanks' });
    const given = await undelivered(({ key }) => key === messageId);
    expect(given.value).toBe('no thanks');
    expect(JSON.parse(given.headers['delivery'] ?? '')).toMatchObject({ try: 1, reason: 'the receiver answered 410' });
  });

  it('is not delivered once its time to live is over', async () => {
    const topic = await createTopic('fleeting');
    const subscriber = await listen();
    await subscribe(topic, subscriber.url);
    await confirm(subscriber);
    subscriber.answer = 503;
    const undelivered = await kafka.read(`${installation.topicPrefix}undelivered`);
    const messageId = await publish(topic, { message: 'now or never', time_to_live: '1' });
    const given = await undelivered(({ key }) => key === messageId);
    expect((JSON.parse(given.headers['delivery'] ?? '') as { reason: string }).reason).toContain('time to live');
  });
});

describe('a webhook that must confirm', () => {
  it('is told nothing before it has confirmed, and nothing once it has unsubscribed', async () => {
    const { client } = installation;
    const topic = await createTopic('by-invitation');
    const subscriber = await listen();
    const { subscription_urn: urn } = await subscribe(topic, subscriber.url);
    const status = async () => {
      const page = await client.must<{ subscriptions: { subscription_urn: string; status: number }[] }>(
        'GET',
        `/notifications/topics/${topic}/subscriptions`,
      );
      return page.subscriptions.find((subscription) => subscription.subscription_urn === urn)?.status;
    };
    expect(await status()).toBe(0);
    // Told of everything: once the witness has a message, it is settled who else gets it.
    const witness = await listen();
    await subscribe(topic, witness.url);
    await confirm(witness);
    const witnessed = (text: string) =>
      eventually(() => ofType(witness, 'Notification').find(({ body }) => body['message'] === text));
    await publish(topic, { message: 'too early' });
    await witnessed('too early');

    const answer = await confirm(subscriber);
    expect([answer.status, await answer.json()]).toMatchObject([200, { subscription_urn: urn }]);
    expect(await status()).toBe(1);
    const wanted = await publish(topic, { message: 'in time' });
    const pushed = await eventually(() => ofType(subscriber, 'Notification')[0]);
    expect(pushed.body['message_id']).toBe(wanted);

    expect((await fetch(pushed.body['unsubscribe_url'] ?? '')).status).toBe(200);
    expect(await status()).toBeUndefined();
    await publish(topic, { message: 'too late' });
    await witnessed('too late');
    expect(ofType(subscriber, 'Notification').map(({ body }) => body['message'])).toEqual(['in time']);
  });
});

describe('a webhook that fails for long', () => {
  it('is switched off, also after a restart of the notifier, until somebody enables it', async () => {
    const { client } = installation;
    const topic = await createTopic('broken');
    const subscriber = await listen();
    const { subscription_urn: urn } = await subscribe(topic, subscriber.url);
    await confirm(subscriber);
    subscriber.answer = 500;
    const id = `Subscription:${urn}`;
    const path = `/sendoff/targets/${encodeURIComponent(id)}`;
    const shown = async () => {
      const { targets } = await client.must<{ targets: Record<string, unknown>[] }>('GET', '/sendoff/targets');
      return targets.find(({ target }) => target === id);
    };
    const undelivered = await kafka.read(`${installation.topicPrefix}undelivered`);

    for (let message = 0; message < 12; message++) await publish(topic, { message: `lost ${message}` });
    const failing = await eventually(async () => {
      const found = await shown();
      return found?.['circuit'] === 'closed' ? undefined : found;
    });
    expect(failing).toMatchObject({
      switched_off: false,
      last_error: 'the receiver answered 500',
      failing_since: expect.any(String),
    });
    const before = await eventually(() => installation.pidOf('notifier'));
    process.kill(before, 'SIGTERM');
    await eventually(async () => {
      const pid = await installation.pidOf('notifier');
      return pid === before ? undefined : pid;
    });
    // The next try may be 16 s away: waits double, and each open circuit counts as a try.
    await eventually(async () => (await shown())?.['switched_off'] === true, { deadlineMs: 60_000 });

    const test = () => client.must('POST', `${path}/test`);
    expect(await test()).toMatchObject({ target: id, outcome: 'deferred', reason: 'the receiver answered 500' });
    const calls = subscriber.received.length;
    subscriber.answer = 200;
    const refused = await publish(topic, { message: 'while it is off' });
    const letter = await undelivered(({ key }) => key === refused);
    expect(letter.headers['delivery']).toContain('the target is switched off, because no try has succeeded since');
    expect(subscriber.received).toHaveLength(calls);

    expect(await client.must('POST', `${path}/enable`)).toEqual({ target: id, was_switched_off: true });
    const wanted = await publish(topic, { message: 'it works again' });
    await eventually(() => subscriber.received.find(({ body }) => body['message_id'] === wanted));
    await eventually(async () => (await shown()) === undefined);
    const { id: messageId, outcome } = await client.must<{ id: string; outcome: string }>('POST', `${path}/test`);
    expect(outcome).toBe('delivered');
    // A later try of an earlier message may come after it.
    const received = subscriber.received.find(({ body }) => body['message_id'] === messageId);
    expect(received?.body).toMatchObject({ subject: 'Test of a target' });
  });
});
