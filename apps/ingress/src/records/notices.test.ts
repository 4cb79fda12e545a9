import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { epochMs, type Notice, noticeFunctionsMax } from '#contracts';
import { builtAt, builtUrn } from '#testing';
import { type AccessKey, IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
let limited: AccessKey;

beforeAll(async () => {
  app = await IngressApp.start();
  await app.createFunction('hello');
  const { body } = await app.signed('POST', '/sendoff/credentials', { rights: ['read'], functions: ['hello'] });
  limited = { accessKey: body.access_key, secretKey: body.secret_key };
});
afterAll(() => app?.close());

const notice: Notice = {
  requestId: 'r1',
  functionUrn: builtUrn,
  acceptedAt: builtAt,
  deliveryId: 'OBS:results',
  state: 'pending',
  tries: 1,
  at: epochMs(builtAt + 1),
  dueAt: epochMs(builtAt + 2),
  reason: 'busy',
};
const url = 'Subscription:urn:smn:local:p1:news:s1';

beforeEach(() => {
  app.records.noticePage = { notices: [notice], hasMore: false };
});

const asked = async (query: string) => {
  await app.must('GET', `/sendoff/notices${query}`);
  return app.records.noticeQueries.at(-1);
};

describe('the list of notices', () => {
  it('shows tries, last error and next try', async () => {
    expect(await app.must('GET', '/sendoff/notices')).toEqual({
      notices: [
        {
          request_id: 'r1',
          function_urn: builtUrn,
          accepted_time: '2027-01-15T08:00:00.000Z',
          target: 'OBS:results',
          state: 'pending',
          tries: 1,
          reported_time: '2027-01-15T08:00:00.001Z',
          next_due_time: '2027-01-15T08:00:00.002Z',
          reason: 'busy',
        },
      ],
      next_marker: '',
    });
  });

  it('asks for all notices until now unless the query says otherwise', async () => {
    const states = ['pending', 'delivered', 'undelivered'];
    expect(await asked('')).toEqual({ project: 'p1', states, beginAt: 0, endAt: app.clock.now(), limit: 100 });
    expect(await asked('?state=&target=&function=&limit=0&marker=')).toMatchObject({ states, limit: 100 });
  });

  it('takes filters, and 500 notices at most', async () => {
    const query =
      '?state=undelivered&target=OBS:results&function=hello&limit=900&query_begin_time=2027-01-15T08:00:00&query_end_time=2027-01-15T08:00:01';
    expect(await asked(query)).toEqual({
      project: 'p1',
      states: ['undelivered'],
      deliveryId: 'OBS:results',
      functionUrns: [builtUrn],
      beginAt: builtAt,
      endAt: builtAt + 1_999,
      limit: 500,
    });
  });

  it('goes on after the last notice of a page', async () => {
    app.records.noticePage = { notices: [notice], hasMore: true };
    const { next_marker: marker } = await app.must('GET', '/sendoff/notices');
    expect(await asked(`?marker=${marker}`)).toMatchObject({
      after: { acceptedAt: builtAt, requestId: 'r1', deliveryId: 'OBS:results' },
    });
  });

  it.each([
    'state=lost',
    'marker=x',
    'marker=WzEsMiwzXQ',
    'limit=-1',
    'query_begin_time=yesterday',
    `target=${'x'.repeat(1_101)}`,
  ])('refuses %s', async (query) => {
    const { status, body } = await app.call('GET', `/sendoff/notices?${query}`);
    expect([status, body.error_code]).toEqual([400, 'FSS.1001']);
  });

  it('shows a limited key the notices of its functions only, without webhooks of others', async () => {
    app.records.noticePage = { notices: [notice, { ...notice, deliveryId: url }], hasMore: false };
    for (const path of ['/sendoff/notices', '/sendoff/notices?function=hello']) {
      const { body } = await app.signed('GET', path, undefined, limited);
      expect(body.notices).toMatchObject([{ target: 'OBS:results' }]);
      expect(app.records.noticeQueries.at(-1)?.functionUrns).toEqual([expect.stringContaining(':hello:latest')]);
    }
    const foreign = await app.signed('GET', '/sendoff/notices?function=other', undefined, limited);
    expect(foreign.body).toEqual({ notices: [], next_marker: '' });
    expect((await app.must('GET', '/sendoff/notices')).notices).toHaveLength(2);
  });
});

it('a limited key for more versions than one question may name must name a function', async () => {
  const names = Array.from({ length: noticeFunctionsMax + 1 }, (_, index) => `many-${index}`);
  for (const name of names) await app.createFunction(name);
  const { body } = await app.signed('POST', '/sendoff/credentials', { rights: ['read'], functions: ['many-*'] });
  const key = { accessKey: body.access_key, secretKey: body.secret_key };
  const refused = await app.signed('GET', '/sendoff/notices', undefined, key);
  expect([refused.status, refused.body.error_code]).toEqual([400, 'FSS.1001']);
  expect((await app.signed('GET', '/sendoff/notices?function=many-3', undefined, key)).status).toBe(200);
});
