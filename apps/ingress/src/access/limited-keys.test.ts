/**
 * Goal: a key that is limited to some functions, agencies and topics reaches nothing else, on no
 * way around, and cannot tell what else exists. Method: a whole ingress over the in-memory broker,
 * with things of team A and things of others. Signed requests of the limited key attack.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AccessRight } from '#contracts';
import { aCallAnswer } from '../../testing/fake-services.ts';
import { type AccessKey, type ApiAnswer, functionBody, IngressApp } from '../../testing/ingress-app.ts';

const project = IngressApp.project;
const topicUrn = (name: string) => `urn:smn:local:${project}:${name}`;
const functionUrn = (name: string, version = 'latest') => `urn:fss:local:${project}:function:default:${name}:${version}`;
const hook = 'https://hooks.example.com/secret-path';
/** Texts of which a limited key may see none in any answer. */
const foreignTexts = ['other', 'hooks.example.com', 'AKFIRST'];

interface Limits {
  readonly functions?: readonly string[];
  readonly agencies?: readonly string[];
  readonly topics?: readonly string[];
}

const teamA: Limits = { functions: ['team-a-*'], agencies: ['team-a-*'], topics: ['team-a-*'] };

let app: IngressApp;
let key: AccessKey;

async function aKey(rights: readonly AccessRight[], limits: Limits = teamA, by?: AccessKey): Promise<AccessKey> {
  const { status, body } = await app.signed('POST', '/sendoff/credentials', { rights, ...limits }, by);
  if (status !== 201) throw new Error(JSON.stringify(body));
  return { accessKey: body.access_key, secretKey: body.secret_key };
}

const ask = (method: string, path: string, body?: unknown, by = key) => app.signed(method, path, body, by);

/** The answer without the names that differ between two requests. */
const alike = ({ status, body }: ApiAnswer, ...names: readonly string[]) =>
  names.reduce((text, name) => text.replaceAll(name, 'NAME'), JSON.stringify([status, { ...body, request_id: undefined }]));

async function subscribe(topic: string, protocol: string, endpoint: string): Promise<string> {
  const { subscription_urn: urn } = await app.must('POST', `/notifications/topics/${topicUrn(topic)}/subscriptions`, {
    protocol,
    endpoint,
  });
  return urn;
}

const policy = (destination: string, param: unknown) => ({
  destination_config: { on_success: { destination, param: JSON.stringify(param) } },
});
const setPolicy = (name: string, body: unknown, by = key) => ask('PUT', `/fgs/functions/${name}/async-invoke-config`, body, by);

beforeAll(async () => {
  app = await IngressApp.start();
  app.calls.answer = () => Promise.resolve(aCallAnswer({ log: 'TOKEN=user-data-value\n' }));
  await app.listen();
  const everything = ['OBS', 'DIS', 'SMN', 'FunctionGraph'].map((type) => ({ type, resource: '*' }));
  await app.must('PUT', '/sendoff/agencies/other', { grants: everything });
  const ofTeam = [
    { type: 'OBS', resource: 'team-a-*' },
    { type: 'SMN', resource: '*' },
    { type: 'FunctionGraph', resource: '*' },
  ];
  await app.must('PUT', '/sendoff/agencies/team-a-role', { grants: ofTeam });
  for (const bucket of ['team-a-bucket', 'other-bucket']) await app.must('PUT', `/sendoff/buckets/${bucket}`, {});
  await app.must('PUT', '/sendoff/streams/other-stream', {});
  for (const topic of ['team-a-topic', 'team-a-mixed', 'other-topic'])
    await app.must('POST', '/notifications/topics', { name: topic });
  await app.createFunction('other-function', { xrole: 'other' });
  await app.createFunction('team-a-called');
  await subscribe('team-a-topic', 'functionstage', 'team-a-called');
  await subscribe('team-a-mixed', 'functionstage', 'default:other-function');
  await subscribe('other-topic', 'https', hook);
  key = await aKey(['invoke', 'read', 'manage']);
});
afterAll(() => app?.close());

describe('a limited key passes an agency', () => {
  const config = (more: object) => {
    const { package: _package, func_code: _code, code_type: _type, func_name: _name, ...settings } = functionBody('x', {});
    return { ...settings, ...more };
  };

  it.each(['xrole', 'app_xrole'])('of its patterns only, in %s of a new function', async (field) => {
    const create = (agency: string) =>
      ask('POST', '/fgs/functions', functionBody(`team-a-${app.freshName()}`, { [field]: agency }));
    expect(await create('other')).toMatchObject({ status: 403, body: { error_code: 'FSS.0403' } });
    expect(alike(await create('other'), 'other')).toBe(alike(await create('missing'), 'missing'));
    expect((await create('TEAM-A-role')).status).toBe(403);
    expect((await create('team-a-role')).status).toBe(200);
  });

  it.each(['xrole', 'app_xrole'])('of its patterns only, in %s of a configuration', async (field) => {
    const name = `team-a-${app.freshName()}`;
    await app.createFunction(name);
    const update = (agency: string) => ask('PUT', `/fgs/functions/${name}/config`, config({ [field]: agency }));
    expect((await update('other')).status).toBe(403);
    expect((await app.must('GET', `/fgs/functions/${name}/config`))[field]).toBe('');
    expect((await update('team-a-role')).status).toBe(200);
  });

  it('of its patterns only, in an import', async () => {
    await app.createFunction('team-a-exported', { xrole: 'other' });
    const archive = await app.download('/sendoff/functions/team-a-exported/export?config=true&code=true');
    const body = { func_name: 'team-a-imported', file_name: 'a.zip', file_type: 'zip', file_code: archive.toString('base64') };
    expect(await ask('POST', '/fgs/functions/import', body)).toMatchObject({ status: 403, body: { error_code: 'FSS.0403' } });
    expect((await app.call('GET', '/fgs/functions/team-a-imported/config')).status).toBe(404);
  });

  it('that the function has already, because that changes nothing', async () => {
    const name = `team-a-${app.freshName()}`;
    await app.createFunction(name, { xrole: 'other', app_xrole: 'other' });
    expect((await ask('PUT', `/fgs/functions/${name}/config`, config({ xrole: 'other', app_xrole: 'other' }))).status).toBe(200);
    expect((await ask('PUT', `/fgs/functions/${name}/config`, config({ xrole: '' }))).status).toBe(200);
    expect((await ask('PUT', `/fgs/functions/${name}/config`, config({ xrole: 'other' }))).status).toBe(403);
  });

  it('before it uses the agency of a function for a new destination', async () => {
    const name = `team-a-${app.freshName()}`;
    await app.createFunction(name, { xrole: 'other' });
    const toBucket = policy('OBS', { bucket: 'other-bucket', prefix: 'a' });
    const refused = await setPolicy(name, toBucket);
    expect(refused).toMatchObject({ status: 403, body: { error_code: 'FSS.0403' } });
    const missing = await setPolicy(name, policy('OBS', { bucket: 'missing', prefix: 'a' }));
    expect(alike(missing, 'missing')).toBe(alike(refused, 'other-bucket'));
    await app.must('PUT', `/fgs/functions/${name}/async-invoke-config`, toBucket);
    expect((await setPolicy(name, { ...toBucket, max_async_retry_attempts: 2 })).status).toBe(200);
    expect((await setPolicy(name, policy('OBS', { bucket: 'other-bucket', prefix: 'b' }))).status).toBe(403);
  });

  it('and then learns of no bucket that the agency does not grant', async () => {
    const name = `team-a-${app.freshName()}`;
    await app.createFunction(name, { xrole: 'team-a-role' });
    const [there, missing] = await Promise.all(
      ['other-bucket', 'missing-bucket'].map((bucket) => setPolicy(name, policy('OBS', { bucket, prefix: '' }))),
    );
    expect(alike(there as ApiAnswer, 'other-bucket')).toBe(alike(missing as ApiAnswer, 'missing-bucket'));
    expect((await setPolicy(name, policy('OBS', { bucket: 'team-a-bucket', prefix: '' }))).status).toBe(200);
  });

  it('only if it names agencies: keys for some functions pass none by default', async () => {
    const plain = await aKey(['manage', 'invoke', 'read'], { functions: ['team-a-*'] });
    const body = functionBody(`team-a-${app.freshName()}`, { xrole: 'team-a-role' });
    expect((await ask('POST', '/fgs/functions', body, plain)).status).toBe(403);
    const everywhere = await aKey(['manage', 'invoke', 'read'], { agencies: ['team-a-*'] });
    expect((await ask('POST', '/fgs/functions', functionBody('any', { xrole: 'other' }), everywhere)).status).toBe(403);
  });
});

describe('a limited key reaches through topics', () => {
  let caller: string;
  beforeEach(async () => {
    caller = `team-a-${app.freshName()}`;
    await app.createFunction(caller, { xrole: 'team-a-role' });
  });

  it('no function that it may not invoke, as a destination', async () => {
    const viaTopic = (name: string) => setPolicy(caller, policy('SMN', { topic_urn: topicUrn(name) }));
    expect((await viaTopic('team-a-topic')).status).toBe(200);
    expect(await viaTopic('team-a-mixed')).toMatchObject({ status: 403, body: { error_code: 'FSS.0403' } });
    const [foreign, missing] = [await viaTopic('other-topic'), await viaTopic('missing-topic')];
    expect(foreign).toMatchObject({ status: 404, body: { error_code: 'FSS.1171' } });
    expect(alike(foreign, 'other-topic')).toBe(alike(missing, 'missing-topic'));
  });

  it('no function without the right to invoke', async () => {
    const manager = await aKey(['manage', 'read']);
    const toFunction = policy('FunctionGraph', { func_urn: functionUrn('team-a-called') });
    expect((await setPolicy(caller, toFunction, manager)).status).toBe(403);
    expect((await setPolicy(caller, policy('SMN', { topic_urn: topicUrn('team-a-topic') }), manager)).status).toBe(403);
    expect((await setPolicy(caller, toFunction)).status).toBe(200);
    expect((await setPolicy(caller, { ...toFunction, max_async_retry_attempts: 1 }, manager)).status).toBe(200);
    const endpoint = { protocol: 'functionstage', endpoint: 'team-a-called' };
    const path = `/notifications/topics/${topicUrn('team-a-topic')}/subscriptions`;
    expect((await ask('POST', path, endpoint, manager)).status).toBe(403);
    const message = { message: 'hello' };
    expect((await ask('POST', `/notifications/topics/${topicUrn('team-a-topic')}/publish`, message, manager)).status).toBe(403);
  });

  it.each(['other-function', 'default:other-function', functionUrn('other-function'), functionUrn('other-function', '!live')])(
    'no function that it may not subscribe: %s',
    async (endpoint) => {
      const add = (text: string) =>
        ask('POST', `/notifications/topics/${topicUrn('team-a-topic')}/subscriptions`, {
          protocol: 'functionstage',
          endpoint: text,
        });
      const refused = await add(endpoint);
      expect(refused).toMatchObject({ status: 403, body: { error_code: 'FSS.0403' } });
      expect(alike(refused, 'other-function')).toBe(alike(await add(endpoint.replace('other-function', 'missing')), 'missing'));
    },
  );

  it('no function by a message', async () => {
    const publish = (topic: string) => ask('POST', `/notifications/topics/${topicUrn(topic)}/publish`, { message: 'hello' });
    expect((await publish('team-a-topic')).status).toBe(200);
    const refused = await publish('team-a-mixed');
    expect(refused).toMatchObject({ status: 403, body: { error_code: 'FSS.0403' } });
    expect(JSON.stringify(refused.body)).not.toContain('other');
    const published = app.recordsOf('notifications').length;
    expect((await publish('other-topic')).status).toBe(404);
    expect(app.recordsOf('notifications').length).toBe(published);
  });

  it('itself no more than any key, and a refused cycle names no function of others', async () => {
    const toItself = policy('FunctionGraph', { func_urn: functionUrn(caller) });
    expect(await setPolicy(caller, toItself)).toMatchObject({ status: 400, body: { error_code: 'FSS.0400' } });
    await app.createFunction('other-link', { xrole: 'other' });
    await app.must(
      'PUT',
      '/fgs/functions/other-link/async-invoke-config',
      policy('FunctionGraph', { func_urn: functionUrn(caller) }),
    );
    const between = `team-a-${app.freshName()}`;
    await app.createFunction(between, { xrole: 'other' });
    await app.must(
      'PUT',
      `/fgs/functions/${between}/async-invoke-config`,
      policy('FunctionGraph', { func_urn: functionUrn('other-link') }),
    );
    const refused = await setPolicy(caller, policy('FunctionGraph', { func_urn: functionUrn(between) }));
    expect(refused).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('cycle') } });
    expect(JSON.stringify(refused.body)).not.toContain('other');
  });
});

describe('a limited key sees', () => {
  it.each<[what: string, path: string, count: (body: ApiAnswer['body']) => number]>([
    ['topics', '/notifications/topics', (body) => body.topic_count],
    ['topics by name', '/notifications/topics?fuzzy_name=topic', (body) => body.topic_count],
    ['subscriptions', '/notifications/subscriptions', (body) => body.subscription_count],
    [
      'subscriptions of a topic',
      `/notifications/topics/${topicUrn('team-a-mixed')}/subscriptions`,
      (body) => body.subscription_count,
    ],
    ['functions', '/fgs/functions', (body) => body.count],
    ['agencies', '/sendoff/agencies', (body) => body.agencies.length],
    ['buckets', '/sendoff/buckets', (body) => body.buckets.length],
    ['streams', '/sendoff/streams', (body) => body.streams.length],
    ['access keys', '/sendoff/credentials', (body) => body.credentials.length],
  ])('none but its own in a list of %s', async (_what, path, count) => {
    await aKey(['read'], { functions: ['other-*'] });
    const { status, body } = await ask('GET', path);
    expect(status).toBe(200);
    const [list] = Object.values(body).filter(Array.isArray) as unknown[][];
    expect(count(body)).toBe(list?.length);
    const shown = JSON.stringify(body.functions?.map((fn: object) => ({ ...fn, xrole: '' })) ?? body);
    for (const text of foreignTexts) expect(shown).not.toContain(text);
  });

  it('the pages of its own list as if nothing else existed', async () => {
    const { body } = await ask('GET', '/notifications/topics?limit=1&offset=1');
    expect(body).toMatchObject({ topic_count: 2, topics: [{ name: expect.stringMatching(/^team-a-/) }] });
    expect((await ask('GET', '/notifications/topics?limit=1&offset=2')).body).toMatchObject({ topic_count: 2, topics: [] });
  });

  it.each<[method: string, path: (name: string) => string, body?: unknown]>([
    ['GET', (name) => `/notifications/topics/${topicUrn(`${name}-topic`)}`],
    ['GET', (name) => `/notifications/topics/${topicUrn(`${name}-topic`)}/attributes`],
    ['GET', (name) => `/notifications/topics/${topicUrn(`${name}-topic`)}/subscriptions`],
    ['GET', (name) => `/smn_topic/${name}-topic/tags`],
    ['PUT', (name) => `/notifications/topics/${topicUrn(`${name}-topic`)}`, { display_name: 'x' }],
    ['DELETE', (name) => `/notifications/topics/${topicUrn(`${name}-topic`)}`],
    ['POST', (name) => `/notifications/topics/${topicUrn(`${name}-topic`)}/publish`, { message: 'x' }],
    ['POST', (name) => `/notifications/topics/${topicUrn(`${name}-topic`)}/subscriptions`, { protocol: 'https', endpoint: hook }],
    ['GET', (name) => `/sendoff/agencies/${name}`],
    ['GET', (name) => `/sendoff/buckets/${name}-bucket`],
    ['GET', (name) => `/sendoff/streams/${name}-stream`],
  ])('%s %s of others as missing', async (method, path, body) => {
    const [foreign, missing] = [await ask(method, path('other'), body), await ask(method, path('nobody'), body)];
    expect(foreign.status).toBe(404);
    expect(alike(foreign, 'other')).toBe(alike(missing, 'nobody'));
  });

  it('no subscription of others', async () => {
    const path = `/notifications/topics/${topicUrn('other-topic')}/subscriptions`;
    const { subscription_urn: urn } = (await app.must('GET', path)).subscriptions[0];
    const missing = urn.replace(/.{4}$/, '0000');
    for (const [method, prefix] of [
      ['DELETE', '/notifications/subscriptions'],
      ['DELETE', path],
      ['PUT', path],
    ] as const) {
      const answers = [
        await ask(method, `${prefix}/${urn}`, { remark: 'x' }),
        await ask(method, `${prefix}/${missing}`, { remark: 'x' }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([404, 404]);
      expect(alike(answers[0] as ApiAnswer, urn)).toBe(alike(answers[1] as ApiAnswer, missing));
    }
    expect((await app.must('GET', path)).subscription_count).toBe(1);
  });

  it.each(['rotate', 'enable', 'disable', 'delete', 'show'])('no stronger key to %s', async (action) => {
    const strong = await aKey(['read'], {});
    const act = (accessKey: string) => {
      const path = `/sendoff/credentials/${accessKey}`;
      if (action === 'show') return ask('GET', path);
      return action === 'delete' ? ask('DELETE', path) : ask('POST', `${path}/${action}`, {});
    };
    const missing = alike(await act('AKMISSING'), 'AKMISSING');
    for (const accessKey of [strong.accessKey, IngressApp.accessKey]) {
      const answer = await act(accessKey);
      expect(answer.status).toBe(404);
      expect(alike(answer, accessKey)).toBe(missing);
    }
    expect((await app.signed('GET', '/fgs/functions', undefined, strong)).status).toBe(200);
  });

  it('in records of its functions no address of a webhook of others', async () => {
    const record = {
      requestId: 'r1',
      functionUrn: functionUrn('team-a-called'),
      project,
      status: 'SUCCESS',
      errorCode: 0,
      errorMessage: '',
      acceptedAt: app.clock.now(),
      attempts: 1,
      tags: [],
    } as const;
    const path = `/notifications/topics/${topicUrn('other-topic')}/subscriptions`;
    const { subscription_urn: urn } = (await app.must('GET', path)).subscriptions[0];
    const delivered = { state: 'delivered', tries: 1, at: app.clock.now(), location: hook } as const;
    app.records.page = { records: [{ ...record, deliveries: [{ deliveryId: `Subscription:${urn}`, ...delivered }] }], count: 1 };
    const shown = (await ask('GET', '/fgs/functions/team-a-called/async-invocations')).body;
    expect(shown.invocations).toMatchObject([{ request_id: 'r1', deliveries: [] }]);
    expect((await app.must('GET', '/fgs/functions/team-a-called/async-invocations')).invocations[0].deliveries).toHaveLength(1);
    app.records.page = { records: [], count: 0 };
  });

  it('in the same time that a request is not its own or does not exist', async () => {
    const cancel = async () => {
      const queries = app.records.queries.length;
      const answer = ask('POST', '/fgs/functions/team-a-called/cancel', { request_id: 'r1' });
      while (app.records.queries.length < queries + 7) await app.clock.advance(100);
      return [(await answer).body.error_msg, app.records.queries.length - queries];
    };
    const missing = await cancel();
    const record = {
      requestId: 'r1',
      functionUrn: functionUrn('other-function'),
      project,
      status: 'WAIT',
      errorCode: 0,
    } as const;
    const more = { errorMessage: '', acceptedAt: app.clock.now(), attempts: 1, tags: [], deliveries: [] };
    app.records.page = { records: [{ ...record, ...more }], count: 1 };
    expect(await cancel()).toEqual(missing);
    app.records.page = { records: [], count: 0 };
  });
});

describe('a key that is', () => {
  it.each(['disabled', 'deleted'])('%s during a synchronous call loses the answer at once', async (what) => {
    const caller = await aKey(['invoke']);
    const answerBefore = app.calls.outcome;
    let begun = () => undefined as void;
    const started = new Promise<void>((resolve) => (begun = resolve));
    app.calls.outcome = (_request, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve({ kind: 'lost' }));
        begun();
      });
    const answer = app.signedOverHttp('POST', `/v2/${project}/fgs/functions/team-a-called/invocations`, {}, caller);
    await started;
    const path = `/sendoff/credentials/${caller.accessKey}`;
    await (what === 'deleted' ? app.must('DELETE', path) : app.must('POST', `${path}/disable`));
    expect(await answer).toMatchObject({ status: 401, body: { error_code: 'APIG.0301' } });
    app.calls.outcome = answerBefore;
  });
});

describe('a key without read', () => {
  it('gets the log of a call only with read', async () => {
    const call = async (rights: AccessRight[]) => {
      const signer = await aKey(rights);
      return app.signedOverHttp('POST', `/v2/${project}/fgs/functions/team-a-called/invocations`, {}, signer, {
        'x-cff-log-type': 'tail',
      });
    };
    expect(JSON.stringify(await call(['invoke']))).not.toContain(Buffer.from('TOKEN').toString('base64').slice(0, 4));
    expect(Object.keys((await call(['invoke'])).headers)).not.toContain('x-cff-function-log');
    expect(Object.keys((await call(['invoke', 'read'])).headers)).toContain('x-cff-function-log');
  });

  it('sees no user data, code or environment in answers to its changes', async () => {
    const signer = await aKey(['manage']);
    const secrets = { user_data: '{"PLAIN":"user-data-value"}', encrypted_user_data: '{"SEALED":"sealed-value"}' };
    const name = `team-a-${app.freshName()}`;
    const answers = [
      await ask('POST', '/fgs/functions', functionBody(name, secrets), signer),
      await ask('PUT', `/fgs/functions/${name}/config-max-instance`, { max_instance_num: 3 }, signer),
      await ask('PUT', `/fgs/functions/${name}/code`, { code_type: 'inline', func_code: { file: 'MQ==' } }, signer),
      await ask('POST', `/fgs/functions/${name}/versions`, {}, signer),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    for (const { body } of answers) {
      expect(JSON.stringify(body)).not.toMatch(/user_data|user-data|SEALED|func_code|MQ==/);
      expect(body).toMatchObject({ func_name: name });
    }
  });
});

describe('no key makes', () => {
  it.each<[what: string, limits: Limits]>([
    ['agencies', { ...teamA, agencies: ['*'] }],
    ['topics', { ...teamA, topics: ['team-*'] }],
    ['functions', { ...teamA, functions: ['*'] }],
    ['everything, by leaving the patterns out', {}],
  ])('a key for more %s', async (_what, limits) => {
    expect((await ask('POST', '/sendoff/credentials', { rights: ['read'], ...limits })).status).toBe(403);
  });

  it('an agency, or anything of the whole project, without being unlimited', async () => {
    for (const limits of [{ agencies: ['team-a-*'] }, { topics: ['team-a-*'] }, teamA]) {
      const limited = await aKey(['invoke', 'read', 'manage'], limits);
      for (const [method, path, body] of [
        ['PUT', '/sendoff/agencies/team-a-role', { grants: [] }],
        ['DELETE', '/sendoff/agencies/team-a-role', undefined],
        ['PUT', '/sendoff/buckets/team-a-new', {}],
        ['DELETE', '/sendoff/buckets/team-a-bucket', undefined],
        ['POST', '/fgs/functions/enable-async-status-logs', undefined],
      ] as const)
        expect([path, (await ask(method, path, body, limited)).status]).toEqual([path, 403]);
    }
  });

  it('a topic outside its patterns', async () => {
    expect((await ask('POST', '/notifications/topics', { name: 'other-topic' })).status).toBe(403);
    expect((await ask('POST', '/notifications/topics', { name: 'other-new' })).status).toBe(403);
    expect((await ask('POST', '/notifications/topics', { name: 'Team-a-new' })).status).toBe(403);
    expect((await ask('POST', '/notifications/topics', { name: 'team-a-new' })).status).toBe(201);
    expect((await ask('DELETE', `/notifications/topics/${topicUrn('team-a-new')}`)).status).toBe(200);
  });
});
