/**
 * Goal: topics and publishing answer as the SMN API does, and a message that got 200 is complete in
 * Kafka.
 * Method: a whole ingress over the in-memory broker; the tests read its records as the notifier
 * would.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeDelivery, PlatformError } from '#contracts';
import { builtAt, ManualClock } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';

const urn = 'urn:smn:local:p1:news';
const smnError = (code: string) => ({ request_id: expect.stringMatching(/^[0-9a-f-]{36}$/), code, message: expect.any(String) });

let app: IngressApp;
beforeEach(async () => {
  app = await IngressApp.start({ clock: new ManualClock(builtAt) });
  await app.must('POST', '/notifications/topics', { name: 'news', display_name: 'The news' });
});
afterEach(() => app.close());

describe('a topic', () => {
  it('is created with 201, and stays as it is with 200', async () => {
    const made = await app.call('POST', '/notifications/topics', {
      name: 'more',
      display_name: 'More',
      enterprise_project_id: '0',
    });
    expect([made.status, made.body]).toEqual([
      201,
      { request_id: made.headers['x-request-id'], topic_urn: 'urn:smn:local:p1:more' },
    ]);
    const again = await app.call('POST', '/notifications/topics', { name: 'more', display_name: 'Other' });
    expect([again.status, again.body.topic_urn]).toEqual([200, 'urn:smn:local:p1:more']);
    expect((await app.call('GET', '/notifications/topics/urn:smn:local:p1:more')).body.display_name).toBe('More');
  });

  it('is shown', async () => {
    const { status, body, headers } = await app.call('GET', `/notifications/topics/${urn}`);
    expect(status).toBe(200);
    expect(body).toEqual({
      request_id: headers['x-request-id'],
      topic_urn: urn,
      name: 'news',
      display_name: 'The news',
      push_policy: 0,
      enterprise_project_id: '0',
      topic_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      create_time: '2027-01-15T08:00:00Z',
      update_time: '2027-01-15T08:00:00Z',
    });
  });

  it('may be named with its colons encoded', async () => {
    expect((await app.call('GET', `/notifications/topics/${encodeURIComponent(urn)}`)).status).toBe(200);
  });

  it('can get a new display name', async () => {
    await app.clock.advance(1_000);
    expect(await app.call('PUT', `/notifications/topics/${urn}`, { display_name: '新闻' })).toMatchObject({
      status: 200,
      body: { request_id: expect.any(String) },
    });
    expect((await app.call('GET', `/notifications/topics/${urn}`)).body).toMatchObject({
      display_name: '新闻',
      create_time: '2027-01-15T08:00:00Z',
      update_time: '2027-01-15T08:00:01Z',
    });
  });

  it('has an empty list of tags, by name and by id', async () => {
    const { topic_id: id } = await app.must('GET', `/notifications/topics/${urn}`);
    for (const resource of ['news', id])
      expect(await app.call('GET', `/smn_topic/${resource}/tags`)).toMatchObject({ status: 200, body: { tags: [] } });
    expect(await app.call('GET', '/smn_topic/olds/tags')).toMatchObject({ status: 404, body: smnError('SMN.0006') });
  });

  it('has empty attributes, all of them or the requested one', async () => {
    const attributes = async (query: string) => app.call('GET', `/notifications/topics/${urn}/attributes${query}`);
    const both = { access_policy: '', introduction: '' };
    expect((await attributes('')).body.attributes).toEqual(both);
    expect((await attributes('?name=')).body.attributes).toEqual(both);
    expect((await attributes('?name=introduction')).body.attributes).toEqual({ introduction: '' });
    expect(await attributes('?name=colour')).toMatchObject({ status: 400, body: smnError('SMN.0046') });
  });

  it('is deleted with its subscriptions although a policy names it', async () => {
    await app.must('PUT', '/sendoff/agencies/all', { grants: [{ type: 'SMN', resource: '*' }] });
    await app.createFunction('hello', { xrole: 'all' });
    const target = { destination: 'SMN', param: JSON.stringify({ topic_urn: urn }) };
    await app.must('PUT', '/fgs/functions/hello/async-invoke-config', { destination_config: { on_success: target } });
    expect(await app.call('DELETE', `/notifications/topics/${urn}`)).toMatchObject({
      status: 200,
      body: { request_id: expect.any(String) },
    });
    expect(await app.call('GET', `/notifications/topics/${urn}`)).toMatchObject({ status: 404, body: smnError('SMN.0006') });
  });

  it.each<[what: string, method: string, path: string, body: unknown, status: number, code: string]>([
    ['without a name', 'POST', '', {}, 400, 'SMN.0002'],
    ['whose name begins with a dash', 'POST', '', { name: '-a' }, 400, 'SMN.0002'],
    ['whose name is too long', 'POST', '', { name: 'a'.repeat(201) }, 400, 'SMN.0002'],
    ['whose display name has 193 bytes', 'POST', '', { name: 'a', display_name: `a${'中'.repeat(64)}` }, 400, 'SMN.0003'],
    ['whose new display name is not a string', 'PUT', `/${urn}`, { display_name: 1 }, 400, 'SMN.0003'],
    ['that is shown by a text that is not a URN', 'GET', '/news', undefined, 400, 'SMN.0005'],
    ['that is shown but unknown', 'GET', `/${urn}2`, undefined, 404, 'SMN.0006'],
    ['that is changed but unknown', 'PUT', `/${urn}2`, { display_name: '' }, 404, 'SMN.0006'],
    ['that is deleted but unknown', 'DELETE', `/${urn}2`, undefined, 404, 'SMN.0006'],
    ['of another project', 'GET', '/urn:smn:local:p2:news', undefined, 404, 'SMN.0006'],
    ['that is published to but unknown', 'POST', `/${urn}2/publish`, { message: 'a' }, 404, 'SMN.0006'],
    ['listed from below zero', 'GET', '?offset=-1', undefined, 400, 'SMN.0015'],
    ['listed 0 at a time', 'GET', '?limit=0', undefined, 400, 'SMN.0015'],
    ['listed 101 at a time', 'GET', '?limit=101', undefined, 400, 'SMN.0015'],
    ['listed by a word', 'GET', '?limit=ten', undefined, 400, 'SMN.0015'],
  ])('%s is refused', async (_what, method, path, body, status, code) => {
    const answer = await app.call(method, `/notifications/topics${path}`, body);
    expect([answer.status, answer.body]).toEqual([status, smnError(code)]);
    expect(answer.body.request_id).toBe(answer.headers['x-request-id']);
  });
});

describe('text with half a surrogate pair', () => {
  it.each([
    ['POST', '', { name: 'a', display_name: '\ud800' }],
    ['POST', `/${urn}/publish`, { message: 'a\udc00' }],
    ['POST', `/${urn}/publish`, { message: 'a', message_attributes: [{ name: 'a', type: 'STRING', value: '\ud800' }] }],
  ])('is refused by %s %s, because it is not UTF-8', async (method, path, body) => {
    expect(await app.call(method, `/notifications/topics${path}`, body)).toMatchObject({
      status: 400,
      body: { error_code: 'FSS.0400', error_msg: expect.stringContaining('half a surrogate pair') },
    });
  });
});

describe('topics', () => {
  const names = async (query: string) => {
    const body = await app.must('GET', `/notifications/topics${query}`);
    return [body.topic_count, ...body.topics.map(({ name }: { name: string }) => name)] as unknown[];
  };
  beforeEach(async () => {
    await app.clock.advance(1);
    for (const name of ['sports', 'arts']) await app.must('POST', '/notifications/topics', { name, display_name: `all ${name}` });
    await app.clock.advance(1);
    await app.must('POST', '/notifications/topics', { name: 'late' });
  });

  it.each<[query: string, expected: unknown[]]>([
    ['', [4, 'late', 'arts', 'sports', 'news']],
    ['?limit=2', [4, 'late', 'arts']],
    ['?offset=3&limit=2', [4, 'news']],
    ['?offset=4', [4]],
    ['?name=art', [0]],
    ['?name=arts', [1, 'arts']],
    ['?fuzzy_name=rts', [2, 'arts', 'sports']],
    ['?fuzzy_name=rts&limit=1&offset=1', [2, 'sports']],
    ['?fuzzy_display_name=all%20s', [1, 'sports']],
    ['?topic_id=0', [0]],
    ['?name=&fuzzy_name=&fuzzy_display_name=&topic_id=&offset=&limit=', [4, 'late', 'arts', 'sports', 'news']],
    ['?enterprise_project_id=0', [4, 'late', 'arts', 'sports', 'news']],
  ])('are listed newest first: %j', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  it('are found by id', async () => {
    const { topic_id: id } = await app.must('GET', `/notifications/topics/${urn}`);
    expect(await names(`?topic_id=${id}`)).toEqual([1, 'news']);
  });
});

describe('publishing', () => {
  const publish = (body: unknown) => app.call('POST', `/notifications/topics/${urn}/publish`, body);
  const published = () =>
    app.recordsOf('notifications').map((record) => {
      const { event, ...delivery } = decodeDelivery(record);
      return { ...delivery, publication: event.kind === 'published' ? event.publication : undefined };
    });

  it('writes one record, and answers with the id of the message', async () => {
    const { status, body, headers } = await publish({ subject: 'Breaking', message: '{"any": "text"} é' });
    expect([status, body]).toEqual([
      200,
      { request_id: headers['x-request-id'], message_id: expect.stringMatching(/^[0-9a-f]{32}$/) },
    ]);
    expect(published()).toEqual([
      {
        deliveryId: `SMN:${urn}`,
        target: { type: 'SMN', topicUrn: urn },
        try: 1,
        dueAt: builtAt,
        firstTriedAt: builtAt,
        publication: {
          messageId: body.message_id,
          project: 'p1',
          topicUrn: urn,
          publishedAt: builtAt,
          expiresAt: builtAt + 3_600_000,
          subject: 'Breaking',
          attributes: [],
          texts: { default: '{"any": "text"} é' },
        },
      },
    ]);
  });

  it('accepts all fields of the API', async () => {
    const attributes = [
      { name: 'kind', type: 'STRING', value: '新闻_1' },
      { name: 'tags_of_it', type: 'STRING_ARRAY', value: ['a', 'b'] },
      { name: 'smn_protocol', type: 'PROTOCOL', value: ['http', 'email'] },
    ];
    const structure = { default: 'd', http: 'h', functionstage: 'f', email: 'e', dingding: { msgType: 'text' } };
    const body = {
      subject: '',
      message: 'not this',
      message_structure: JSON.stringify(structure),
      message_template_name: 'nor this',
      tags: { a: 'b' },
      time_to_live: '60',
      message_attributes: attributes,
      locale: 'en-us',
    };
    expect((await publish(body)).status).toBe(200);
    expect(published()[0]?.publication).toMatchObject({
      expiresAt: builtAt + 60_000,
      attributes,
      texts: { default: 'd', http: 'h', functionstage: 'f' },
    });
  });

  it.each<[what: string, body: unknown]>([
    ['a message of 256 KiB', { message: 'a'.repeat(256 * 1_024) }],
    ['a subject of 512 bytes', { subject: 'é'.repeat(256), message: 'a' }],
    ['a time to live of a day', { message: 'a', time_to_live: '86400' }],
    ['a null in an optional field', { message: 'a', subject: null, message_structure: null }],
  ])('accepts %s', async (_what, body) => {
    expect((await publish(body)).status).toBe(200);
  });

  const attribute = (given: object) => ({
    message: 'a',
    message_attributes: [{ name: 'a', type: 'STRING', value: 'b', ...given }],
  });
  const structure = (value: unknown) => ({ message_structure: typeof value === 'string' ? value : JSON.stringify(value) });
  it.each<[what: string, body: unknown, status: number, code: string]>([
    ['a body without a message', {}, 403, 'SMN.0009'],
    ['an empty message', { message: '' }, 403, 'SMN.0009'],
    ['a message that is not a string', { message: { a: 1 } }, 403, 'SMN.0009'],
    ['a message of 1 byte over 256 KiB', { message: `é${'a'.repeat(256 * 1_024 - 1)}` }, 403, 'SMN.0009'],
    ['a subject of 513 bytes', { message: 'a', subject: `a${'é'.repeat(256)}` }, 403, 'SMN.0008'],
    ['a structure that is not JSON', structure('{'), 400, 'SMN.0021'],
    ['a structure that is not an object', structure([]), 400, 'SMN.0021'],
    ['a structure that is null', structure('null'), 400, 'SMN.0021'],
    ['a structure without a default', structure({ http: 'a' }), 400, 'SMN.0021'],
    ['a structure whose text is not a string', structure({ default: 'a', http: {} }), 400, 'SMN.0021'],
    ['a structure with half a surrogate pair', structure('{"default":"\\ud800"}'), 400, 'SMN.0021'],
    ['a structure with half of one for a protocol', structure('{"default":"a","http":"\\udc00"}'), 400, 'SMN.0021'],
    ['a structure over 256 KiB', structure({ default: 'a'.repeat(256 * 1_024) }), 400, 'SMN.0021'],
    ['a template', { message: 'a', message_template_name: 't' }, 400, 'SMN.0032'],
  ])('refuses %s', async (_what, body, status, code) => {
    expect(await publish(body)).toMatchObject({ status, body: smnError(code) });
    expect(published()).toEqual([]);
  });

  it.each<[what: string, body: unknown]>([
    ['a time to live of 0', { message: 'a', time_to_live: '0' }],
    ['a time to live of more than a day', { message: 'a', time_to_live: '86401' }],
    ['a time to live that is a word', { message: 'a', time_to_live: 'long' }],
    ['attributes that are not a list', { message: 'a', message_attributes: { a: 'b' } }],
    ['an attribute that is not an object', { message: 'a', message_attributes: ['a'] }],
    ['an attribute name in capitals', attribute({ name: 'A' })],
    ['an attribute name that begins with an underscore', attribute({ name: '_a' })],
    ['an attribute name of 33 letters', attribute({ name: 'a'.repeat(33) })],
    ['an unknown attribute type', attribute({ type: 'NUMBER' })],
    ['a value with a space', attribute({ value: 'a b' })],
    ['a list as the value of a string', attribute({ value: ['a'] })],
    ['an empty list', attribute({ type: 'STRING_ARRAY', value: [] })],
    ['a list with a repetition', attribute({ type: 'STRING_ARRAY', value: ['a', 'a'] })],
    ['a string as the value of a list', attribute({ type: 'PROTOCOL', value: 'http' })],
    ['the same attribute twice', { message: 'a', message_attributes: Array(2).fill({ name: 'a', type: 'STRING', value: 'b' }) }],
    [
      'eleven attributes',
      { message: 'a', message_attributes: Array.from({ length: 11 }, (_, n) => ({ name: `a${n}`, type: 'STRING', value: 'b' })) },
    ],
  ])('refuses %s', async (_what, body) => {
    expect(await publish(body)).toMatchObject({ status: 400, body: { error_code: 'FSS.0400', error_msg: expect.any(String) } });
    expect(published()).toEqual([]);
  });

  it('answers 503 while Kafka does not acknowledge', async () => {
    const { publisher } = app.kafka;
    const publishAsBefore = publisher.publish.bind(publisher);
    publisher.publish = () => Promise.reject(new PlatformError('BROKER_UNAVAILABLE'));
    expect(await publish({ message: 'a' })).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    publisher.publish = publishAsBefore;
  });

  it('requires credentials', async () => {
    expect(await app.raw('POST', `/v2/p1/notifications/topics/${urn}/publish`, { message: 'a' })).toMatchObject({ status: 401 });
  });
});
