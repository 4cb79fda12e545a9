/**
 * Goal: a URN has the same meaning everywhere: in the path of every route, at the Kafka door, in
 * destinations, in endpoints. Method: a whole ingress over the in-memory broker. The routes are
 * those of the ingress, so a new one must be added here.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { functionBody, IngressApp, inlineCode } from '../../testing/ingress-app.ts';

let app: IngressApp;
beforeAll(async () => {
  app = await IngressApp.start();
  await app.listen();
  await app.must('PUT', '/sendoff/agencies/any', { grants: ['FunctionGraph', 'SMN'].map((type) => ({ type, resource: '*' })) });
  await app.must('POST', '/notifications/topics', { name: 'news' });
  await app.publish('here', 'v1');
  await app.must('POST', '/fgs/functions/here/aliases', { name: 'prod', version: 'v1' });
});
afterAll(async () => app.close());

const bodies: Readonly<Record<string, unknown>> = {
  'PUT /fgs/functions/:urn/config': functionBody('here'),
  'PUT /fgs/functions/:urn/code': inlineCode('exports.handler = 1;'),
  'PUT /fgs/functions/:urn/config-max-instance': { max_instance_num: 5 },
  'POST /fgs/functions/:urn/aliases': { name: 'a', version: 'v1' },
  'PUT /fgs/functions/:urn/aliases/:alias': { version: 'v1' },
  'POST /fgs/functions/:urn/invocations-async': {},
  'POST /fgs/functions/:urn/invocations': {},
  'POST /fgs/functions/:urn/cancel': { request_id: '1167bf8c-87b0-43ab-8f5f-26b16c64f252' },
  'PUT /fgs/functions/:urn/async-invoke-config': {},
  'POST /functions/:urn/tags/create': { tags: [{ key: 'a' }] },
  'DELETE /functions/:urn/tags/delete': { tags: [{ key: 'a' }] },
};

/** Reserving instances is refused for every function. */
const isNamedInVain = ({ path }: { readonly path: string }) => path.endsWith('/reservedinstances');

const refusals = async (urn: string) => {
  const routes = app.routes.filter((route) => route.path.includes('functions/:urn') && route.method !== 'HEAD');
  const answers = routes
    .filter((route) => !isNamedInVain(route))
    .map(async ({ method, path }) => {
      const below = path.replace('/v2/:project', '');
      const named = path.replace(':project', IngressApp.project).replace(':urn', urn).replace(':alias', 'prod');
      const token = { 'x-auth-token': IngressApp.token };
      const { status, body } = await app.overHttp(method, named, bodies[`${method} ${below}`], token);
      return [`${method} ${below}`, status, body?.error_code] as const;
    });
  return Promise.all(answers);
};

describe('a URN in the path of any route', () => {
  it.each([
    ['of another project', 'urn:fss:local:p2:function:default:here:latest', 403, 'FSS.0403'],
    ['of another project, shortened', 'p2:default:here', 403, 'FSS.0403'],
    ['of another region', 'urn:fss:elsewhere:p1:function:default:here', 404, 'FSS.1051'],
    ['of another service', 'urn:smn:local:p1:function:default:here', 400, 'FSS.1309'],
    ['of too many fields', 'urn:fss:local:p1:function:default:here:v1:x', 400, 'FSS.1309'],
    ['with an empty version', 'p1:default:here:', 400, 'FSS.1309'],
  ])('%s is refused', async (_what, urn, status, code) => {
    const answers = await refusals(urn);
    expect(answers.length).toBeGreaterThan(20);
    expect(answers).toEqual(answers.map(([route]) => [route, status, code]));
  });
});

describe('a URN at the Kafka door', () => {
  it.each([
    ['of another project', 'urn:fss:local:p2:function:default:here', 'project-foreign'],
    ['of another region', 'urn:fss:elsewhere:p1:function:default:here', 'function-unknown'],
    ['that is malformed', 'a:b:c:d:e', 'urn-malformed'],
  ])('%s is rejected', async (_what, urn, reason) => {
    await app.produce('{}', { 'sendoff-function': urn });
    await expect
      .poll(() => app.recordsOf('rejects').map(({ headers }) => headers['reject-reason']))
      .toContainEqual(expect.stringContaining(`${reason}: ${urn}`));
  });
});

describe('a URN in a destination', () => {
  const notifying = (destination: string, param: unknown) => ({
    destination_config: { on_failure: { destination, param: JSON.stringify(param) } },
  });

  it.each([
    [
      'of a function of another project',
      'FunctionGraph',
      { func_urn: 'urn:fss:local:p2:function:default:here' },
      403,
      'FSS.0403',
    ],
    ['of a function of another region', 'FunctionGraph', { func_urn: 'urn:fss:x:p1:function:default:here' }, 404, 'FSS.1051'],
    ['that is malformed', 'FunctionGraph', { func_urn: 'a:b:c:d:e' }, 400, 'FSS.0400'],
    ['of a topic of another project', 'SMN', { topic_urn: 'urn:smn:local:p2:news' }, 404, 'FSS.1171'],
  ])('%s is refused', async (_what, destination, param, status, code) => {
    // The registry also holds a topic of another project.
    const topic = { kind: 'topic', urn: 'urn:smn:local:p2:news', project: 'p2', name: 'news', subscriptions: [] };
    await app.store(topic);
    const name = await app.aFunction({ xrole: 'any' });
    const answer = await app.refusal('PUT', `/fgs/functions/${name}/async-invoke-config`, notifying(destination, param));
    expect(answer).toEqual([status, code]);
  });
});

describe('a URN as the endpoint of a subscription', () => {
  it.each([
    ['of another project', 'urn:fss:local:p2:function:default:here'],
    ['of another region', 'urn:fss:elsewhere:p1:function:default:here'],
    ['that is malformed', 'a:b:c:d:e'],
  ])('%s is refused', async (_what, endpoint) => {
    const body = { protocol: 'functionstage', endpoint };
    const answer = await app.call('POST', '/notifications/topics/urn:smn:local:p1:news/subscriptions', body);
    expect([answer.status, answer.body.code]).toEqual([400, 'SMN.0012']);
  });
});
