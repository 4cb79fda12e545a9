/**
 * Goal: an access key allows what its rights and patterns say and nothing else, and nobody gains
 * rights through one. Method: a whole ingress over the in-memory broker; signed requests test every
 * claim through the API.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AccessRight } from '#contracts';
import { eventually } from '#testing';
import { type ApiAnswer, IngressApp } from '../../testing/ingress-app.ts';
import { sdkDate, signed } from '../../../../test/request-signer.ts';

interface Key {
  readonly accessKey: string;
  readonly secretKey: string;
}

let app: IngressApp;
beforeAll(async () => {
  app = await IngressApp.start();
  await app.createFunction('team-a');
  await app.createFunction('other');
});
afterAll(() => app?.close());
afterEach(async () => {
  for (const { access_key: accessKey, first } of (await app.must('GET', '/sendoff/credentials')).credentials)
    if (first === false) await app.must('DELETE', `/sendoff/credentials/${accessKey}`);
});

async function aKey(rights: readonly AccessRight[], functions?: readonly string[], more: object = {}, by?: Key): Promise<Key> {
  const body = { rights, ...(functions === undefined ? {} : { functions }), ...more };
  const answer = await app.signed('POST', '/sendoff/credentials', body, by);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return { accessKey: answer.body.access_key, secretKey: answer.body.secret_key };
}

const statusOf = async (answer: Promise<ApiAnswer>) => (await answer).status;
const list = async (key: Key) => statusOf(app.signed('GET', '/fgs/functions', undefined, key));

describe('rights', () => {
  const routes: [needed: AccessRight, method: string, path: string, body: unknown][] = [
    ['invoke', 'POST', '/fgs/functions/other/invocations-async', {}],
    ['invoke', 'POST', '/fgs/functions/%6Fther/%69nvocations-async', {}],
    ['read', 'GET', '/fgs/functions', undefined],
    ['read', 'GET', '/fgs/functions/other/code', undefined],
    ['read', 'GET', '/fgs/functions/other/async-invocations', undefined],
    ['read', 'GET', '/notifications/topics', undefined],
    ['manage', 'PUT', '/fgs/functions/other/async-invoke-config', {}],
    ['manage', 'POST', '/fgs/functions/enable-async-status-logs', undefined],
    ['manage', 'PUT', '/sendoff/agencies/a', { grants: [] }],
    ['manage', 'GET', '/sendoff/credentials', undefined],
    ['manage', 'GET', '/sendoff/%63redentials', undefined],
    ['manage', 'POST', '/sendoff/credentials/AKFIRST/rotate', {}],
  ];
  it('let a key cancel with invoke or with manage, for its own functions', async () => {
    const cancel = async (key: Key, name: string) =>
      (await app.signed('POST', `/fgs/functions/${name}/cancel`, { request_id: '' }, key)).body.error_msg;
    for (const right of ['invoke', 'manage'] as const)
      expect(await cancel(await aKey([right], ['team-*']), 'team-a')).toBe('request_id should not be empty');
    expect(await cancel(await aKey(['read'], ['team-*']), 'team-a')).toBe('the access key lacks the right invoke or manage');
    expect(await cancel(await aKey(['invoke'], ['team-*']), 'other')).toContain('the access key is not for function');
  });

  it.each(['invoke', 'read', 'manage'] as const)(
    '%s is enough to ask whose a key is, as SDKs do before they begin',
    async (right) => {
      for (const path of ['/v3/projects', '/v3/auth/domains']) {
        const { accessKey, secretKey } = await aKey([right], ['team-*']);
        const request = { method: 'GET', path: path.slice(1).split('/'), headers: { host: 'a' } };
        const headers = signed(request, { accessKey, secretKey, date: sdkDate(app.clock.now()) });
        expect(await app.raw('GET', path, undefined, headers)).toMatchObject({ status: 200 });
      }
    },
  );

  it.each(routes)('require %s for %s %s', async (needed, method, path, body) => {
    const others = (['invoke', 'read', 'manage'] as const).filter((right) => right !== needed);
    const refused = await app.signed(method, path, body, await aKey(others));
    expect([refused.status, refused.body]).toEqual([
      403,
      { error_code: 'FSS.0403', error_msg: `the access key lacks the right ${needed}` },
    ]);
    const answer = await app.signed(method, path, body, await aKey([needed]));
    expect(String(answer.body?.error_msg)).not.toContain('lacks the right');
    expect([200, 202, 403]).toContain(answer.status);
  });
});

describe('a pattern', () => {
  it.each<[method: string, path: string, status: number, body?: unknown]>([
    ['POST', '/fgs/functions/team-a/invocations-async', 202, {}],
    ['POST', '/fgs/functions/urn:fss:local:p1:function:default:team-a:latest/invocations-async', 202, {}],
    ['POST', '/fgs/functions/other/invocations-async', 403, {}],
    ['POST', '/fgs/functions/urn:fss:local:p1:function:default:other:latest/invocations-async', 403, {}],
    ['GET', '/fgs/functions/team-a/config', 200],
    ['GET', '/fgs/functions/team-b/config', 404],
    ['GET', '/fgs/functions/other/config', 403],
    ['GET', '/fgs/functions/a:b:c:d:e/config', 400],
    ['DELETE', '/fgs/triggers/team-a', 204],
    ['GET', '/fgs/triggers/other', 403],
    ['GET', '/notifications/topics', 200],
    ['PUT', '/sendoff/agencies/a', 403, { grants: [] }],
    ['POST', '/fgs/functions/enable-async-status-logs', 403],
    ['DELETE', '/fgs/functions/other', 403],
  ])('of team-* answers %s %s with %i', async (method, path, status, body) => {
    const key = await aKey(['invoke', 'read', 'manage'], ['team-*']);
    expect(await statusOf(app.signed(method, path, body, key))).toBe(status);
  });

  it('limits the functions that a key lists and creates', async () => {
    const key = await aKey(['read', 'manage'], ['team-*']);
    const { body } = await app.signed('GET', '/fgs/functions', undefined, key);
    expect(body.functions.map(({ func_name }: { func_name: string }) => func_name)).toEqual(['team-a']);
    const made = { package: 'default', runtime: 'Node.js20.15', handler: 'index.handler', timeout: 3, memory_size: 128 };
    const inline = { ...made, code_type: 'inline', func_code: { file: 'MQ==' } };
    expect(await statusOf(app.signed('POST', '/fgs/functions', { ...inline, func_name: 'new' }, key))).toBe(403);
    expect(await statusOf(app.signed('POST', '/fgs/functions', { ...inline, func_name: 'team-new' }, key))).toBe(200);
  });
});

describe('a limited access key', () => {
  it('cannot make its functions call functions outside its pattern', async () => {
    await app.must('PUT', '/sendoff/agencies/calls', { grants: [{ type: 'FunctionGraph', resource: '*' }] });
    const key = await aKey(['manage', 'invoke'], ['team-*'], { agencies: ['calls'] });
    await app.createFunction('team-caller', { xrole: 'calls' });
    await app.createFunction('team-called');
    const set = async (target: string) =>
      app.signed(
        'PUT',
        '/fgs/functions/team-caller/async-invoke-config',
        {
          destination_config: {
            on_success: {
              destination: 'FunctionGraph',
              param: JSON.stringify({ func_urn: `urn:fss:local:p1:function:default:${target}:latest` }),
            },
          },
        },
        key,
      );
    expect((await set('team-called')).status).toBe(200);
    expect(await set('other')).toMatchObject({
      status: 403,
      body: { error_code: 'FSS.0403', error_msg: expect.stringContaining('default:other') },
    });
  });

  it.each<[what: string, rights: AccessRight[], functions: string[]]>([
    ['one more right', ['manage', 'invoke'], ['team-*']],
    ['all functions', ['manage'], ['*']],
    ['a wider pattern', ['manage'], ['t*']],
    ['one more pattern', ['manage'], ['team-*', 'other']],
  ])('cannot create a key with %s', async (_what, rights, functions) => {
    const key = await aKey(['manage'], ['team-*']);
    expect(await statusOf(app.signed('POST', '/sendoff/credentials', { rights, functions }, key))).toBe(403);
  });

  it('can create a key with all that it has, and that key another', async () => {
    const grandparent = await aKey(['manage', 'read']);
    const parent = await aKey(['manage'], ['team-*'], { agencies: ['a-*'], topics: ['t'] }, grandparent);
    const grandchild = await aKey(['manage'], ['team-a'], { agencies: ['a-b'] }, parent);
    expect(await statusOf(app.signed('PUT', '/fgs/functions/team-a/async-invoke-config', {}, grandchild))).toBe(200);
  });

  it.each(['rotate', 'enable', 'disable', 'delete'])('cannot %s a stronger key', async (action) => {
    const [weak, strong] = [await aKey(['manage']), await aKey(['manage', 'read'])];
    const path = `/sendoff/credentials/${strong.accessKey}`;
    const refused =
      action === 'delete' ? app.signed('DELETE', path, undefined, weak) : app.signed('POST', `${path}/${action}`, {}, weak);
    expect((await refused).body).toMatchObject({ error_code: 'FSS.0403', error_msg: expect.stringContaining('more than yours') });
    expect(await statusOf(app.signed('GET', '/sendoff/credentials', undefined, strong))).toBe(200);
  });

  it.each(['rotate', 'enable', 'disable', 'delete'])('cannot %s the key of the configuration', async (action) => {
    const path = '/sendoff/credentials/AKFIRST';
    const answer = action === 'delete' ? app.call('DELETE', path) : app.call('POST', `${path}/${action}`, {});
    expect((await answer).body).toMatchObject({
      error_code: 'FSS.0403',
      error_msg: expect.stringContaining('SENDOFF_ACCESS_KEY'),
    });
    expect(await statusOf(app.signed('GET', '/fgs/functions'))).toBe(200);
  });
});

describe('an access key', () => {
  it('shows its secret once, and stores it sealed', async () => {
    const made = await app.must('POST', '/sendoff/credentials', { rights: ['read'], description: 'of a test' });
    expect(made).toMatchObject({ description: 'of a test', rights: ['read'], enabled: true, first: false });
    expect(made).toMatchObject({ functions: ['*'], agencies: ['*'], topics: ['*'] });
    const shown = await app.must('GET', `/sendoff/credentials/${made.access_key}`);
    const { secret_key: secretKey, ...rest } = made;
    expect(shown).toEqual(rest);
    expect((await app.must('GET', '/sendoff/credentials')).credentials).toEqual([
      expect.objectContaining({ access_key: 'AKFIRST', first: true }),
      rest,
    ]);
    const record = app.recordsOf('registry').find(({ key }) => key === `credential/${made.access_key}`);
    expect(String(record?.value)).toContain('"secret":"v2.');
    expect(String(record?.value)).not.toContain(secretKey);
  });

  it('is valid until it is disabled, again when it is enabled, and no more when it is deleted', async () => {
    const key = await aKey(['read']);
    const path = `/sendoff/credentials/${key.accessKey}`;
    expect(await list(key)).toBe(200);
    await app.must('POST', `${path}/disable`, {});
    const disabled = await app.signed('GET', '/fgs/functions', undefined, key);
    expect([disabled.status, disabled.body.error_msg]).toEqual([401, expect.stringContaining('the access key is disabled')]);
    const wrong = await app.signed('GET', '/fgs/functions', undefined, { ...key, secretKey: 'wrong' });
    expect(wrong.body.error_msg).not.toContain('disabled');
    await app.must('POST', `${path}/enable`);
    expect(await list(key)).toBe(200);
    await app.must('DELETE', path);
    expect(await list(key)).toBe(401);
    expect((await app.call('GET', path)).status).toBe(404);
  });

  it('has only the new secret after a rotation without grace', async () => {
    const key = await aKey(['read']);
    expect(await list(key)).toBe(200);
    const { secret_key: secretKey } = await app.must('POST', `/sendoff/credentials/${key.accessKey}/rotate`, {});
    expect([await list(key), await list({ ...key, secretKey })]).toEqual([401, 200]);
  });

  it('changes for another ingress too, which reads the change from the registry', async () => {
    const other = await IngressApp.start({ gateway: app.kafka.beside() });
    const key = await aKey(['read']);
    const elsewhere = async (status: number, signer = key) =>
      eventually(async () => (await statusOf(other.signed('GET', '/fgs/functions', undefined, signer))) === status);
    const path = `/sendoff/credentials/${key.accessKey}`;
    await elsewhere(200);
    await app.must('POST', `${path}/disable`);
    await elsewhere(401);
    await app.must('POST', `${path}/enable`);
    await elsewhere(200);
    const { secret_key: secretKey } = await app.must('POST', `${path}/rotate`);
    await elsewhere(401);
    await elsewhere(200, { ...key, secretKey });
    await app.must('DELETE', path);
    await elsewhere(401, { ...key, secretKey });
    await other.close();
  });

  it('keeps the old secret for exactly the grace of a rotation', async () => {
    const key = await aKey(['read']);
    const rotated = await app.must('POST', `/sendoff/credentials/${key.accessKey}/rotate`, { grace_in_seconds: 60 });
    expect(Date.parse(rotated.previous_secret_ends_at)).toBe(Math.floor(app.clock.now() / 1_000) * 1_000 + 60_000);
    const next = { ...key, secretKey: rotated.secret_key };
    await app.clock.advance(59_999);
    expect([await list(key), await list(next)]).toEqual([200, 200]);
    await app.clock.advance(1);
    expect([await list(key), await list(next)]).toEqual([401, 200]);
  });

  it('gains no rights from a document that somebody else writes, and is not revived by an older one', async () => {
    const key = await aKey(['invoke'], ['team-*']);
    const documentKey = `credential/${key.accessKey}`;
    const written = app.recordsOf('registry').findLast(({ key: name }) => name === documentKey);
    const { headers = {}, value = null } = written ?? {};
    const put = async (text: string | null) =>
      app.kafka.publisher.publish({
        topic: 'sendoff.registry',
        key: documentKey,
        value: text === null ? null : Buffer.from(text),
        headers: text === null ? {} : headers,
      });
    const others = async () => statusOf(app.signed('POST', '/fgs/functions/other/invocations-async', {}, key));
    await put(JSON.stringify({ ...JSON.parse(String(value)), rights: ['invoke', 'read', 'manage'], functions: ['*'] }));
    expect([await others(), await list(key)]).toEqual([403, 403]);
    await put(null);
    expect(await others()).toBe(403);
    await app.must('POST', `/sendoff/credentials/${key.accessKey}/disable`);
    await put(String(value));
    expect(await others()).toBe(401);
  });

  it('is refused when another platform key sealed its secret, until it is rotated', async () => {
    const key = await aKey(['read']);
    // Both accept the signatures of each other, so only the secret cannot be opened.
    const signing = {
      SENDOFF_SIGNING_KEY: 'a-signing-key-of-32-characters-or-more',
      SENDOFF_PUBLIC_KEYS: (await IngressApp.keys).signer.publicKey,
    };
    const other = await IngressApp.start({
      gateway: app.kafka.beside(),
      env: { SENDOFF_PLATFORM_KEY: 'another-key-of-32-characters-or-more', ...signing },
    });
    expect(await statusOf(other.signed('GET', '/fgs/functions', undefined, key))).toBe(401);
    const { secret_key: secretKey } = await other.must('POST', `/sendoff/credentials/${key.accessKey}/rotate`, {
      grace_in_seconds: 60,
    });
    expect(await statusOf(other.signed('GET', '/fgs/functions', undefined, { ...key, secretKey }))).toBe(200);
    await other.close();
  });

  it.each<[what: string, path: string, body: unknown]>([
    ['without rights', '', { rights: [] }],
    ['with an unknown right', '', { rights: ['own'] }],
    ['with rights that are not a list', '', { rights: 'read' }],
    ['without a body', '', undefined],
    ['for no function', '', { rights: ['read'], functions: [] }],
    ['for a text that is not a name', '', { rights: ['read'], functions: ['a b'] }],
    ['for an agency that is not a name', '', { rights: ['read'], agencies: ['a:b'] }],
    ['for topics that are not a list', '', { rights: ['read'], topics: '*' }],
    ['for too many topics', '', { rights: ['read'], topics: Array.from({ length: 21 }, () => 'a') }],
    ['with a secret of the caller', '', { rights: ['read'], secret_key: 'mine' }],
    ['with a grace below zero', '/X/rotate', { grace_in_seconds: -1 }],
    ['with a grace that is too long', '/X/rotate', { grace_in_seconds: 604_801 }],
  ])('is refused %s', async (_what, path, body) => {
    expect(await app.call('POST', `/sendoff/credentials${path}`, body)).toMatchObject({
      status: 400,
      body: { error_code: 'FSS.0400' },
    });
  });
});
