/**
 * Goal: a policy may name targets that exist, that the agency of its function grants, and that
 * close no cycle. Each refusal has its code and names its field.
 * Method: a whole ingress over the in-memory broker. `aliases.test.ts` tests aliases that close a
 * cycle.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketNameRule, destinationTypes } from '#contracts';
import type { IngressApp } from '../../testing/ingress-app.ts';
import { bareUrn, onSuccess, pathOf, policyCalls, startPolicyApp, to, urnOf } from '../../testing/policy-app.ts';

let app: IngressApp;
beforeAll(async () => {
  app = await startPolicyApp();
  await app.must('POST', '/fgs/functions/target/aliases', { name: 'prod', version: 'v1' });
  const theirs = { kind: 'topic', urn: 'urn:smn:local:p2:theirs', project: 'p2', name: 'theirs', subscriptions: [] };
  await app.store(theirs);
});
afterAll(async () => app.close());

const { set, show, refused, aFunction } = policyCalls(() => app);
const notifying = (urn: string) => onSuccess(to('FunctionGraph', { func_urn: urn }));

/** A prefix of 960 bytes, whose parts have the longest length. */
const longest = `/${`${'é'.repeat(127)}x/`.repeat(3)}${'y'.repeat(191)}`;

describe('a destination', () => {
  it.each<[what: string, destination: string, param: unknown, shown: unknown]>([
    ['a bucket alone', 'OBS', { bucket: 'results' }, { bucket: 'results', prefix: '', expires: 0 }],
    [
      'a bucket, a prefix and days',
      'OBS',
      { bucket: 'results', prefix: '/a/b.c/', expires: 365 },
      { bucket: 'results', prefix: '/a/b.c/', expires: 365 },
    ],
    ['days in text', 'OBS', { bucket: 'results', prefix: '', expires: '7' }, { bucket: 'results', prefix: '', expires: 7 }],
    [
      'a prefix of 960 bytes',
      'OBS',
      { bucket: 'results', prefix: longest, expires: 0 },
      { bucket: 'results', prefix: longest, expires: 0 },
    ],
    ['a stream', 'DIS', { stream_name: 'orders' }, { stream_name: 'orders' }],
    ['a stream with its id', 'DIS', { stream_name: 'orders', stream_id: 'x' }, { stream_name: 'orders' }],
    ['a topic', 'SMN', { topic_urn: 'urn:smn:local:p1:news' }, { topic_urn: 'urn:smn:local:p1:news' }],
    ['a function by its name', 'FunctionGraph', { func_urn: 'target' }, { func_urn: urnOf('target') }],
    ['a function in seven fields', 'FunctionGraph', { func_urn: bareUrn('target') }, { func_urn: urnOf('target') }],
    ['a version', 'FunctionGraph', { func_urn: urnOf('target', 'v1') }, { func_urn: urnOf('target', 'v1') }],
    ['an alias', 'FunctionGraph', { func_urn: urnOf('target', '!prod') }, { func_urn: urnOf('target', '!prod') }],
  ])('may be %s, on either side', async (_what, destination, param, shown) => {
    const name = await aFunction();
    for (const side of ['on_success', 'on_failure']) {
      const answer = await set(name, { destination_config: { [side]: to(destination, param) } });
      expect(answer.destination_config).toEqual({ [side]: to(destination, shown) });
      expect((await show(name)).destination_config).toEqual(answer.destination_config);
    }
  });

  const text = 'must be a JSON object in a string';
  const kinds = `must be ${destinationTypes.slice(0, -1).join(', ')} or ${destinationTypes.at(-1)}`;
  const bucket = bucketNameRule;
  const prefix = 'must be at most 960 bytes of UTF-8, each part at most 255, without . or .. as a part';
  const days = 'must be a whole number of days from 0 to 365';
  const stream = 'must be 1..64 letters, digits, - or _';
  const topic = 'must be urn:smn:<region>:<project>:<topic>';
  const inResults = (more: Record<string, unknown>) => JSON.stringify({ bucket: 'results', ...more });
  it.each<[destination: string, param: string | undefined | null, field: string, rule: string]>([
    ...destinationTypes.flatMap((type): [string, string | undefined | null, string, string][] => [
      [type, undefined, 'param', text],
      [type, null, 'param', text],
      [type, '', 'param', text],
      [type, 'no json', 'param', text],
      [type, '[]', 'param', text],
      [type, '"text"', 'param', text],
      [type, 'null', 'param', text],
      [type, '{"foo":1}', 'param.foo', 'is not known'],
    ]),
    ['OBS', '{}', 'param.bucket', bucket],
    ['OBS', '{"bucket":5}', 'param.bucket', bucket],
    ['OBS', '{"bucket":null}', 'param.bucket', bucket],
    ['OBS', '{"bucket":""}', 'param.bucket', bucket],
    ['OBS', '{"bucket":"ab"}', 'param.bucket', bucket],
    ['OBS', '{"bucket":"Results"}', 'param.bucket', bucket],
    ['OBS', '{"bucket":"a..b"}', 'param.bucket', bucket],
    ['OBS', '{"bucket":"192.168.0.1"}', 'param.bucket', bucket],
    ['OBS', '{"bucket":"../x"}', 'param.bucket', bucket],
    ['OBS', JSON.stringify({ bucket: 'a'.repeat(64) }), 'param.bucket', bucket],
    ['OBS', inResults({ prefix: 5 }), 'param.prefix', prefix],
    ['OBS', inResults({ prefix: null }), 'param.prefix', prefix],
    ['OBS', inResults({ prefix: `${longest}x` }), 'param.prefix', prefix],
    ['OBS', inResults({ prefix: 'x'.repeat(256) }), 'param.prefix', prefix],
    ['OBS', inResults({ prefix: `a/${'é'.repeat(128)}` }), 'param.prefix', prefix],
    ['OBS', '{"bucket":"results","prefix":"a\\ud800"}', 'param.prefix', prefix],
    ['OBS', inResults({ prefix: '../x' }), 'param.prefix', prefix],
    ['OBS', inResults({ prefix: 'a/./b' }), 'param.prefix', prefix],
    ['OBS', inResults({ prefix: 'a\\b' }), 'param.prefix', prefix],
    ['OBS', inResults({ prefix: 'a\u0000' }), 'param.prefix', prefix],
    ['OBS', inResults({ expires: -1 }), 'param.expires', days],
    ['OBS', inResults({ expires: 366 }), 'param.expires', days],
    ['OBS', inResults({ expires: 1.5 }), 'param.expires', days],
    ['OBS', inResults({ expires: '366' }), 'param.expires', days],
    ['OBS', inResults({ expires: '5d' }), 'param.expires', days],
    ['OBS', inResults({ expires: '' }), 'param.expires', days],
    ['OBS', inResults({ expires: true }), 'param.expires', days],
    ['OBS', inResults({ expires: [5] }), 'param.expires', days],
    ['OBS', inResults({ foo: 1 }), 'param.foo', 'is not known'],
    ['DIS', '{}', 'param.stream_name', stream],
    ['DIS', '{"stream_name":5}', 'param.stream_name', stream],
    ['DIS', '{"stream_name":""}', 'param.stream_name', stream],
    ['DIS', '{"stream_name":"a.b"}', 'param.stream_name', stream],
    ['DIS', JSON.stringify({ stream_name: 'a'.repeat(65) }), 'param.stream_name', stream],
    ['SMN', '{}', 'param.topic_urn', topic],
    ['SMN', '{"topic_urn":5}', 'param.topic_urn', topic],
    ['SMN', '{"topic_urn":"news"}', 'param.topic_urn', topic],
    ['SMN', '{"topic_urn":"urn:smn:local:p1:"}', 'param.topic_urn', topic],
    ['FunctionGraph', '{}', 'param.func_urn', 'must be a function URN'],
    ['FunctionGraph', '{"func_urn":5}', 'param.func_urn', 'must be a function URN'],
    ['FunctionGraph', '{"func_urn":""}', 'param.func_urn', 'must be a function URN'],
    ['FunctionGraph', '{"func_urn":"a:b:c:d:e"}', 'param.func_urn', 'must be a function URN'],
    ['obs', '{}', 'destination', kinds],
    ['Kafka', '{}', 'destination', kinds],
    ['constructor', '{}', 'destination', kinds],
  ])('%s with param %j is refused by its field, on either side', async (destination, param, field, rule) => {
    for (const side of ['on_success', 'on_failure'])
      expect(await refused('target', { destination_config: { [side]: { destination, param } } })).toEqual([
        400,
        'FSS.0400',
        `destination_config.${side}.${field} ${rule}`,
      ]);
  });

  it.each<[what: string, destination: unknown, status: number, code: string, message: string]>([
    [
      'a bucket',
      to('OBS', { bucket: 'nowhere' }),
      404,
      'FSS.0404',
      'bucket nowhere does not exist; declare it with PUT /v2/p1/sendoff/buckets/nowhere',
    ],
    [
      'a stream',
      to('DIS', { stream_name: 'nowhere' }),
      404,
      'FSS.0404',
      'stream nowhere does not exist; declare it with PUT /v2/p1/sendoff/streams/nowhere',
    ],
    [
      'a bucket that is a stream',
      to('OBS', { bucket: 'orders' }),
      404,
      'FSS.0404',
      'bucket orders does not exist; declare it with PUT /v2/p1/sendoff/buckets/orders',
    ],
    [
      'a topic',
      to('SMN', { topic_urn: 'urn:smn:local:p1:nowhere' }),
      404,
      'FSS.1171',
      'project p1 has no topic urn:smn:local:p1:nowhere',
    ],
    [
      'a topic of another project',
      to('SMN', { topic_urn: 'urn:smn:local:p2:theirs' }),
      404,
      'FSS.1171',
      'project p1 has no topic urn:smn:local:p2:theirs',
    ],
    ['a function', to('FunctionGraph', { func_urn: 'nowhere' }), 404, 'FSS.1051', `Not found the function: ${urnOf('nowhere')}`],
    [
      'a version',
      to('FunctionGraph', { func_urn: urnOf('target', 'v9') }),
      404,
      'FSS.1051',
      `Not found the function: ${urnOf('target', 'v9')}`,
    ],
    [
      'an alias',
      to('FunctionGraph', { func_urn: urnOf('target', '!none') }),
      404,
      'FSS.1051',
      `Not found the function: ${urnOf('target', '!none')}`,
    ],
  ])('that does not exist is refused, on either side: %s', async (_what, destination, status, code, message) => {
    const name = await aFunction();
    for (const side of ['on_success', 'on_failure'])
      expect(await refused(name, { destination_config: { [side]: destination } })).toEqual([status, code, message]);
    expect(await app.refusal('GET', pathOf(name))).toEqual([404, 'FSS.0404']);
  });

  it('may differ for success and failure', async () => {
    const name = await aFunction();
    const both = {
      on_success: to('DIS', { stream_name: 'orders' }),
      on_failure: to('FunctionGraph', { func_urn: urnOf('target') }),
    };
    expect((await set(name, { destination_config: both })).destination_config).toEqual(both);
    const { on_failure: onFailure } = both;
    expect((await set(name, { destination_config: { on_failure: onFailure } })).destination_config).toEqual({
      on_failure: onFailure,
    });
    const lost = { ...both, on_failure: to('OBS', { bucket: 'nowhere' }) };
    expect(await refused(name, { destination_config: lost })).toEqual([
      404,
      'FSS.0404',
      expect.stringContaining('bucket nowhere'),
    ]);
    expect((await show(name)).destination_config).toEqual({ on_failure: onFailure });
  });
});

describe('an agency', () => {
  const inResults = onSuccess(to('OBS', { bucket: 'results' }));
  const may = (why: string) => [403, 'FSS.1121', `OBS results may not be used: ${why}`];

  it('is needed only if the policy names a target', async () => {
    const name = await aFunction({ xrole: '' });
    expect(await refused(name, inResults)).toEqual(may('the function has no agency (xrole)'));
    expect((await set(name, {})).destination_config).toEqual({});
  });

  it('must exist', async () => {
    const name = await aFunction({ xrole: 'unmade' });
    expect(await refused(name, inResults)).toEqual(may('agency unmade does not exist'));
    await app.must('PUT', '/sendoff/agencies/unmade', { grants: [{ type: 'OBS', resource: 'results' }] });
    expect((await app.call('PUT', pathOf(name), inResults)).status).toBe(200);
  });

  it.each<[resource: string, isGranted: boolean]>([
    ['results', true],
    ['*', true],
    ['res*', true],
    ['results*', true],
    ['*sults', true],
    ['r*u*s', true],
    ['**', true],
    ['result', false],
    ['esults', false],
    ['result-s', false],
    ['*x*', false],
    ['r.*', false],
    ['*results.x', false],
  ])('that grants bucket %s allows the target: %s', async (resource, isGranted) => {
    const agency = app.freshName();
    await app.must('PUT', `/sendoff/agencies/${agency}`, { grants: [{ type: 'OBS', resource }] });
    const name = await aFunction({ xrole: agency });
    const answer = await app.call('PUT', pathOf(name), inResults);
    expect([answer.status, answer.body.error_msg]).toEqual(
      isGranted ? [200, undefined] : [403, may(`agency ${agency} does not grant it`)[2]],
    );
  });

  it.each<[type: string, resource: string, destination: ReturnType<typeof to>]>([
    ['OBS', 'results', to('OBS', { bucket: 'results' })],
    ['DIS', 'orders', to('DIS', { stream_name: 'orders' })],
    ['SMN', 'urn:smn:local:p1:news', to('SMN', { topic_urn: 'urn:smn:local:p1:news' })],
    ['FunctionGraph', urnOf('target'), to('FunctionGraph', { func_urn: 'target' })],
  ])('grants %s only by a grant of that kind, on either side', async (type, resource, destination) => {
    const others = destinationTypes.filter((other) => other !== type);
    const agency = app.freshName();
    const name = await aFunction({ xrole: agency });
    for (const [grants, status] of [
      [others.map((other) => ({ type: other, resource: '*' })), 403],
      [[{ type, resource }], 200],
      [[], 403],
    ] as const) {
      await app.must('PUT', `/sendoff/agencies/${agency}`, { grants });
      for (const side of ['on_success', 'on_failure'])
        expect((await app.call('PUT', pathOf(name), { destination_config: { [side]: destination } })).status).toBe(status);
    }
  });
});

describe('a cycle of functions', () => {
  const cycle = (...urns: string[]) => [400, 'FSS.0400', `the policy would close a cycle: ${urns.join(' -> ')}`];

  it('of one is refused, in any form of its URN', async () => {
    const name = await aFunction();
    await app.must('POST', `/fgs/functions/${name}/versions`, { version: 'v1' });
    await app.must('POST', `/fgs/functions/${name}/aliases`, { name: 'prod', version: 'v1' });
    for (const form of [name, bareUrn(name), urnOf(name)])
      expect(await refused(name, notifying(form))).toEqual(cycle(urnOf(name), urnOf(name)));
    expect(await refused(urnOf(name, 'v1'), notifying(urnOf(name, '!prod')))).toEqual(
      cycle(urnOf(name, 'v1'), urnOf(name, '!prod'), urnOf(name, 'v1')),
    );
    expect((await app.call('PUT', pathOf(name), notifying(urnOf(name, 'v1')))).status).toBe(200);
  });

  it('of two is refused, on either side', async () => {
    const [a, b] = [await aFunction(), await aFunction()];
    await set(a, notifying(b));
    for (const side of ['on_success', 'on_failure'])
      expect(await refused(b, { destination_config: { [side]: to('FunctionGraph', { func_urn: a }) } })).toEqual(
        cycle(urnOf(b), urnOf(a), urnOf(b)),
      );
    await set(a, {});
    expect((await app.call('PUT', pathOf(b), notifying(a))).status).toBe(200);
  });

  it('of three is refused with its path, and two paths to one function are allowed', async () => {
    const [a, b, c] = [await aFunction(), await aFunction(), await aFunction()];
    await set(a, {
      destination_config: {
        on_success: to('FunctionGraph', { func_urn: b }),
        on_failure: to('FunctionGraph', { func_urn: c }),
      },
    });
    expect((await app.call('PUT', pathOf(b), notifying(c))).status).toBe(200);
    await set(a, notifying(b));
    expect(await refused(c, notifying(a))).toEqual(cycle(urnOf(c), urnOf(a), urnOf(b), urnOf(c)));
    expect(await app.refusal('GET', pathOf(c))).toEqual([404, 'FSS.0404']);
  });

  it('through a topic is refused, if the policy or the subscription would close it', async () => {
    const [a, b] = [await aFunction(), await aFunction()];
    const { topic_urn: topic } = await app.must('POST', '/notifications/topics', { name: `of-${a}` });
    const subscribe = (endpoint: string) =>
      app.call('POST', `/notifications/topics/${topic}/subscriptions`, { protocol: 'functionstage', endpoint });
    const toTopic = onSuccess(to('SMN', { topic_urn: topic }));
    expect((await subscribe(a)).status).toBe(201);
    expect(await refused(a, toTopic)).toEqual(cycle(urnOf(a), topic, urnOf(a)));
    await set(a, notifying(b));
    expect(await refused(b, toTopic)).toEqual(cycle(urnOf(b), topic, urnOf(a), urnOf(b)));
    await set(a, {});
    expect((await app.call('PUT', pathOf(b), toTopic)).status).toBe(200);
    expect(await subscribe(bareUrn(b))).toMatchObject({
      status: 400,
      body: { error_msg: `the subscription would close a cycle: ${topic} -> ${urnOf(b)} -> ${topic}` },
    });
    expect((await app.must('GET', `/notifications/topics/${topic}/subscriptions`)).subscription_count).toBe(1);
  });
});
