import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decodeDelivery, encodeTargetChange, epochMs, type TargetChange } from '#contracts';
import { builtAt, eventually } from '#testing';
import { answerTests } from '../../testing/answer-tests.ts';
import { type AccessKey, IngressApp } from '../../testing/ingress-app.ts';
import { targetTestBounds } from './targets.operations.ts';

let app: IngressApp;
let limited: AccessKey;

beforeAll(async () => {
  app = await IngressApp.start({
    env: { SUBSCRIPTIONS_CONFIRMED_BY: 'endpoint', SENDOFF_PUBLIC_URL: 'https://api.example.com' },
  });
  const { body } = await app.signed('POST', '/sendoff/credentials', { rights: ['read', 'manage'], functions: ['hello'] });
  limited = { accessKey: body.access_key, secretKey: body.secret_key };
});
afterAll(() => app?.close());
beforeEach(() => {
  app.records.targetPage = { targets: [], hasMore: false };
});

const names = (...targets: readonly string[]) => targets.map((deliveryId) => ({ deliveryId, pending: 1, undelivered: 0 }));
const shown = async (query = '') => {
  const { targets, next_marker: next } = await app.must('GET', `/sendoff/targets${query}`);
  return { targets: targets.map(({ target }: { target: string }) => target), next };
};
const one = async (deliveryId: string) => {
  const { targets } = await app.must('GET', '/sendoff/targets');
  return targets.find(({ target }: { target: string }) => target === deliveryId);
};
/** Writes changes as a notifier does, and waits until the ingress has read them. */
const report = async (...changes: readonly TargetChange[]) => {
  await app.kafka.publisher.publish(changes.map((change) => encodeTargetChange(app.kafka.topics.name('targets'), change)));
  const last = changes.at(-1)?.target.deliveryId ?? '';
  await eventually(async () => one(last));
};
const failing = (deliveryId: string, openUntilMs?: number): TargetChange => ({
  kind: 'health',
  target: { project: 'p1', deliveryId },
  health: {
    failures: 12,
    failingSince: builtAt,
    error: { reason: 'the receiver answered 500', at: epochMs(builtAt + 1) },
    ...(openUntilMs === undefined ? {} : { openUntil: epochMs(app.clock.now() + openUntilMs) }),
  },
});
const off = (deliveryId: string): TargetChange => ({
  kind: 'switch-off',
  target: { project: 'p1', deliveryId },
  switchOff: { at: epochMs(builtAt + 2), failingSince: builtAt, reason: 'no try has succeeded' },
});

describe('the list of targets', () => {
  it('shows open notices, last success and last error of each, by pages', async () => {
    const page = {
      deliveryId: 'OBS:results',
      pending: 2,
      undelivered: 1,
      deliveredAt: builtAt,
      error: { reason: 'busy', at: builtAt },
    };
    app.records.targetPage = { targets: [page], hasMore: true };
    expect(await app.must('GET', '/sendoff/targets?limit=900&marker=OBS:a')).toEqual({
      targets: [
        {
          target: 'OBS:results',
          pending: 2,
          undelivered: 1,
          circuit: 'closed',
          failures: 0,
          switched_off: false,
          removed: true,
          last_success_time: '2027-01-15T08:00:00.000Z',
          last_error: 'busy',
          last_error_time: '2027-01-15T08:00:00.000Z',
        },
      ],
      next_marker: 'OBS:results',
    });
    expect(app.records.targetQueries.at(-1)).toEqual({ project: 'p1', limit: 100, after: 'OBS:a' });
    expect((await app.signed('GET', '/sendoff/targets', undefined, limited)).status).toBe(403);
  });

  it('shows the circuit breaker and the failures of a target', async () => {
    await report(failing('DIS:closed'), failing('DIS:half', 0), failing('DIS:open', 5_000));
    expect(await one('DIS:open')).toEqual({
      target: 'DIS:open',
      pending: 0,
      undelivered: 0,
      circuit: 'open',
      failures: 12,
      switched_off: false,
      removed: true,
      failing_since: '2027-01-15T08:00:00.000Z',
      open_until: '2027-01-15T08:00:05.000Z',
      last_error: 'the receiver answered 500',
      last_error_time: '2027-01-15T08:00:00.001Z',
    });
    expect(await one('DIS:half')).toMatchObject({ circuit: 'half-open' });
    expect(await one('DIS:closed')).toMatchObject({ circuit: 'closed', failures: 12 });
  });

  it('tells a target that was removed from one that exists', async () => {
    await app.must('PUT', '/sendoff/streams/kept');
    await app.must('PUT', '/sendoff/streams/dropped');
    const function_urn = 'urn:fss:local:p1:function:default:nobody:latest';
    app.records.targetPage = { targets: names('DIS:dropped', 'DIS:kept', `FunctionGraph:${function_urn}`), hasMore: false };
    await app.must('DELETE', '/sendoff/streams/dropped');
    expect(await one('DIS:kept')).toMatchObject({ removed: false });
    expect(await one('DIS:dropped')).toMatchObject({ removed: true });
    expect(await one(`FunctionGraph:${function_urn}`)).toMatchObject({ removed: true });
  });

  it('has failing targets that no record knows on the page where they belong', async () => {
    app.records.targetPage = { targets: names('A:1', 'DIS:half'), hasMore: true };
    expect(await shown('?limit=2')).toEqual({ targets: ['A:1', 'DIS:closed'], next: 'DIS:closed' });
    app.records.targetPage = { targets: names('DIS:half', 'Z:1'), hasMore: false };
    expect(await shown('?limit=3&marker=DIS:closed')).toEqual({ targets: ['DIS:half', 'DIS:open', 'Z:1'], next: '' });
  });
});

describe('enabling a target', () => {
  it.each(['foo', 'DIS:nope', 'Subscription:urn:smn:local:p1:news:nobody'])(
    'named %s is refused, because no such target exists',
    async (target) => {
      const answer = await app.call('POST', `/sendoff/targets/${encodeURIComponent(target)}/enable`);
      expect([answer.status, answer.body.error_code]).toEqual([404, 'FSS.0404']);
    },
  );

  it('is possible while a record still knows its notices, or a policy may name it', async () => {
    await app.must('PUT', '/sendoff/streams/declared');
    expect((await app.must('POST', '/sendoff/targets/DIS:declared/enable')).was_switched_off).toBe(false);
    const notice = {
      requestId: 'r1',
      functionUrn: '',
      acceptedAt: builtAt,
      deliveryId: 'OBS:gone/',
      state: 'undelivered',
      tries: 1,
      at: builtAt,
    } as const;
    app.records.noticePage = { notices: [notice], hasMore: false };
    expect((await app.must('POST', `/sendoff/targets/${encodeURIComponent('OBS:gone/')}/enable`)).was_switched_off).toBe(false);
    app.records.noticePage = { notices: [], hasMore: false };
  });

  const id = 'Subscription:urn:smn:local:p1:news:a/b';
  const path = `/sendoff/targets/${encodeURIComponent(id)}/enable`;

  it('switches it on, forgets its failures, and is seen by the next request', async () => {
    await report(failing(id), off(id));
    const switchedOff = await eventually(async () => {
      const found = await one(id);
      return found?.switched_off === true && found;
    });
    expect(switchedOff).toMatchObject({
      switched_off_reason: 'no try has succeeded',
      switched_off_time: '2027-01-15T08:00:00.002Z',
    });
    expect(await app.must('POST', path)).toEqual({ target: id, was_switched_off: true });
    expect(await one(id)).toBeUndefined();
    expect(app.kafka.records(app.kafka.topics.name('targets')).slice(-2)).toMatchObject([
      { key: `switch-off/p1/${id}`, value: null },
      { key: `health/p1/${id}`, value: null },
    ]);
  });

  it('changes nothing for a target that is not switched off', async () => {
    await report(failing(id));
    const before = app.kafka.records(app.kafka.topics.name('targets')).length;
    expect(await app.must('POST', path)).toEqual({ target: id, was_switched_off: false });
    expect(app.kafka.records(app.kafka.topics.name('targets'))).toHaveLength(before);
  });

  it('is refused to a limited key, and for a name that is too long', async () => {
    expect((await app.signed('POST', path, undefined, limited)).status).toBe(403);
  });
});

describe('testing a target', () => {
  beforeAll(async () => {
    await app.must('PUT', '/sendoff/streams/orders');
    await app.must('PUT', '/sendoff/buckets/results');
  });

  const test = async (id: string) => app.call('POST', `/sendoff/targets/${encodeURIComponent(id)}/test`);
  const notices = () => app.kafka.records(app.kafka.topics.name('notifications')).map(decodeDelivery);
  it('sends a marked notice, and answers what a notifier tells', async () => {
    const notifier = await answerTests(app, { outcome: 'deferred', reason: 'busy' });
    const answer = await test('OBS:results/a/b');
    await notifier.close();
    expect(answer.body).toEqual({
      ...{ target: 'OBS:results/a/b', id: expect.any(String), outcome: 'deferred' },
      ...{ reason: 'busy', took_ms: 7 },
    });
    expect(notices().at(-1)).toMatchObject({
      isTest: true,
      target: { type: 'OBS', bucket: 'results', prefix: 'a/b', expiresDays: 1 },
      event: { publication: { messageId: answer.body.id, subject: 'Test of a target' } },
    });
    const [entry] = (await app.must('GET', '/sendoff/audit?limit=1')).entries;
    expect(entry).toMatchObject({ act: 'testTarget', outcome: 'done', object: expect.stringContaining('OBS:results/a/b') });
  });

  it('does not wait for ever', async () => {
    const answer = test('DIS:orders');
    // The last record of the list is that of the last partition, not the newest one.
    await eventually(async () => notices().some(({ deliveryId }) => deliveryId === 'DIS:orders'));
    await app.clock.advance(targetTestBounds.waitMs);
    expect((await answer).body).toMatchObject({ outcome: 'unknown' });
  });

  it.each([
    ['orders', 400],
    ['DIS:nope', 404],
    ['OBS:results/../..', 400],
    ['FunctionGraph:urn:fss:local:p2:function:default:other:latest', 400],
    ['Subscription:urn:smn:local:p1:news:nobody', 404],
    [`DIS:${'x'.repeat(1_100)}`, 400],
  ])('refuses %s', async (id, status) => {
    const before = notices().length;
    expect([(await test(id)).status, notices().length]).toEqual([status, before]);
  });

  it('is for unlimited keys with the right to manage', async () => {
    expect((await app.signed('POST', '/sendoff/targets/DIS:orders/test', undefined, limited)).status).toBe(403);
  });

  it('is for confirmed subscriptions of the project', async () => {
    const { topic_urn: topic } = await app.must('POST', '/notifications/topics', { name: 'tested' });
    const { subscription_urn: urn } = await app.must('POST', `/notifications/topics/${topic}/subscriptions`, {
      protocol: 'https',
      endpoint: 'https://93.184.216.34/',
    });
    expect((await test(`Subscription:${urn}`)).status).toBe(404);
  });
});
