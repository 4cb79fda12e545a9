/**
 * Goal: an operation on a name that does not exist says so, and acts on nothing. Method: every
 * operation whose path or query takes a name gets one that nothing has.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IngressApp, type Route } from '../../testing/ingress-app.ts';

/** Unknown names by the parameter of the path. */
const unknown: Readonly<Record<string, string>> = {
  accessKey: 'AKNOBODY',
  alias: 'nope',
  id: 'nope',
  kind: 'streams',
  name: 'nope',
  period: '5',
  reference: '0'.repeat(128),
  requestId: 'nope',
  target: 'DIS:nope',
  urn: 'nope',
};
const topicUrn = 'urn:smn:local:p1:nope';
const subscriptionUrn = `${topicUrn}:0123456789abcdef0123456789abcdef`;

/** Operations that an unknown name does not stop, and why. */
const exceptions: Readonly<Record<string, readonly [status: number, reason: string]>> = {
  setAgency: [200, 'it makes the agency'],
  setPlace: [200, 'it makes the bucket or stream'],
  listPlaces: [200, 'its path has the kind of places only'],
  updateReservedInstances: [400, 'no function can have reserved instances'],
};

let app: IngressApp;
let routes: readonly Route[];
beforeAll(async () => {
  app = await IngressApp.start();
  await app.listen();
  ({ routes } = app);
});
afterAll(async () => app.close());

const urlOf = ({ path }: Route) => {
  const isOfTopics = path.includes('/notifications/') || path.includes('/smn_topic/');
  const filled = path.replace(/:([A-Za-z]+)/g, (_text, name: string) => {
    if (name === 'project') return IngressApp.project;
    if (name === 'topic') return topicUrn;
    if (isOfTopics && name === 'urn') return path.includes('/subscriptions/') ? subscriptionUrn : topicUrn;
    return encodeURIComponent(unknown[name] ?? `no name for ${name}`);
  });
  return filled.replace(/\*$/, 'nope');
};
const isNamed = ({ path }: Route) => /:(?!project)[A-Za-z]/.test(path);

describe('a name that does not exist', () => {
  it('is answered with 404 by every operation that has one in its path', { timeout: 30_000 }, async () => {
    const answers: Record<string, number> = {};
    const expected: Record<string, number> = {};
    const makes = ({ operation: { id = '' } }: Route) => Number(exceptions[id]?.[1].startsWith('it makes') === true);
    for (const route of routes.filter(isNamed).toSorted((one, other) => makes(one) - makes(other))) {
      const { id, body } = route.operation;
      if (id === undefined || route.method === 'HEAD') continue;
      const token = { 'x-auth-token': IngressApp.token };
      const { status } = await app.overHttp(route.method, urlOf(route), body?.example, token);
      const key = `${id} ${route.method} ${route.path}`;
      answers[key] = status;
      expected[key] = exceptions[id]?.[0] ?? 404;
    }
    expect(answers).toEqual(expected);
    expect(Object.keys(answers).length).toBeGreaterThan(60);
  });

  it('is answered with 404 by every operation that has a function in its query', async () => {
    const answers: Record<string, unknown> = {};
    const expected: Record<string, unknown> = {};
    for (const { method, path, operation } of routes) {
      if (
        method === 'HEAD' ||
        operation.id === undefined ||
        operation.parameters?.some(({ name }) => name === 'function') !== true
      )
        continue;
      const { status, body } = await app.call(method, `${path.replace('/v2/:project', '')}?function=nope`);
      answers[operation.id] = [status, body.error_code];
      expected[operation.id] = [404, 'FSS.1051'];
    }
    expect(answers).toEqual(expected);
    expect(Object.keys(answers).length).toBeGreaterThan(4);
  });

  it.each([
    ['startRedrive', '/sendoff/redrives', { function: 'nope', dry_run: true }],
    ['simulatePolicy', '/sendoff/policy-simulations', { function: 'nope', model: {} }],
  ])('is answered with 404 by %s, which has it in its body', async (_id, path, body) => {
    expect(await app.refusal('POST', path, body)).toEqual([404, 'FSS.1051']);
  });
});
