/**
 * Goal: nobody adds a route without saying who may use it, and no change moves a route from one
 * right to another unseen. Method: a whole ingress is asked, on every route that was added, by
 * callers who each lack something. Their answers tell the rights that the route needs, what a key
 * for some functions may do there, and whether the route is open. The table is the expectation.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessRights } from '#contracts';
import { type AccessKey, type ApiAnswer, IngressApp, type Route } from '../../testing/ingress-app.ts';

let app: IngressApp;
const keys = new Map<string, AccessKey>();

/** The function that the limited keys are for. */
const own = 'own';

async function makeKey(name: string, rights: readonly string[], functions: readonly string[]): Promise<void> {
  const body = { description: name, rights, functions };
  const { access_key: accessKey, secret_key: secretKey } = await app.must('POST', '/sendoff/credentials', body);
  keys.set(name, { accessKey, secretKey });
}

beforeAll(async () => {
  app = await IngressApp.start();
  for (const right of accessRights) await makeKey(right, [right], ['*']);
  await makeKey('limited', accessRights, [`default:${own}`]);
});
afterAll(() => app?.close());

const refusals = {
  right: /lacks the right/,
  function: /is not for function/,
  project: /is of the whole project/,
} as const;

function refusalIn({ status, body }: ApiAnswer): keyof typeof refusals | undefined {
  if (status !== 403) return undefined;
  const found = Object.entries(refusals).find(([, pattern]) => pattern.test(String(body?.error_msg)));
  return found?.[0] as keyof typeof refusals | undefined;
}

/**
 * The path of a route with the project of the credentials, and one value for every other parameter.
 */
const urlOf = (path: string, value: (parameter: string) => string) =>
  path.replace(':project', IngressApp.project).replaceAll(/:(\w+)/g, (_match, name: string) => value(name));

/**
 * An answer to HEAD has no body to tell refusals apart; Fastify gives HEAD the options of its GET.
 */
const ask = (method: string, url: string, key: string) => app.signedAt(method, url, undefined, keys.get(key));

async function limitOf({ method, path }: Route): Promise<string> {
  const refusal = refusalIn(
    await ask(
      method,
      urlOf(path, () => 'other'),
      'limited',
    ),
  );
  if (refusal !== 'function') return refusal === 'project' ? 'none' : 'all';
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  for (const parameter of parameters) {
    const url = urlOf(path, (name) => (name === parameter ? own : 'other'));
    if (refusalIn(await ask(method, url, 'limited')) === undefined) return `:${parameter}`;
  }
  throw new Error(`no parameter of ${path} names the function`);
}

async function rowOf(route: Route): Promise<string> {
  const { method, path, bodyBytesMax = 1_048_576 } = route;
  const url = urlOf(path, () => own);
  const what = `${method} ${path}`;
  const { status } = await app.raw(method, url);
  if (status !== 401) return `${what} | open`;
  const rights = [];
  for (const right of accessRights) if (refusalIn(await ask(method, url, right)) !== 'right') rights.push(right);
  return `${what} | ${rights.join(' ')} | ${await limitOf(route)} | ${bodyBytesMax}`;
}

/**
 * Method and path; the rights any one of which opens the route; the functions that a limited key
 * may use there; bytes of the body.
 */
const table = `
DELETE /v2/:project/fgs/functions/:urn | manage | :urn | 1048576
DELETE /v2/:project/fgs/functions/:urn/aliases/:alias | manage | :urn | 1048576
DELETE /v2/:project/fgs/functions/:urn/async-invoke-config | manage | :urn | 1048576
DELETE /v2/:project/fgs/triggers/:urn | manage | :urn | 1048576
DELETE /v2/:project/functions/:urn/tags/delete | manage | :urn | 1048576
DELETE /v2/:project/notifications/subscriptions/:urn | manage | none | 1048576
DELETE /v2/:project/notifications/topics/:topic/subscriptions/:urn | manage | none | 1048576
DELETE /v2/:project/notifications/topics/:urn | manage | none | 1048576
DELETE /v2/:project/sendoff/:kind/:name | manage | none | 1048576
DELETE /v2/:project/sendoff/agencies/:name | manage | none | 1048576
DELETE /v2/:project/sendoff/credentials/:accessKey | manage | all | 1048576
GET /docs | open
GET /docs/ | open
GET /docs/* | open
GET /docs/LICENSE | read | all | 1048576
GET /docs/docs/swagger-ui-init.js | read | all | 1048576
GET /docs/index.html | read | all | 1048576
GET /docs/swagger-ui-init.js | open
GET /healthz | open
GET /metrics | open
GET /openapi.json | open
GET /readyz | open
GET /rest/v2/notifications/subscription/confirm | open
GET /rest/v2/notifications/subscription/unsubscribe | open
GET /v2/:project/fgs/dependencies | read | all | 1048576
GET /v2/:project/fgs/functions | read | all | 1048576
GET /v2/:project/fgs/functions/:urn/active-async-invocations | read | :urn | 1048576
GET /v2/:project/fgs/functions/:urn/aliases | read | :urn | 1048576
GET /v2/:project/fgs/functions/:urn/aliases/:alias | read | :urn | 1048576
GET /v2/:project/fgs/functions/:urn/async-invocations | read | :urn | 1048576
GET /v2/:project/fgs/functions/:urn/async-invoke-config | read | :urn | 1048576
GET /v2/:project/fgs/functions/:urn/async-invoke-configs | read | :urn | 1048576
GET /v2/:project/fgs/functions/:urn/code | read | :urn | 1048576
GET /v2/:project/fgs/functions/:urn/config | read | :urn | 1048576
GET /v2/:project/fgs/functions/:urn/events | read | :urn | 1048576
GET /v2/:project/fgs/functions/:urn/export | read | :urn | 1048576
GET /v2/:project/fgs/functions/:urn/lts-log-detail | read | :urn | 1048576
GET /v2/:project/fgs/functions/:urn/versions | read | :urn | 1048576
GET /v2/:project/fgs/functions/async-status-log-detail | read | all | 1048576
GET /v2/:project/fgs/functions/reservedinstanceconfigs | read | all | 1048576
GET /v2/:project/fgs/functions/reservedinstances | read | all | 1048576
GET /v2/:project/fgs/quotas | read | all | 1048576
GET /v2/:project/fgs/triggers | read | all | 1048576
GET /v2/:project/fgs/triggers/:urn | read | :urn | 1048576
GET /v2/:project/functions/:urn/tags | read | :urn | 1048576
GET /v2/:project/groups/:group/streams | read | all | 1048576
GET /v2/:project/notifications/subscriptions | read | all | 1048576
GET /v2/:project/notifications/topics | read | all | 1048576
GET /v2/:project/notifications/topics/:urn | read | all | 1048576
GET /v2/:project/notifications/topics/:urn/attributes | read | all | 1048576
GET /v2/:project/notifications/topics/:urn/subscriptions | read | all | 1048576
GET /v2/:project/sendoff/:kind | read | all | 1048576
GET /v2/:project/sendoff/:kind/:name | read | all | 1048576
GET /v2/:project/sendoff/agencies | read | all | 1048576
GET /v2/:project/sendoff/agencies/:name | read | all | 1048576
GET /v2/:project/sendoff/credentials | manage | all | 1048576
GET /v2/:project/sendoff/credentials/:accessKey | manage | all | 1048576
GET /v2/:project/sendoff/functions/:urn/archive | read | :urn | 1048576
GET /v2/:project/sendoff/functions/:urn/call-secret | manage | :urn | 1048576
GET /v2/:project/sendoff/functions/:urn/export | read | :urn | 1048576
GET /v2/:project/smn_topic/:name/tags | read | all | 1048576
GET /v2/notifications/subscriptions/subscribe | open
GET /v2/notifications/subscriptions/unsubscribe | open
GET /v3/auth/catalog | invoke read manage | all | 1048576
GET /v3/auth/domains | invoke read manage | all | 1048576
GET /v3/auth/tokens | invoke read manage | all | 1048576
GET /v3/projects | invoke read manage | all | 1048576
POST /v2/:project/fgs/functions | manage | all | 75497472
POST /v2/:project/fgs/functions/:urn/aliases | manage | :urn | 1048576
POST /v2/:project/fgs/functions/:urn/cancel | invoke manage | :urn | 1048576
POST /v2/:project/fgs/functions/:urn/invocations | invoke | :urn | 6291456
POST /v2/:project/fgs/functions/:urn/invocations-async | invoke | :urn | 262144
POST /v2/:project/fgs/functions/:urn/versions | manage | :urn | 1048576
POST /v2/:project/fgs/functions/enable-async-status-logs | manage | none | 1048576
POST /v2/:project/fgs/functions/import | manage | all | 75497472
POST /v2/:project/functions/:urn/tags/create | manage | :urn | 1048576
POST /v2/:project/notifications/topics | manage | none | 1048576
POST /v2/:project/notifications/topics/:urn/publish | manage | none | 1048576
POST /v2/:project/notifications/topics/:urn/subscriptions | manage | none | 1048576
POST /v2/:project/sendoff/credentials | manage | all | 1048576
POST /v2/:project/sendoff/credentials/:accessKey/disable | manage | all | 1048576
POST /v2/:project/sendoff/credentials/:accessKey/enable | manage | all | 1048576
POST /v2/:project/sendoff/credentials/:accessKey/rotate | manage | all | 1048576
PUT /v2/:project/fgs/functions/:urn/aliases/:alias | manage | :urn | 1048576
PUT /v2/:project/fgs/functions/:urn/async-invoke-config | manage | :urn | 1048576
PUT /v2/:project/fgs/functions/:urn/code | manage | :urn | 75497472
PUT /v2/:project/fgs/functions/:urn/config | manage | :urn | 1048576
PUT /v2/:project/fgs/functions/:urn/config-max-instance | manage | :urn | 1048576
PUT /v2/:project/fgs/functions/:urn/reservedinstances | manage | :urn | 1048576
PUT /v2/:project/notifications/topics/:topic/subscriptions/:urn | manage | none | 1048576
PUT /v2/:project/notifications/topics/:urn | manage | none | 1048576
PUT /v2/:project/sendoff/:kind/:name | manage | none | 1048576
PUT /v2/:project/sendoff/agencies/:name | manage | none | 1048576
`;

describe('a route', () => {
  it('is open on purpose, or needs a right', async () => {
    const rows = [];
    for (const route of app.routes.filter(({ method }) => method !== 'HEAD')) rows.push(await rowOf(route));
    expect(rows.toSorted().join('\n')).toBe(table.trim());
  });
});
