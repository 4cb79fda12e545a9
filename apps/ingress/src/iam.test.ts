import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IngressApp } from '../../../test/ingress-app.ts';

const withToken = { 'x-auth-token': IngressApp.token };

describe('what clients ask before they begin', () => {
  let app: IngressApp;
  beforeAll(async () => {
    app = await IngressApp.start();
  });
  afterAll(() => app.close());

  it.each([
    ['by the name of the region', '?name=local', 1],
    ['by its id', `?name=${IngressApp.project}`, 1],
    ['without a name', '', 1],
    ['not by another name', '?name=elsewhere', 0],
  ])('the project of the credentials is found %s', async (_how, query, count) => {
    const { status, body } = await app.raw('GET', `/v3/projects${query}`, undefined, withToken);
    expect([status, body.projects.map(({ id }: { id: string }) => id)]).toEqual([200, Array(count).fill(IngressApp.project)]);
  });

  it('the account is that of the project', async () => {
    const { status, body } = await app.raw('GET', '/v3/auth/domains', undefined, withToken);
    expect([status, body.domains]).toMatchObject([200, [{ id: IngressApp.project }]]);
  });

  it.each(['/v3/projects', '/v3/auth/domains'])('nobody is told without credentials: %s', async (path) => {
    expect(await app.raw('GET', path)).toMatchObject({ status: 401, body: { error_code: 'FSS.0401' } });
  });

  it('no instance is reserved, and none can be', async () => {
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
