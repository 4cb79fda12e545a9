/**
 * Goal: queries for records and the records themselves have the form of the API.
 * Method: a whole ingress over the in-memory broker with a clock that stands still. A fake
 * status-logger gives the answers of the test and stores the queries.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { epochMs, PlatformError, type StatusRecord } from '#contracts';
import { builtAt, builtUrn, ManualClock } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
beforeAll(async () => {
  app = await IngressApp.start({ clock: new ManualClock(builtAt) });
  await app.createFunction('hello');
});
afterAll(async () => app.close());
beforeEach(() => {
  app.records.page = { records: [], count: 0 };
  app.records.failure = undefined;
});

const hourMs = 3_600_000;
const requestId = '1167bf8c-87b0-43ab-8f5f-26b16c64f252';
const pathOf = {
  all: '/fgs/functions/hello/async-invocations',
  active: '/fgs/functions/hello/active-async-invocations',
} as const;
const everyStatus = ['WAIT', 'RUNNING', 'SUCCESS', 'FAIL', 'DISCARD'];

const aRecord = (given: Partial<StatusRecord> = {}): StatusRecord => ({
  requestId,
  functionUrn: builtUrn,
  project: 'p1',
  status: 'SUCCESS',
  errorCode: 0,
  errorMessage: '',
  acceptedAt: builtAt,
  startedAt: epochMs(builtAt + 500),
  endedAt: epochMs(builtAt + 1_999),
  attempts: 1,
  tags: [],
  deliveries: [],
  ...given,
});

/** The query that the status-logger got. */
async function queryFor(path: keyof typeof pathOf, query: string) {
  await app.must('GET', `${pathOf[path]}${query}`);
  return app.records.queries.at(-1);
}

describe('a record', () => {
  const shown = async (record: StatusRecord) => {
    app.records.page = { records: [record], count: 1 };
    const { invocations, ...rest } = await app.must('GET', pathOf.all);
    expect(rest).toEqual({ count: 1, next_marker: 0 });
    return invocations;
  };

  it('of a success has times without a zone, whole seconds, code 0 and no message', async () => {
    expect(await shown(aRecord())).toEqual([
      {
        request_id: requestId,
        status: 'SUCCESS',
        error_message: '',
        error_code: 0,
        start_time: '2027-01-15T08:00:00',
        end_time: '2027-01-15T08:00:01',
        approximate_invoke_count: 1,
        deliveries: [],
      },
    ]);
  });

  it('shows the references of a stored payload and of a stored return value', async () => {
    const [payloadRef, responseRef] = ['a'.repeat(128), 'b'.repeat(128)];
    const [record] = await shown(aRecord({ payloadRef, responseRef }));
    expect(record).toMatchObject({ payload_ref: payloadRef, response_payload_ref: responseRef });
  });

  it('shows the tags of the invocation', async () => {
    expect(await shown(aRecord({ tags: ['a', 'b'] }))).toMatchObject([{ tags: ['a', 'b'] }]);
  });

  it('of a running invocation has no end', async () => {
    const { endedAt: _endedAt, ...running } = aRecord({ status: 'RUNNING' });
    expect(await shown(running)).toMatchObject([{ status: 'RUNNING', start_time: '2027-01-15T08:00:00', end_time: '' }]);
  });

  it('of an invocation that waits for a retry shows the error and the due time', async () => {
    const { startedAt: _startedAt, endedAt: _endedAt, ...waiting } = aRecord({ status: 'WAIT', errorCode: 4_202 });
    expect(await shown({ ...waiting, errorMessage: 'no luck', dueAt: epochMs(builtAt + 2_345) })).toEqual([
      {
        request_id: requestId,
        status: 'WAIT',
        error_message: 'no luck',
        error_code: 4_202,
        start_time: '2027-01-15T08:00:00',
        end_time: '',
        approximate_invoke_count: 1,
        next_due_time: '2027-01-15T08:00:02.345Z',
        deliveries: [],
      },
    ]);
  });

  it('shows the state of each delivery', async () => {
    const at = builtAt;
    const deliveries: StatusRecord['deliveries'] = [
      { deliveryId: 'DIS:orders', state: 'pending', tries: 2, at, dueAt: epochMs(at + 30_000), reason: 'busy' },
      { deliveryId: 'OBS:results', state: 'delivered', tries: 1, at, location: 'results/a.json' },
      { deliveryId: 'SMN:news', state: 'undelivered', tries: 8, at, reason: 'gone' },
    ];
    expect((await shown(aRecord({ deliveries })))[0].deliveries).toEqual([
      { delivery_id: 'DIS:orders', state: 'pending', tries: 2, next_due_time: '2027-01-15T08:00:30.000Z', reason: 'busy' },
      { delivery_id: 'OBS:results', state: 'delivered', tries: 1, location: 'results/a.json' },
      { delivery_id: 'SMN:news', state: 'undelivered', tries: 8, reason: 'gone' },
    ]);
  });
});

describe.each([
  ['all', everyStatus],
  ['active', ['WAIT', 'RUNNING']],
] as const)('the list of %s invocations', (path, byDefault) => {
  it('is one of the first 100 of the last hour by default', async () => {
    expect(await queryFor(path, '')).toEqual({
      project: 'p1',
      functionUrns: [builtUrn],
      statuses: byDefault,
      beginAt: builtAt - hourMs,
      endAt: builtAt,
      offset: 0,
      limit: 100,
    });
  });

  it('has the same defaults for empty parameters', async () => {
    const empty = '?request_id=&requests=&status=&limit=&marker=&query_begin_time=&query_end_time=';
    expect(await queryFor(path, empty)).toEqual(await queryFor(path, ''));
  });

  it.each<[query: string, window: readonly [beginAt: number, endAt: number]]>([
    ['query_begin_time=2027-01-15T06:00:00', [builtAt - 2 * hourMs, builtAt]],
    ['query_end_time=2027-01-15T07:30:00', [builtAt - hourMs, builtAt - hourMs / 2 + 999]],
    [
      'query_begin_time=2027-01-15T06:00:00&query_end_time=2027-01-15T06:00:00',
      [builtAt - 2 * hourMs, builtAt - 2 * hourMs + 999],
    ],
    ['query_begin_time=2027-01-15T06:00:00Z', [builtAt - 2 * hourMs, builtAt]],
    ['query_begin_time=2027-01-15T08:00:00%2B02:00', [builtAt - 2 * hourMs, builtAt]],
    ['query_begin_time=2027-01-15T06:00:00.250', [builtAt - 2 * hourMs + 250, builtAt]],
    ['query_end_time=2027-01-15T06:00:00.250', [builtAt - hourMs, builtAt - 2 * hourMs + 999]],
    ['query_begin_time=1970-01-01T00:00:00', [0, builtAt]],
  ])('is in the window of %s, whose seconds are whole', async (query, [beginAt, endAt]) => {
    expect(await queryFor(path, `?${query}`)).toMatchObject({ beginAt, endAt });
  });

  it.each<[query: string, offset: number, limit: number]>([
    ['limit=0', 0, 100],
    ['limit=1', 0, 1],
    ['limit=500', 0, 500],
    ['limit=501', 0, 500],
    ['marker=0', 0, 100],
    ['marker=200&limit=50', 200, 50],
    ['marker=10000000', 10_000_000, 100],
  ])('is on the page of %s', async (query, offset, limit) => {
    expect(await queryFor(path, `?${query}`)).toMatchObject({ offset, limit });
  });

  it.each<[query: string, message: string]>([
    ['limit=-1', 'limit must be a whole number from 0 to 9007199254740991'],
    ['limit=ten', 'limit must be a whole number from 0 to 9007199254740991'],
    ['limit=1.5', 'limit must be a whole number from 0 to 9007199254740991'],
    ['marker=-1', 'marker must be a whole number from 0 to 10000000'],
    ['marker=x', 'marker must be a whole number from 0 to 10000000'],
    ['marker=10000001', 'marker must be a whole number from 0 to 10000000'],
    ['status=DONE', 'status must be one of WAIT, RUNNING, SUCCESS, FAIL, DISCARD'],
    ['status=wait', 'status must be one of WAIT, RUNNING, SUCCESS, FAIL, DISCARD'],
    ['query_begin_time=yesterday', 'query_begin_time must be YYYY-MM-DDTHH:mm:ss in UTC'],
    ['query_begin_time=2027-01-15', 'query_begin_time must be YYYY-MM-DDTHH:mm:ss in UTC'],
    ['query_begin_time=2027-01-15T08:00:00%2B99:00', 'query_begin_time must be YYYY-MM-DDTHH:mm:ss in UTC'],
    ['query_begin_time=2027-13-15T08:00:00', 'query_begin_time must be YYYY-MM-DDTHH:mm:ss in UTC'],
    ['query_begin_time=2027-02-30T00:00:00', 'query_begin_time must be YYYY-MM-DDTHH:mm:ss in UTC'],
    ['query_begin_time=2027-01-15T24:00:00', 'query_begin_time must be YYYY-MM-DDTHH:mm:ss in UTC'],
    ['query_end_time=2027-01-15%2008:00:00', 'query_end_time must be YYYY-MM-DDTHH:mm:ss in UTC'],
    ['query_end_time=1969-12-31T23:59:59', 'query_end_time must be YYYY-MM-DDTHH:mm:ss in UTC'],
  ])('is not queried for %s, which is refused', async (query, message) => {
    const before = app.records.queries.length;
    const { status, body } = await app.call('GET', `${pathOf[path]}?${query}`);
    expect([status, body]).toEqual([400, { error_code: 'FSS.1001', error_msg: message }]);
    expect(app.records.queries.length).toBe(before);
  });

  it.each<[marker: number, shown: number, count: number, next: number]>([
    [0, 0, 0, 0],
    [0, 2, 2, 0],
    [0, 2, 3, 2],
    [2, 1, 3, 0],
    [2, 2, 9, 4],
    [9, 0, 3, 0],
  ])(
    'leads on from marker %i with %i of %i to %i, in text for a client that ends on numbers',
    async (marker, shown, count, next) => {
      app.records.page = { records: Array(shown).fill(aRecord()), count };
      const answers = await Promise.all(
        ['curl/8.0', 'HashiCorp Terraform/1.9 terraform-provider-huaweicloud/1.70'].map(
          async (agent) => (await app.call('GET', `${pathOf[path]}?marker=${marker}`, undefined, { 'user-agent': agent })).body,
        ),
      );
      expect(answers).toEqual([
        { invocations: expect.any(Array), count, next_marker: next },
        { invocations: answers[0].invocations, count, next_marker: String(next) },
      ]);
    },
  );

  it('is answered with 503 and Retry-After while the status-logger is unavailable', async () => {
    app.records.failure = new PlatformError('STORE_UNAVAILABLE');
    const { status, body, headers } = await app.call('GET', pathOf[path]);
    expect([status, headers['retry-after'], body]).toEqual([
      503,
      '1',
      { error_code: 'FSS.0503', error_msg: 'records cannot be asked for just now; try again' },
    ]);
  });

  it('belongs to one version, also of a deleted function', async () => {
    app.records.page = { records: [aRecord()], count: 1 };
    for (const [form, qualifier] of [
      ['hello', 'latest'],
      ['default:hello', 'latest'],
      ['p1:default:hello:v1', 'v1'],
      [builtUrn.slice(0, -7), 'latest'],
    ] as const) {
      await app.must('GET', pathOf[path].replace('/hello/', `/${form}/`));
      expect(app.records.queries.at(-1)?.functionUrns).toEqual([builtUrn.replace('latest', qualifier)]);
    }
  });

  it.each([
    ['an unknown function without records', 'nobody', 404, 'FSS.1051'],
    ['an unknown version without records', 'p1:default:hello:v1', 404, 'FSS.1052'],
    ['an unknown alias', builtUrn.replace('latest', '!prod'), 404, 'FSS.1053'],
    ['a function of another project', builtUrn.replace('p1', 'p2'), 403, 'FSS.0403'],
    ['a malformed URN', 'a:b:c:d:e', 400, 'FSS.1309'],
  ])('of %s is refused', async (_what, urn, status, code) => {
    expect(await app.refusal('GET', pathOf[path].replace('/hello/', `/${urn}/`))).toEqual([status, code]);
  });
});

describe('records of all invocations', () => {
  it.each(everyStatus)('may be filtered by status %s', async (status) => {
    expect((await queryFor('all', `?status=${status}`))?.statuses).toEqual([status]);
  });

  it('by request id are found at any age, unless the query has a window', async () => {
    expect(await queryFor('all', `?request_id=${requestId}`)).toMatchObject({
      requestIds: [requestId],
      statuses: everyStatus,
      beginAt: 0,
      endAt: builtAt,
    });
    expect(await queryFor('all', `?request_id=${requestId}&query_begin_time=2027-01-15T07:59:00`)).toMatchObject({
      requestIds: [requestId],
      beginAt: builtAt - 60_000,
    });
  });

  it('by an unknown request id are an empty list', async () => {
    expect(await app.must('GET', `${pathOf.all}?request_id=nobody`)).toEqual({ invocations: [], count: 0, next_marker: 0 });
  });

  it('accept a request id of 64 characters, and refuse a longer one', async () => {
    expect((await queryFor('all', `?request_id=${'x'.repeat(64)}`))?.requestIds).toEqual(['x'.repeat(64)]);
    const { status, body } = await app.call('GET', `${pathOf.all}?request_id=${'x'.repeat(65)}`);
    expect([status, body]).toEqual([400, { error_code: 'FSS.1001', error_msg: 'request_id may have 64 characters' }]);
  });
});

describe('records of active invocations', () => {
  it.each(['WAIT', 'RUNNING'])('may be filtered by status %s', async (status) => {
    expect((await queryFor('active', `?status=${status}`))?.statuses).toEqual([status]);
  });

  it.each(['SUCCESS', 'FAIL', 'DISCARD'])('of status %s are an empty list without a query', async (status) => {
    const before = app.records.queries.length;
    app.records.page = { records: [aRecord()], count: 1 };
    expect(await app.must('GET', `${pathOf.active}?status=${status}`)).toEqual({ invocations: [], count: 0, next_marker: 0 });
    expect(app.records.queries.length).toBe(before);
  });

  it('by request ids are found at any age, unless the query has a window', async () => {
    expect(await queryFor('active', `?requests=a,%20${requestId}`)).toMatchObject({
      requestIds: ['a', requestId],
      beginAt: 0,
      endAt: builtAt,
    });
    expect(await queryFor('active', '?requests=a&query_begin_time=2027-01-15T07:59:00')).toMatchObject({
      beginAt: builtAt - 60_000,
    });
  });

  it('ignore the parameter for a single request id', async () => {
    expect(await queryFor('active', `?request_id=${requestId}`)).toEqual(await queryFor('active', ''));
  });

  it.each<[what: string, requests: string, named: readonly string[]]>([
    ['ten', 'a,b,c,d,e,f,g,h,i,j', 'abcdefghij'.split('')],
    ['with extra commas', ',a,,b,', ['a', 'b']],
    ['of 64 characters', 'x'.repeat(64), ['x'.repeat(64)]],
  ])('accept request ids: %s', async (_what, requests, named) => {
    expect((await queryFor('active', `?requests=${requests}`))?.requestIds).toEqual(named);
  });

  it.each([
    ['eleven', 'a,b,c,d,e,f,g,h,i,j,k'],
    ['of 65 characters', 'x'.repeat(65)],
  ])('refuse request ids: %s', async (_what, requests) => {
    const { status, body } = await app.call('GET', `${pathOf.active}?requests=${requests}`);
    expect([status, body]).toEqual([
      400,
      { error_code: 'FSS.1001', error_msg: 'requests may name 10 request ids, separated by commas' },
    ]);
  });
});
