/**
 * Goal: subscriptions answer as the SMN API does. If endpoints confirm, nobody else can, and no
 * secret is stored in clear text.
 * Method: a whole ingress over the in-memory broker; tokens are made as the notifier makes them.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { confirmUrl, decodeDelivery, epochMs, unsubscribeUrl } from '#contracts';
import { SubscriptionTokens } from '#platform';
import { builtAt, ManualClock } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';

const topic = 'urn:smn:local:p1:news';
const chosenSecret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const webhook = { protocol: 'https', endpoint: 'https://example.com/hook' };
const { subscriptions: sealer } = await IngressApp.keys;
const tokens = new SubscriptionTokens(sealer);
const smnError = (code: string) => ({ request_id: expect.stringMatching(/^[0-9a-f-]{36}$/), code, message: expect.any(String) });
const inHours = (hours: number) => epochMs(builtAt + hours * 3_600_000);

let app: IngressApp;
const start = async (env: Record<string, string> = {}) => {
  app = await IngressApp.start({ clock: new ManualClock(builtAt), env });
  await app.must('POST', '/notifications/topics', { name: 'news' });
};
beforeEach(() => start());
afterEach(() => app.close());

const add = (body: unknown, to = topic) => app.call('POST', `/notifications/topics/${to}/subscriptions`, body);
const listed = (query = '', path = '/notifications/subscriptions') => app.must('GET', path + query);
const documents = () => app.recordsOf('registry').map(({ value }) => String(value));

describe('a subscription', () => {
  it('is added with 201, confirmed, and its secret is shown once and stored sealed', async () => {
    const { status, body, headers } = await add({ ...webhook, remark: 'mine' });
    expect([status, body]).toEqual([
      201,
      {
        request_id: headers['x-request-id'],
        subscription_urn: expect.stringMatching(/^urn:smn:local:p1:news:[0-9a-f]{32}$/),
        secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      },
    ]);
    const { subscriptions } = await listed();
    expect(subscriptions).toEqual([
      { topic_urn: topic, subscription_urn: body.subscription_urn, ...webhook, owner: 'p1', remark: 'mine', status: 1 },
    ]);
    expect(documents().join('')).not.toContain('whsec_');
    const [stored] = JSON.parse(documents().at(-1) ?? '').subscriptions as [{ secret: string; urn: string }];
    expect(sealer.open(stored.secret, stored.urn)).toBe(body.secret);
    expect(app.recordsOf('notifications')).toEqual([]);
  });

  it('with the same endpoint stays, with 200, and takes a new secret of the caller', async () => {
    const { body: first } = await add(webhook);
    const again = await add(webhook);
    expect([again.status, again.body]).toEqual([
      200,
      { request_id: expect.any(String), subscription_urn: first.subscription_urn },
    ]);
    expect((await add({ ...webhook, secret: chosenSecret })).status).toBe(200);
    const [stored] = JSON.parse(documents().at(-1) ?? '').subscriptions as [{ secret: string; urn: string }];
    expect(sealer.open(stored.secret, stored.urn)).toBe(chosenSecret);
    expect((await listed()).subscription_count).toBe(1);
  });

  it('of a function has no secret', async () => {
    await app.createFunction('hello');
    const { status, body } = await add({ protocol: 'functionstage', endpoint: 'urn:fss:local:p1:function:default:hello:latest' });
    expect([status, body.secret]).toEqual([201, undefined]);
  });

  it('of a function ends with the function: one made anew under the name gets a subscription of its own', async () => {
    const toHello = { protocol: 'functionstage', endpoint: 'hello' };
    const idNow = async () => (await app.must('GET', '/fgs/functions/hello/config')).func_id;
    const stored = () => JSON.parse(documents().findLast((text) => text.includes('"kind":"topic"')) ?? '').subscriptions;
    await app.createFunction('hello');
    const { subscription_urn: urn } = (await add(toHello)).body;
    expect(stored()).toMatchObject([{ urn, functionId: await idNow() }]);
    expect((await add(toHello)).body.subscription_urn).toBe(urn);
    await app.call('DELETE', '/fgs/functions/hello');
    await app.createFunction('hello');
    const anew = await add(toHello);
    expect([anew.status, anew.body.subscription_urn]).toEqual([201, expect.not.stringMatching(String(urn))]);
    expect(stored()).toMatchObject([{ urn: anew.body.subscription_urn, functionId: await idNow() }]);
    expect((await listed()).subscription_count).toBe(1);
  });

  it('can get a new remark', async () => {
    const { subscription_urn: urn } = (await add(webhook)).body;
    expect(await app.call('PUT', `/notifications/topics/${topic}/subscriptions/${urn}`, { remark: 'new' })).toMatchObject({
      status: 200,
      body: { request_id: expect.any(String), subscription_urn: urn },
    });
    expect((await listed()).subscriptions).toMatchObject([{ remark: 'new', status: 1 }]);
  });

  it.each([
    ['by its URN', (urn: string) => `/notifications/subscriptions/${urn}`],
    ['below its topic', (urn: string) => `/notifications/topics/${topic}/subscriptions/${urn}`],
  ])('is removed %s', async (_how, path) => {
    const { subscription_urn: urn } = (await add(webhook)).body;
    const removal = await app.call('DELETE', path(urn));
    expect([removal.status, removal.body]).toEqual([200, { request_id: removal.headers['x-request-id'] }]);
    expect((await listed()).subscription_count).toBe(0);
    expect(await app.call('DELETE', path(urn))).toMatchObject({ status: 404, body: smnError('SMN.0013') });
  });

  it.each<[what: string, body: unknown, status: number, code: string]>([
    ['by e-mail', { protocol: 'email', endpoint: 'a@example.com' }, 400, 'SMN.0011'],
    ['without a protocol', { endpoint: webhook.endpoint }, 400, 'SMN.0011'],
    ['without an endpoint', { protocol: 'https' }, 400, 'SMN.0012'],
    ['with another protocol in its URL', { protocol: 'http', endpoint: webhook.endpoint }, 400, 'SMN.0012'],
    ['with credentials in its URL', { protocol: 'https', endpoint: 'https://a:b@example.com' }, 400, 'SMN.0012'],
    ['with a URL without //', { protocol: 'https', endpoint: 'https:example.com' }, 400, 'SMN.0012'],
    ['with a blank before its URL', { protocol: 'https', endpoint: ' https://example.com' }, 400, 'SMN.0012'],
    ['with a line end in its URL', { protocol: 'https', endpoint: 'https://exa\nmple.com' }, 400, 'SMN.0012'],
    ['with a control character in its URL', { protocol: 'https', endpoint: 'https://example.com/\u0001' }, 400, 'SMN.0012'],
    ['with a URL of 2,049 bytes', { protocol: 'https', endpoint: `https://example.com/${'é'.repeat(1_014)}a` }, 400, 'SMN.0012'],
    ['with a host name instead of a URL', { protocol: 'https', endpoint: 'example.com' }, 400, 'SMN.0012'],
    ['of a malformed function URN', { protocol: 'functionstage', endpoint: 'urn:fss:local' }, 400, 'SMN.0012'],
    [
      'of a function of another project',
      { protocol: 'functionstage', endpoint: 'urn:fss:local:p2:function:default:a' },
      400,
      'SMN.0012',
    ],
    ['of an unknown function', { protocol: 'functionstage', endpoint: 'nobody' }, 404, 'SMN.0101'],
    [
      'of an unknown alias',
      { protocol: 'functionstage', endpoint: 'urn:fss:local:p1:function:default:there:!prod' },
      404,
      'SMN.0101',
    ],
    ['at this machine', { protocol: 'http', endpoint: 'http://localhost/' }, 403, 'SMN.0069'],
    ['at an address in hexadecimal', { protocol: 'http', endpoint: 'http://0x7f000001/' }, 403, 'SMN.0069'],
    ['at a mapped address', { protocol: 'http', endpoint: 'http://[::ffff:7f00:1]/' }, 403, 'SMN.0069'],
    ['at the metadata of a cloud', { protocol: 'http', endpoint: 'http://169.254.169.254/latest' }, 403, 'SMN.0069'],
    ['with a remark of 129 bytes', { ...webhook, remark: `a${'é'.repeat(64)}` }, 400, 'SMN.0017'],
  ])('%s is refused', async (_what, body, status, code) => {
    await app.createFunction('there');
    expect(await add(body)).toMatchObject({ status, body: smnError(code) });
    expect((await listed()).subscription_count).toBe(0);
  });

  it.each<[what: string, more: object]>([
    ['a secret that is too short', { secret: 'whsec_aaaa' }],
    ['custom headers', { extension: { header: { 'x-key': 'a' } } }],
    ['a list of further subscriptions', { subscriptions: [webhook] }],
  ])('with %s is refused', async (_what, more) => {
    expect(await add({ ...webhook, ...more })).toMatchObject({ status: 400, body: { error_code: 'FSS.0400' } });
  });

  it.each<[what: string, method: string, path: string, status: number, code: string]>([
    ['added to a text that is not a URN', 'POST', '/topics/news/subscriptions', 400, 'SMN.0005'],
    ['added to an unknown topic', 'POST', `/topics/${topic}2/subscriptions`, 404, 'SMN.0006'],
    ['listed for an unknown topic', 'GET', `/topics/${topic}2/subscriptions`, 404, 'SMN.0006'],
    ['listed by an unknown status', 'GET', '/subscriptions?status=5', 400, 'SMN.0077'],
    ['listed 101 at a time', 'GET', '/subscriptions?limit=101', 400, 'SMN.0015'],
    ['removed by a text that is not a URN', 'DELETE', '/subscriptions/news', 400, 'SMN.0014'],
    ['removed but unknown', 'DELETE', `/subscriptions/${topic}:${'0'.repeat(32)}`, 404, 'SMN.0013'],
    ['of another project', 'DELETE', `/subscriptions/urn:smn:local:p2:news:${'0'.repeat(32)}`, 404, 'SMN.0013'],
    ['changed but unknown', 'PUT', `/topics/${topic}/subscriptions/${topic}:${'0'.repeat(32)}`, 404, 'SMN.0013'],
  ])('%s is refused', async (_what, method, path, status, code) => {
    const body = method === 'POST' ? webhook : method === 'PUT' ? { remark: '' } : undefined;
    expect(await app.call(method, `/notifications${path}`, body)).toMatchObject({ status, body: smnError(code) });
  });

  it('cannot be removed through another topic', async () => {
    await app.must('POST', '/notifications/topics', { name: 'arts' });
    const { subscription_urn: urn } = (await add(webhook)).body;
    const removal = await app.call('DELETE', `/notifications/topics/urn:smn:local:p1:arts/subscriptions/${urn}`);
    expect(removal).toMatchObject({ status: 404, body: smnError('SMN.0013') });
  });

  it('is refused after 100 on one topic', async () => {
    for (let n = 0; n < 100; n++) await add({ ...webhook, endpoint: `https://example.com/${n}` });
    expect(await add(webhook)).toMatchObject({ status: 403, body: smnError('SMN.0007') });
    expect((await add({ ...webhook, endpoint: 'https://example.com/7' })).status).toBe(200);
  });
});

describe('subscriptions', () => {
  beforeEach(async () => {
    await app.must('POST', '/notifications/topics', { name: 'arts' });
    await add({ protocol: 'https', endpoint: 'https://example.com/1', remark: 'one' });
    await app.clock.advance(1);
    await add({ protocol: 'http', endpoint: 'http://example.com/2', remark: 'two' }, 'urn:smn:local:p1:arts');
    await app.clock.advance(1);
    await add({ protocol: 'https', endpoint: 'https://example.com/3', remark: 'twofold' });
  });
  const remarks = ({
    subscription_count: count,
    subscriptions,
  }: {
    subscription_count: number;
    subscriptions: { remark: string }[];
  }) => [count, ...subscriptions.map(({ remark }) => remark)];

  it.each<[query: string, expected: unknown[]]>([
    ['', [3, 'one', 'two', 'twofold']],
    ['?limit=1&offset=1', [3, 'two']],
    ['?offset=9', [3]],
    ['?protocol=https', [2, 'one', 'twofold']],
    ['?protocol=sms', [0]],
    ['?endpoint=http://example.com/2', [1, 'two']],
    ['?status=1', [3, 'one', 'two', 'twofold']],
    ['?status=0', [0]],
    ['?protocol=&endpoint=&status=&fuzzy_remark=', [3, 'one', 'two', 'twofold']],
    ['?fuzzy_remark=two', [2, 'two', 'twofold']],
  ])('of all topics are listed oldest first: %j', async (query, expected) => {
    expect(remarks(await listed(query))).toEqual(expected);
  });

  it.each<[query: string, expected: unknown[]]>([
    ['', [2, 'one', 'twofold']],
    ['?limit=1', [2, 'one']],
    ['?fuzzy_remark=fold', [1, 'twofold']],
  ])('of one topic are listed: %j', async (query, expected) => {
    expect(remarks(await listed(query, `/notifications/topics/${topic}/subscriptions`))).toEqual(expected);
  });
});

describe('if endpoints confirm,', () => {
  beforeEach(async () => {
    await app.close();
    await start({ SUBSCRIPTIONS_CONFIRMED_BY: 'endpoint', SENDOFF_PUBLIC_URL: 'https://api.example.com' });
  });
  const statusOf = async () => (await listed()).subscriptions.map(({ status }: { status: number }) => status) as number[];
  /** Follows a link as a receiver does: without credentials. */
  const follow = (url: string, method = 'GET') => app.raw(method, url.slice('https://api.example.com'.length));

  it('a webhook is unconfirmed, and gets a request that is valid for 48 hours', async () => {
    const { subscription_urn: subscriptionUrn } = (await add(webhook)).body;
    expect(await statusOf()).toEqual([0]);
    expect(app.recordsOf('notifications').map(decodeDelivery)).toMatchObject([
      {
        target: { type: 'Subscription', topicUrn: topic, subscriptionUrn },
        event: { kind: 'subscribed', request: { topicUrn: topic, askedAt: builtAt, expiresAt: inHours(48) } },
      },
    ]);
  });

  it('a webhook that is added again gets another request, until it has confirmed', async () => {
    const { subscription_urn: urn } = (await add(webhook)).body;
    expect((await add(webhook)).status).toBe(200);
    expect(app.recordsOf('notifications').length).toBe(2);
    await follow(confirmUrl('https://api.example.com', topic, tokens.issue('confirm', urn, inHours(48))));
    await add(webhook);
    expect(app.recordsOf('notifications').length).toBe(2);
  });

  it('a function is confirmed at once', async () => {
    await app.createFunction('hello');
    await add({ protocol: 'functionstage', endpoint: 'hello' });
    expect([await statusOf(), app.recordsOf('notifications')]).toEqual([[1], []]);
  });

  it('the link confirms without credentials, any number of times', async () => {
    const { subscription_urn: urn } = (await add(webhook)).body;
    const link = confirmUrl('https://api.example.com', topic, tokens.issue('confirm', urn, inHours(48)));
    for (const newer of [false, true]) {
      const url = newer ? link.replace(/\/v2\/[^?]*/, '/rest/v2/notifications/subscription/confirm') : link;
      expect(await follow(url)).toMatchObject({ status: 200, body: { request_id: expect.any(String), subscription_urn: urn } });
      expect(await statusOf()).toEqual([1]);
    }
  });

  it('a HEAD request for the link confirms nothing', async () => {
    const { subscription_urn: urn } = (await add(webhook)).body;
    const link = confirmUrl('https://api.example.com', topic, tokens.issue('confirm', urn, inHours(48)));
    expect((await follow(link, 'HEAD')).status).not.toBe(200);
    expect(await statusOf()).toEqual([0]);
  });

  it.each<[what: string, query: (urn: string) => string]>([
    ['without a token', () => `topic_urn=${topic}`],
    ['without a topic', (urn) => `token=${tokens.issue('confirm', urn, inHours(48))}`],
    ['with a forged token', () => `topic_urn=${topic}&token=abc`],
    ['with the token of another link', (urn) => `topic_urn=${topic}&token=${tokens.issue('unsubscribe', urn)}`],
    ['with the token of another topic', (urn) => `topic_urn=${topic}2&token=${tokens.issue('confirm', urn, inHours(48))}`],
    ['that has expired', (urn) => `topic_urn=${topic}&token=${tokens.issue('confirm', urn, builtAt)}`],
  ])('a link %s confirms nothing', async (_what, query) => {
    const { subscription_urn: urn } = (await add(webhook)).body;
    const answer = await follow(`https://api.example.com/v2/notifications/subscriptions/subscribe?${query(urn)}`);
    expect(answer).toMatchObject({ status: 403, body: smnError('SMN.0022') });
    expect(await statusOf()).toEqual([0]);
  });

  it('the link of a removed subscription answers 404', async () => {
    const { subscription_urn: urn } = (await add(webhook)).body;
    await app.must('DELETE', `/notifications/subscriptions/${urn}`);
    const answer = await follow(confirmUrl('https://api.example.com', topic, tokens.issue('confirm', urn, inHours(48))));
    expect(answer).toMatchObject({ status: 404, body: smnError('SMN.0013') });
  });
});

describe('the unsubscribe link', () => {
  it('removes its subscription without credentials, and no other', async () => {
    const { subscription_urn: urn } = (await add(webhook)).body;
    await add({ ...webhook, endpoint: 'https://example.com/other' });
    const link = unsubscribeUrl('', urn, tokens.issue('unsubscribe', urn));
    expect((await app.raw('HEAD', link)).status).not.toBe(200);
    expect(await app.raw('GET', link)).toMatchObject({ status: 200, body: { message: expect.stringContaining(urn) } });
    expect((await listed()).subscriptions).toMatchObject([{ endpoint: 'https://example.com/other' }]);
    expect(await app.raw('GET', link)).toMatchObject({ status: 404, body: smnError('SMN.0013') });
  });

  it.each<[what: string, link: (urn: string) => string]>([
    ['a token', (urn) => unsubscribeUrl('', urn, '')],
    ['the token of another link', (urn) => unsubscribeUrl('', urn, tokens.issue('confirm', urn, inHours(1)))],
    [
      'the token of another subscription',
      (urn) => unsubscribeUrl('', urn, tokens.issue('unsubscribe', `${topic}:${'0'.repeat(32)}`)),
    ],
    ['a subscription', () => unsubscribeUrl('', 'news', tokens.issue('unsubscribe', 'news'))],
  ])('does nothing without its own %s', async (_what, link) => {
    const { subscription_urn: urn } = (await add(webhook)).body;
    expect(await app.raw('GET', link(urn))).toMatchObject({ status: 403, body: smnError('SMN.0022') });
    expect((await listed()).subscription_count).toBe(1);
  });
});

describe('the configuration', () => {
  it('is invalid if endpoints confirm and no public URL is set', async () => {
    await expect(IngressApp.start({ env: { SUBSCRIPTIONS_CONFIRMED_BY: 'endpoint' } })).rejects.toThrow(/SENDOFF_PUBLIC_URL/);
  });
});
