import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IngressApp } from '../../testing/ingress-app.ts';
import { sdkDate, signed } from '../../../../test/request-signer.ts';

interface Entry {
  readonly type: string;
  readonly endpoints: readonly { readonly url: string }[];
}

const withToken = { 'x-auth-token': IngressApp.token };

describe('IAM', () => {
  let app: IngressApp;
  beforeAll(async () => {
    app = await IngressApp.start();
  });
  afterAll(() => app.close());

  it.each([
    ['by the name of the region', '?name=local', 1],
    ['by its id', `?name=${IngressApp.project}`, 1],
    ['without a name', '', 1],
    ['but not by another name', '?name=elsewhere', 0],
  ])('finds the project of the credentials %s', async (_how, query, count) => {
    const { status, body } = await app.raw('GET', `/v3/projects${query}`, undefined, withToken);
    expect([status, body.projects.map(({ id }: { id: string }) => id)]).toEqual([200, Array(count).fill(IngressApp.project)]);
  });

  it('shows the account of the project', async () => {
    const { status, body } = await app.raw('GET', '/v3/auth/domains', undefined, withToken);
    expect([status, body.domains]).toMatchObject([200, [{ id: IngressApp.project }]]);
  });

  it('lists the services at the address that the client used', async () => {
    const { status, body } = await app.raw('GET', '/v3/auth/catalog', undefined, { ...withToken, host: 'sendoff.example:8700' });
    const addresses = (body.catalog as Entry[]).map(({ type, endpoints }) => [type, ...endpoints.map(({ url }) => url)]);
    const url = `http://sendoff.example:8700/v2/${IngressApp.project}`;
    expect([status, addresses]).toEqual([
      200,
      [
        ['identity', 'http://sendoff.example:8700/v3'],
        ['functiongraph', url],
        ['volumev2', url],
        ['smn', url],
        ['smnv2', url],
      ],
    ]);
    expect(body.catalog[1].endpoints).toMatchObject([{ interface: 'public', region: 'local', region_id: 'local' }]);
  });

  it('lists the services at the configured address, if one is set', async () => {
    const elsewhere = await IngressApp.start({ env: { SENDOFF_PUBLIC_URL: 'https://functions.example/' } });
    const { body } = await elsewhere.raw('GET', '/v3/auth/catalog', undefined, { ...withToken, host: 'inside:8700' });
    await elsewhere.close();
    expect((body.catalog as Entry[])[0]?.endpoints).toMatchObject([{ url: 'https://functions.example/v3' }]);
  });

  it('describes the token, and repeats it in the header that clients read', async () => {
    const { status, headers, body } = await app.raw('GET', '/v3/auth/tokens', undefined, {
      ...withToken,
      'x-subject-token': IngressApp.token,
    });
    expect([status, headers['x-subject-token']]).toEqual([200, IngressApp.token]);
    expect(body.token).toMatchObject({ project: { id: IngressApp.project, name: 'local' }, user: { id: IngressApp.project } });
    expect((body.token.catalog as Entry[]).map(({ type }) => type)).toContain('functiongraph');
  });

  it.each([
    ['another token', { 'x-subject-token': 'another' }],
    ['no token', {}],
  ])('answers 404 for %s', async (_what, headers) => {
    expect(await app.raw('GET', '/v3/auth/tokens', undefined, { ...withToken, ...headers })).toMatchObject({
      status: 404,
      body: { error_code: 'FSS.0404' },
    });
  });

  it.each([
    ['the token of the installation', { 'x-subject-token': IngressApp.token }],
    ['no token', {}],
  ])('describes no token to callers who sign: %s', async (_what, more) => {
    const request = { method: 'GET', path: ['v3', 'auth', 'tokens'], headers: { host: 'a', ...more } };
    const { accessKey, secretKey } = IngressApp;
    const headers = signed(request, { accessKey, secretKey, date: sdkDate(app.clock.now()) });
    expect((await app.raw('GET', '/v3/auth/tokens', undefined, headers)).status).toBe(404);
  });

  it.each(['/v3/projects', '/v3/auth/domains', '/v3/auth/catalog', '/v3/auth/tokens'])(
    'answers nothing without credentials: %s',
    async (path) => {
      expect(await app.raw('GET', path)).toMatchObject({ status: 401, body: { error_code: 'FSS.0401' } });
    },
  );

  it('shows no reserved instances, and reserves none', async () => {
    expect(await app.call('GET', '/fgs/functions/reservedinstanceconfigs?function_urn=hello&limit=100&marker=0')).toMatchObject({
      status: 200,
      body: { reserved_instances: [], count: 0 },
    });
    expect(await app.call('PUT', '/fgs/functions/hello/reservedinstances', { count: 1 })).toMatchObject({
      status: 400,
      body: { error_code: 'FSS.0400' },
    });
  });
});
