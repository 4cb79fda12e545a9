/**
 * Goal: agencies, buckets and streams are set, shown, listed and removed. Each refusal has its code
 * and message. No stream writes to a Kafka topic that has another purpose.
 * Method: a whole ingress over the in-memory broker; the tests read what it stores from the
 * registry topic.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { destinationTypes, topicDeclarations } from '#contracts';
import { builtAt, ManualClock } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
let number = 0;
let name: string;
beforeAll(async () => {
  app = await IngressApp.start({ clock: new ManualClock(builtAt) });
});
afterAll(async () => app.close());
beforeEach(() => {
  name = `n${++number}`;
});

const answerOf = async (method: string, path: string, body?: unknown) => {
  const { status, body: answer } = await app.call(method, path, body);
  return [status, answer];
};
const refused = (status: number, code: string, message: string) => [status, { error_code: code, error_msg: message }];
/** The last document under a key. */
const stored = (key: string) => {
  const written = app.recordsOf('registry').filter((record) => record.key === key);
  return JSON.parse(String(written.at(-1)?.value)) as unknown;
};

describe('a project', () => {
  /** As if another ingress had written them. */
  const fill = async (full: IngressApp, document: (index: number) => object) =>
    full.store(...Array.from({ length: 1_000 }, (_, index) => document(index)));

  it('may have 1,000 agencies, and replace each', async () => {
    const full = await IngressApp.start();
    await fill(full, (index) => ({ kind: 'agency', project: 'p1', name: `a${index}`, grants: [] }));
    const grants = [{ type: 'OBS', resource: 'results' }];
    const answer = await full.call('PUT', '/sendoff/agencies/more', { grants });
    expect([answer.status, answer.body]).toEqual(
      refused(400, 'FSS.0400', 'a project may have 1000 agencies at most: delete unused ones'),
    );
    expect((await full.call('PUT', '/sendoff/agencies/a7', { grants })).status).toBe(200);
    await full.must('DELETE', '/sendoff/agencies/a8');
    expect((await full.call('PUT', '/sendoff/agencies/more', { grants })).status).toBe(200);
    await full.close();
  });

  it('may have 1,000 buckets and streams together', async () => {
    const full = await IngressApp.start();
    await fill(full, (index) => {
      const type = index % 2 === 0 ? 'OBS' : 'DIS';
      return { kind: 'place', type, project: 'p1', name: `p${index}`, createdAt: 0 };
    });
    for (const path of ['buckets/more', 'streams/more'])
      expect((await full.call('PUT', `/sendoff/${path}`)).body).toEqual({
        error_code: 'FSS.0400',
        error_msg: 'a project may have 1000 buckets and streams at most: delete unused ones',
      });
    expect((await full.call('PUT', '/sendoff/streams/p7')).status).toBe(200);
    await full.close();
  });
});

describe('an agency', () => {
  const grants = [
    { type: 'OBS', resource: 'results' },
    { type: 'SMN', resource: '*' },
  ];

  it('is set, shown, replaced as a whole, and removed once', async () => {
    const path = `/sendoff/agencies/${name}`;
    expect(await answerOf('PUT', path, { grants })).toEqual([200, { name, grants }]);
    expect(await answerOf('GET', path)).toEqual([200, { name, grants }]);
    const after = [{ type: 'DIS', resource: 'orders' }];
    expect(await answerOf('PUT', path, { grants: after })).toEqual([200, { name, grants: after }]);
    expect(await answerOf('GET', path)).toEqual([200, { name, grants: after }]);
    expect(await answerOf('DELETE', path)).toEqual([204, undefined]);
    for (const method of ['GET', 'DELETE'])
      expect(await answerOf(method, path)).toEqual(refused(404, 'FSS.0404', `no agency ${name}`));
  });

  it('may have no grants, or 100', async () => {
    const many = Array.from({ length: 100 }, (_, index) => ({ type: 'OBS', resource: `bucket-${index}` }));
    for (const all of [[], many])
      expect(await answerOf('PUT', `/sendoff/agencies/${name}`, { grants: all })).toEqual([200, { name, grants: all }]);
  });

  it.each([
    ['OBS', 'team-a-*'],
    ['DIS', '*orders*'],
    ['SMN', 'urn:smn:local:p1:news'],
    ['SMN', 'urn:*'],
    ['SMN', 'urn:smn:*:news*'],
    ['SMN', '*:news'],
    ['FunctionGraph', 'urn:fss:local:p1:function:default:hello:!prod'],
    ['FunctionGraph', 'urn:fss:local:p1:function:default:hello:*'],
    ['FunctionGraph', '*:hello:latest'],
  ])('may grant %s %s', async (type, resource) => {
    const some = { grants: [{ type, resource }] };
    expect(await answerOf('PUT', `/sendoff/agencies/${name}`, some)).toEqual([200, { name, ...some }]);
  });

  const kinds = `must be one of the following values: ${destinationTypes.join(', ')}`;
  const grant = (more: Record<string, unknown>) => ({ grants: [{ ...grants[0], ...more }] });
  it.each<[body: unknown, message: string]>([
    [undefined, 'the body must be a JSON object'],
    [[], 'the body must be a JSON object'],
    [{}, 'grants must be an array'],
    [{ grants: 'OBS' }, 'grants must be an array'],
    [{ grants: { type: 'OBS' } }, 'grants must be an array'],
    [{ grants: Array(101).fill(grants[0]) }, 'grants must contain no more than 100 elements'],
    [{ grants: ['OBS'] }, 'grants.0 must be an object'],
    [grant({ type: 'obs' }), `grants.0.type ${kinds}`],
    [grant({ type: undefined }), `grants.0.type ${kinds}`],
    [grant({ resource: undefined }), 'grants.0.resource must be a string'],
    [grant({ resource: 5 }), 'grants.0.resource must be a string'],
    [grant({ resource: '' }), 'grants.0.resource must be longer than or equal to 1 characters'],
    [grant({ resource: 'x'.repeat(301) }), 'grants.0.resource must be shorter than or equal to 300 characters'],
    [grant({ resource: 'Results*' }), 'grants.0.resource can match no bucket: a bucket is named like results'],
    [grant({ type: 'DIS', resource: 'or.ders' }), 'grants.0.resource can match no stream: a stream is named like orders'],
    [
      grant({ type: 'SMN', resource: 'news' }),
      'grants.0.resource can match no topic: a topic is named like urn:smn:local:p1:news',
    ],
    [
      grant({ type: 'SMN', resource: 'news*' }),
      'grants.0.resource can match no topic: a topic is named like urn:smn:local:p1:news',
    ],
    [
      grant({ type: 'FunctionGraph', resource: 'hello' }),
      'grants.0.resource can match no function: a function is named like urn:fss:local:p1:function:default:hello:latest',
    ],
    [
      grant({ type: 'FunctionGraph', resource: 'urn:fss:local:p1:function:default:hello' }),
      'grants.0.resource can match no function: a function is named like urn:fss:local:p1:function:default:hello:latest',
    ],
    [grant({ foo: 1 }), 'grants.0.foo is not a field of this body'],
    [{ grants, foo: 1 }, 'foo is not a field of this body'],
  ])('of %j is refused, and not created', async (body, message) => {
    expect(await answerOf('PUT', `/sendoff/agencies/${name}`, body)).toEqual(refused(400, 'FSS.0400', message));
    expect(await app.refusal('GET', `/sendoff/agencies/${name}`)).toEqual([404, 'FSS.0404']);
  });
});

describe.each([
  ['buckets', 'bucket', 'OBS'],
  ['streams', 'stream', 'DIS'],
] as const)('one of the %s', (kind, what, type) => {
  it('is set without a body, shown, and removed once', async () => {
    const path = `/sendoff/${kind}/${name}${name}`;
    expect(await answerOf('PUT', path)).toEqual([200, { name: name + name }]);
    expect(await answerOf('GET', path)).toEqual([200, { name: name + name }]);
    expect(await answerOf('DELETE', path)).toEqual([204, undefined]);
    for (const method of ['GET', 'DELETE'])
      expect(await answerOf(method, path)).toEqual(refused(404, 'FSS.0404', `no ${what} ${name}${name}`));
  });

  it('keeps its time of creation', async () => {
    const path = `/sendoff/${kind}/${name}-x`;
    const madeAt = app.clock.now();
    await app.must('PUT', path, {});
    await app.clock.advance(1_000);
    await app.must('PUT', path, {});
    const document = { kind: 'place', type, project: 'p1', name: `${name}-x` };
    expect(stored(`place/p1/${type}/${name}-x`)).toEqual({ ...document, createdAt: madeAt });
    await app.must('DELETE', path);
    await app.must('PUT', path, {});
    expect(stored(`place/p1/${type}/${name}-x`)).toEqual({ ...document, createdAt: madeAt + 1_000 });
  });

  it.each<[body: unknown, message: string]>([
    [[], 'the body must be a JSON object'],
    [{ foo: 1 }, 'foo is not a field of this body'],
    [{ topic: 5 }, 'topic must be a string'],
    [{ topic: '' }, 'topic must be 1..200 letters, digits, ., _ or -'],
    [{ topic: 'a b' }, 'topic must be 1..200 letters, digits, ., _ or -'],
    [{ topic: 'x'.repeat(201) }, 'topic must be 1..200 letters, digits, ., _ or -'],
  ])('of %j is refused, and not created', async (body, message) => {
    expect(await answerOf('PUT', `/sendoff/${kind}/${name}-x`, body)).toEqual(refused(400, 'FSS.0400', message));
    expect(await app.refusal('GET', `/sendoff/${kind}/${name}-x`)).toEqual([404, 'FSS.0404']);
  });
});

describe('a name', () => {
  it.each<[kind: string, names: readonly string[]]>([
    ['agencies', ['a', '9', '-', 'A_b-9', 'x'.repeat(64)]],
    ['buckets', ['abc', '0-9', 'a.b-c', 'a--b', '1.2.3', 'x.xn--a', 'x'.repeat(63)]],
    ['streams', ['a', '9', '_', 'A_b-9', 'x'.repeat(64)]],
  ])('of a resource in %s may be %j', async (kind, names) => {
    for (const each of names)
      expect(await app.must('PUT', `/sendoff/${kind}/${each}`, kind === 'agencies' ? { grants: [] } : {})).toMatchObject({
        name: each,
      });
  });

  it.each<[kind: string, names: readonly string[]]>([
    ['agencies', ['a.b', 'a b', 'ü', 'a:b', 'a/b', 'x'.repeat(65)]],
    [
      'buckets',
      [
        'ab',
        'Abc',
        'a_b',
        '-abc',
        'abc.',
        '.abc',
        'a b',
        'a/b',
        '../b',
        'a..b',
        'a.-b',
        'a-.b',
        '192.168.0.1',
        '10.0.0.1.x',
        'xn--abc',
        'x'.repeat(64),
      ],
    ],
    ['streams', ['a.b', 'a b', 'ü', 'a:b', 'a/b', 'x'.repeat(65)]],
  ])('of a resource in %s may not be %j', async (kind, names) => {
    for (const each of names)
      expect(
        await answerOf('PUT', `/sendoff/${kind}/${encodeURIComponent(each)}`, kind === 'agencies' ? { grants: [] } : {}),
      ).toEqual(refused(400, 'FSS.0400', `not a name for ${kind}: ${each}`));
  });

  it.each(['places', 'topics', 'Buckets', 'constructor'])(
    'of %s is refused, because that is not a kind of place',
    async (kind) => {
      for (const [method, path] of [
        ['GET', ''],
        ['GET', '/results'],
        ['PUT', '/results'],
        ['DELETE', '/results'],
      ] as const)
        expect(await answerOf(method, `/sendoff/${kind}${path}`)).toEqual(refused(404, 'FSS.0404', 'no such operation'));
    },
  );
});

describe('a topic', () => {
  const belongs = (topic: string) =>
    refused(
      400,
      'FSS.0400',
      `topic ${topic} cannot be the topic of stream ${name}: it belongs to Kafka, the platform, another stream or a pub/sub topic`,
    );

  it.each(['shop.orders', 'sendoff', 'sendoffs.registry', '_a', '...', 'x'.repeat(200)])(
    'may stand behind a stream: %s',
    async (topic) => {
      expect(await answerOf('PUT', `/sendoff/streams/${name}`, { topic })).toEqual([200, { name, topic }]);
      expect(await answerOf('GET', `/sendoff/streams/${name}`)).toEqual([200, { name, topic }]);
      expect(await answerOf('PUT', `/sendoff/streams/${name}`, {})).toEqual([200, { name }]);
      expect(await answerOf('GET', `/sendoff/streams/${name}`)).toEqual([200, { name }]);
    },
  );

  it('with the name of its stream may be its topic', async () => {
    const topic = `sendoff.stream.${name}`;
    expect(await answerOf('PUT', `/sendoff/streams/${name}`, { topic })).toEqual([200, { name, topic }]);
  });

  it.each([
    ...topicDeclarations.map((declared) => `sendoff.${declared.name}`),
    'sendoff.stream.another',
    'sendoff.stream.',
    'sendoff.topic.news',
    '__consumer_offsets',
    '.',
    '..',
  ])('of Kafka, the platform, another stream or a pub/sub topic is refused for a stream: %s', async (topic) => {
    expect(await answerOf('PUT', `/sendoff/streams/${name}`, { topic })).toEqual(belongs(topic));
    expect(await app.refusal('GET', `/sendoff/streams/${name}`)).toEqual([404, 'FSS.0404']);
  });

  it('cannot be set for a bucket', async () => {
    expect(await answerOf('PUT', `/sendoff/buckets/${name}-x`, { topic: 'shop.orders' })).toEqual(
      refused(400, 'FSS.0400', 'topic is allowed for streams only: a bucket has no Kafka topic'),
    );
  });
});

describe('a list', () => {
  let lists: IngressApp;
  beforeAll(async () => {
    lists = await IngressApp.start();
  });
  afterAll(async () => lists.close());

  it.each(['agencies', 'buckets', 'streams'])('of %s is empty at first', async (kind) => {
    expect(await lists.must('GET', `/sendoff/${kind}`)).toEqual({ [kind]: [] });
  });

  it('has those of its kind, sorted by name', async () => {
    for (const each of ['pear', 'apple', 'fig']) {
      await lists.must('PUT', `/sendoff/agencies/${each}`, { grants: [] });
      await lists.must('PUT', `/sendoff/buckets/${each}`);
      await lists.must('PUT', `/sendoff/streams/${each}`, { topic: each });
    }
    await lists.must('DELETE', '/sendoff/streams/apple');
    await lists.must('PUT', '/sendoff/streams/apple');
    const names = ['apple', 'fig', 'pear'];
    expect(await lists.must('GET', '/sendoff/agencies')).toEqual({ agencies: names.map((each) => ({ name: each, grants: [] })) });
    expect(await lists.must('GET', '/sendoff/buckets')).toEqual({ buckets: names.map((each) => ({ name: each })) });
    expect(await lists.must('GET', '/sendoff/streams')).toEqual({
      streams: [{ name: 'apple' }, { name: 'fig', topic: 'fig' }, { name: 'pear', topic: 'pear' }],
    });
  });
});

describe('an access key', () => {
  it.each([
    ['read', 200, 403],
    ['manage', 403, 200],
    ['invoke', 403, 403],
  ] as const)('with the right to %s: showing is %i, setting %i', async (right, showing, setting) => {
    await app.must('PUT', '/sendoff/buckets/shown');
    const { access_key: accessKey, secret_key: secretKey } = await app.must('POST', '/sendoff/credentials', { rights: [right] });
    const as = { accessKey, secretKey };
    for (const [method, path, status] of [
      ['GET', '/sendoff/buckets', showing],
      ['GET', '/sendoff/buckets/shown', showing],
      ['GET', '/sendoff/agencies', showing],
      ['PUT', '/sendoff/buckets/shown', setting],
      ['PUT', '/sendoff/streams/shown', setting],
    ] as const)
      expect([method, path, (await app.signed(method, path, undefined, as)).status]).toEqual([method, path, status]);
  });
});
