/**
 * Goal: a request with very many fields is refused at once, at every route and in every part of the
 * request. Method: a whole ingress over the in-memory broker, and its whole route table.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
beforeAll(async () => {
  app = await IngressApp.start();
  await app.createFunction('hello');
});
afterAll(async () => app?.close());

const manyFields = JSON.stringify(Object.fromEntries(Array.from({ length: 85_000 }, (_, index) => [`f${index}`, 1])));
const functionUrn = `urn:fss:local:${IngressApp.project}:function:default:hello:latest`;
/** Routes whose bodies may be any bytes. */
const anyBytesPath = /\/(invocations(-async)?|payloads)$/;

/** A path with a value in place of each parameter. */
function filled(path: string): string {
  return path
    .replace(/:project(_id)?\b|:projectId\b/i, IngressApp.project)
    .replace(/:(func_?)?urn\b/i, functionUrn)
    .replaceAll(/:\w+/g, 'x');
}

describe('a body with 85,000 fields', () => {
  it('is refused by every route that reads JSON', async () => {
    const routes = app.routes.filter(
      ({ method, path }) => ['POST', 'PUT', 'DELETE', 'PATCH'].includes(method) && !anyBytesPath.test(path),
    );
    expect(routes.length).toBeGreaterThan(20);
    const odd: unknown[] = [];
    for (const { method, path, bodyBytesMax } of routes) {
      const answer = await app.raw(method, filled(path), manyFields, { 'x-auth-token': IngressApp.token });
      const isTooLarge = manyFields.length > (bodyBytesMax ?? Number.POSITIVE_INFINITY);
      const { error_code: code = '', error_msg: message = '' } = (answer.body ?? {}) as Record<string, string>;
      const isRefused = isTooLarge ? answer.status === 413 : answer.status === 400 && message.includes('10000 fields');
      if (!isRefused) odd.push([method, path, answer.status, code, message]);
    }
    expect(odd).toEqual([]);
  }, 60_000);
});

describe('other parts of a request', () => {
  it('refuses a query with too many parameters', async () => {
    const query = Array.from({ length: 3_000 }, (_, index) => `a${index}`).join('&');
    const answer = await app.call('GET', `/fgs/functions?${query}`);
    expect([answer.status, answer.body.error_msg]).toEqual([400, 'the query may have 100 parameters; send fewer']);
  });

  it.each(['application/x-www-form-urlencoded', 'multipart/form-data; boundary=b', 'text/plain'])(
    'refuses a body of type %s unread',
    async (type) => {
      const form = Array.from({ length: 50_000 }, (_, index) => `a${index}=1`).join('&');
      const answer = await app.call('POST', '/fgs/functions', form, { 'content-type': type });
      expect([answer.status, answer.body.error_code]).toEqual([406, 'FSS.0406']);
    },
  );
});
