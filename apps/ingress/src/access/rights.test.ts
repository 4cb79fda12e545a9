/**
 * Goal: every operation opens to exactly the keys that its declaration names, and a refused request
 * changes nothing. Method: the declarations of a whole ingress generate the requests. The
 * example of each operation is sent with keys that have exactly one right, or lack one. The
 * patterns of the keys match the names in the example, or do not. A new operation is covered by its
 * declaration.
 *
 * The same example is sent with the first key, in the same state. An allowed key gets the same
 * status; a refused one gets 403 or 404.
 */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleKey } from '../contents/contents.operations.ts';
import { consolePaths } from '../console/console-routes.ts';
import { type AccessRight, accessRights, encodeRedriveChange, epochMs, type RedriveSpec, type StatusRecord } from '#contracts';
import { answerTests } from '../../testing/answer-tests.ts';
import { aCallAnswer } from '../../testing/fake-services.ts';
import { type AccessKey, type ApiAnswer, IngressApp, type Route } from '../../testing/ingress-app.ts';
import type { OperationWords } from '../document/operation.ts';
import { exampleProject } from '../document/parameters.ts';
import type { GuardedAccess, Reach } from '../document/route-spec.ts';

/** Patterns that match the things of all examples, none of them, or everything. */
const limits = {
  own: { functions: ['hello*'], agencies: ['results'], topics: ['alerts'] },
  foreign: { functions: ['other'], agencies: ['other'], topics: ['other'] },
  unlimited: { functions: ['*'], agencies: ['*'], topics: ['*'] },
} as const;
type Limit = keyof typeof limits;

interface Key extends AccessKey {
  readonly limit: Limit;
  readonly rights: readonly AccessRight[];
}

interface Guarded extends Route {
  readonly operation: GuardedAccess & Partial<OperationWords>;
}

/** The keys that may use an example, by their patterns. The reach `list` refuses nobody. */
const allowedLimits: Readonly<Record<Reach, readonly Limit[]>> = {
  function: ['own', 'unlimited'],
  topic: ['own', 'unlimited'],
  agency: ['own', 'unlimited'],
  place: ['own', 'unlimited'],
  key: ['own', 'unlimited'],
  body: ['own', 'unlimited'],
  redrive: ['own', 'unlimited'],
  list: ['own', 'foreign', 'unlimited'],
  everyone: ['own', 'foreign', 'unlimited'],
  project: ['unlimited'],
};

/** Texts of the things in the examples that a caller may see only if it may read them. */
const secrets = ['user-data-value', 'SEALED_NAME', 'secret-path', 'exports.handler', 'log of the function', 'text of an object'];
const foreignNames = ['hello', 'hooks.example.com', 'alerts', 'results', IngressApp.accessKey];

let app: IngressApp;
let guarded: readonly Guarded[];
const keys: Key[] = [];
/** Values of path parameters that no example knows, by operation, or for all. */
const known = new Map<string, string>();

const base = `/v2/${exampleProject}`;
const urn = `urn:fss:local:${exampleProject}:function:default:hello`;
const topic = `urn:smn:local:${exampleProject}:alerts`;
const record: StatusRecord = {
  requestId: '1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10',
  functionUrn: `${urn}:latest`,
  project: exampleProject,
  status: 'WAIT',
  errorCode: 0,
  errorMessage: '',
  acceptedAt: epochMs(1_800_000_000_000),
  attempts: 0,
  tags: [],
  deliveries: [],
};

const redrive: RedriveSpec = {
  ...{ id: '019abcde-5f0b-4c57-8d1f-2b7a6c9e4d10', project: exampleProject, createdAt: record.acceptedAt, createdBy: 'token' },
  selection: {
    kind: 'failed',
    functionUrns: [record.functionUrn],
    statuses: ['FAIL'],
    beginAt: record.acceptedAt,
    endAt: record.acceptedAt,
  },
  ...{ ratePerSecond: 1, canary: 0, stopAtShare: 1, selectedMax: 1 },
};

/** Sends a request with the token; it need not succeed. */
const set = (method: string, path: string, body?: unknown) =>
  app.raw(method, `${base}${path}`, body, { 'x-auth-token': IngressApp.token });

const operationOf = (id: string) => guarded.find(({ operation }) => operation.id === id)?.operation;
const exampleBody = (id: string) => operationOf(id)?.body?.example as Record<string, unknown>;

/** Brings everything that the examples name into the state that they need. */
async function restore(): Promise<void> {
  await set('PUT', '/sendoff/agencies/results', exampleBody('setAgency'));
  await set('PUT', '/sendoff/buckets/results', {});
  await set('PUT', '/sendoff/streams/orders', {});
  await set('POST', '/fgs/functions/enable-async-status-logs');
  await set('POST', '/notifications/topics', { name: 'alerts' });
  const secret = { user_data: '{"PLAIN":"user-data-value"}', encrypted_user_data: '{"SEALED_NAME":"value"}' };
  const created = await set('POST', '/fgs/functions', { ...exampleBody('createFunction'), ...secret });
  if (created.status !== 200) {
    await set('PUT', `/fgs/functions/${urn}/config`, { ...exampleBody('createFunction'), ...secret });
    await set('PUT', `/fgs/functions/${urn}/code`, exampleBody('updateFunctionCode'));
  }
  await set('POST', `/fgs/functions/${urn}/versions`, exampleBody('publishVersion'));
  await set('POST', `/fgs/functions/${urn}/aliases`, exampleBody('createAlias'));
  await set('PUT', `/fgs/functions/${urn}/code`, exampleBody('updateFunctionCode'));
  await set('PUT', `/fgs/functions/${urn}/async-invoke-config`, exampleBody('setAsyncInvokeConfig'));
  const webhook = { protocol: 'https', endpoint: 'https://hooks.example.com/secret-path' };
  const subscription = await set('POST', `/notifications/topics/${topic}/subscriptions`, webhook);
  for (const id of ['updateSubscription', 'deleteSubscription', 'deleteSubscriptionOfTopic'])
    known.set(`${id}.urn`, subscription.body.subscription_urn);
  if ((await set('GET', `/sendoff/credentials/${known.get('accessKey')}`)).status === 404)
    known.set('accessKey', (await set('POST', '/sendoff/credentials', bodies['createCredential'])).body.access_key);
  const stored = await set('POST', `/sendoff/functions/${urn}/payloads`, { name: 'world' });
  known.set('downloadPayload.reference', stored.body.payload_ref);
  known.set('group', (await set('GET', '/fgs/functions/async-status-log-detail')).body.group_id);
}

/** The paths to delete before an operation, so that it can create them. */
const removed: Readonly<Record<string, readonly string[]>> = {
  createFunction: [`/fgs/functions/${urn}`],
  importFunction: ['/fgs/functions/hello-again'],
  publishVersion: [`/fgs/functions/${urn}:v1`],
  createAlias: [`/fgs/functions/${urn}/aliases/stable`],
};

async function prepare({ operation }: Guarded): Promise<void> {
  await restore();
  for (const path of removed[operation.id ?? ''] ?? []) await set('DELETE', path);
}

function urlOf({ path, operation: { id, parameters = [] } }: Guarded): string {
  const exampleOf = (name: string) => {
    const example = parameters.find((parameter) => parameter.name === name)?.examples?.['example'];
    return example !== undefined && 'value' in example ? String(example.value) : undefined;
  };
  const filled = path.replaceAll(/:(\w+)/g, (_match, name: string) => {
    if (name === 'project') return exampleProject;
    return known.get(`${id}.${name}`) ?? known.get(name) ?? exampleOf(name) ?? `no-${name}`;
  });
  const query = parameters.filter((parameter) => parameter.in === 'query' && exampleOf(parameter.name) !== undefined);
  const pairs = query.map(({ name }): [string, string] => [name, exampleOf(name) ?? '']);
  return pairs.length === 0 ? filled : `${filled}?${new URLSearchParams(pairs)}`;
}

/** Bodies in place of examples: a key can give another key only what it has. */
const bodies: Readonly<Record<string, unknown>> = {
  createCredential: { rights: ['manage'], functions: ['hello'], agencies: ['results'] },
  simulatePolicy: { function: 'hello', policy: {}, model: { invocations: 1 } },
};
const bodyOf = ({ operation: { id = '', body } }: Guarded): unknown => bodies[id] ?? body?.example;

const needsSocket = ({ operation }: Guarded) => operation.id === 'invokeFunction';

function send(route: Guarded, key: Partial<AccessKey> = {}): Promise<ApiAnswer> {
  const { method } = route;
  return needsSocket(route)
    ? app.signedOverHttp(method, urlOf(route), bodyOf(route), key, { 'x-cff-log-type': 'tail' })
    : app.signedAt(method, urlOf(route), bodyOf(route), key);
}

/** Everything that a request could have changed: documents of the registry, records, and calls. */
const traces = () => ({
  records: Object.fromEntries(
    ['registry', 'notifications', 'invocations', 'invocations.bulk', 'cancellations', 'settlements', 'idempotency'].map(
      (name) => [name, app.recordsOf(name).length],
    ),
  ),
  calls: app.calls.received.length,
});

function isAllowed({ operation: { right, reach } }: Guarded, { rights, limit }: Key): boolean {
  return [right].flat().some((one) => rights.includes(one)) && allowedLimits[reach].includes(limit);
}

/** Operations that no key may use, with the status of their answer to any key. */
const alwaysRefused = new Map([
  ['GET /v3/auth/tokens', 404],
  ['PUT /v2/:project/fgs/functions/:urn/reservedinstances', 400],
  ['GET /docs/docs/swagger-ui-init.js', 404],
  ['GET /docs/index.html', 404],
  ['GET /docs/LICENSE', 404],
]);

/** 2xx answers are alike: a repeated creation answers 200 instead of 201. */
const statusClass = (status: number) => (status < 300 ? 'done' : status);

const nameOf = ({ rights, limit }: Key) => `${rights.join('+')} of ${limit}`;

beforeAll(async () => {
  app = await IngressApp.start({ env: { SENDOFF_PROJECT_ID: exampleProject } });
  await answerTests(app);
  app.calls.answer = () => Promise.resolve(aCallAnswer({ log: 'log of the function' }));
  app.records.page = { records: [record], count: 1 };
  app.records.found = { records: [record] };
  app.records.history = { record, history: { transitions: [], isCut: false } };
  const file = join(app.dataDir, 'objects/results', exampleKey);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, 'text of an object');
  await app.kafka.publisher.publish(
    encodeRedriveChange(app.kafka.topics.name('redrives'), { kind: 'spec', id: redrive.id, spec: redrive }),
  );
  await app.listen();
  guarded = app.routes.filter((route): route is Guarded => route.method !== 'HEAD' && route.operation.isOpen !== true);
  const exactly = accessRights.map((right) => [right]);
  const allBut = accessRights.map((right) => accessRights.filter((other) => other !== right));
  for (const limit of Object.keys(limits) as Limit[])
    for (const rights of [...exactly, ...allBut, accessRights]) {
      const { body } = await set('POST', '/sendoff/credentials', { rights, ...limits[limit] });
      keys.push({ accessKey: body.access_key, secretKey: body.secret_key, limit, rights });
    }
});
afterAll(() => app?.close());

describe('an operation', () => {
  it('that is open is open on purpose', () => {
    const open = app.routes.filter(({ method, operation }) => method !== 'HEAD' && operation.isOpen === true);
    const ofApi = open.filter(({ path }) => !consolePaths.includes(path));
    expect(ofApi.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual([
      ...[
        'GET /asyncapi.json',
        'GET /docs',
        'GET /docs/',
        'GET /docs/*',
        'GET /docs/swagger-ui-init.js',
        'GET /healthz',
        'GET /metrics',
      ],
      ...['GET /openapi.json', 'GET /readyz', 'GET /rest/v2/notifications/subscription/confirm'],
      ...['GET /rest/v2/notifications/subscription/unsubscribe', 'GET /v2/notifications/subscriptions/subscribe'],
      'GET /v2/notifications/subscriptions/unsubscribe',
    ]);
  });

  it('that is guarded refuses a caller without credentials', async () => {
    for (const route of guarded)
      expect([route.path, (await app.raw(route.method, urlOf(route))).status]).toEqual([route.path, 401]);
  });

  it('of a function names it by the parameter urn, which the door checks', () => {
    const named = guarded.filter(({ path }) => /functions\/:urn|triggers\/:urn/.test(path));
    expect(named.filter(({ operation }) => operation.reach !== 'function')).toEqual([]);
    expect(guarded.filter(({ path, operation }) => operation.reach === 'function' && !path.includes(':urn'))).toEqual([]);
  });

  it('that others than readers may use says which fields its answer shows them', () => {
    const silent = guarded.filter(({ operation: { right, answer, shownWithoutRead } }) => {
      const isForOthers = [right].flat().some((one) => one !== 'read');
      const isCall = answer?.example !== undefined && right === 'invoke';
      return isForOthers && !isCall && answer?.example !== undefined && shownWithoutRead === undefined;
    });
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  it('is in the table of docs/rights.md', () => {
    const page = readFileSync('docs/rights.md', 'utf8');
    const missing = guarded.filter(({ operation: { id } }) => id !== undefined && !page.includes(`| \`${id}\` |`));
    expect(missing.map(({ path }) => path)).toEqual([]);
  });
});

describe('with every right and limit,', () => {
  it('each operation opens to the keys that its declaration names, and to no others', async () => {
    const wrong: string[] = [];
    for (const route of guarded) {
      const what = `${route.method} ${route.path}`;
      await prepare(route);
      const before = traces();
      for (const key of keys.filter((one) => !isAllowed(route, one))) {
        const { status, body } = await send(route, key);
        if (status !== 403 && status !== 404) wrong.push(`${what} is open to ${nameOf(key)}: ${status}`);
        for (const secret of secrets)
          if (JSON.stringify(body).includes(secret)) wrong.push(`${what} shows ${secret} in a refusal`);
      }
      if (JSON.stringify(traces()) !== JSON.stringify(before)) wrong.push(`${what}: a refused request left traces`);
      const { status: expected } = await send(route);
      if (expected >= 300 && expected !== alwaysRefused.get(what)) wrong.push(`${what} answers the first key with ${expected}`);
      for (const key of keys.filter((one) => isAllowed(route, one))) {
        if (route.method !== 'GET') await prepare(route);
        const answer = await send(route, key);
        if (statusClass(answer.status) !== statusClass(expected))
          wrong.push(`${what} answers ${nameOf(key)} with ${answer.status}, not ${expected}: ${JSON.stringify(answer.body)}`);
        wrong.push(...leaks(route, key, answer).map((leak) => `${what} shows ${leak} to ${nameOf(key)}`));
      }
    }
    expect(wrong).toEqual([]);
  }, 300_000);
});

/** Returns the texts in an answer that the caller may not see. */
function leaks({ operation }: Guarded, { rights, limit }: Key, { body, headers }: ApiAnswer): readonly string[] {
  const text = JSON.stringify([body, headers['x-cff-function-log']]);
  const log = Buffer.from('log of the function').toString('base64');
  const unreadable = rights.includes('read') ? [] : [...secrets, log];
  const foreign = limit === 'foreign' && operation.reach === 'list' ? foreignNames : [];
  return [...unreadable, ...foreign].filter((secret) => text.includes(secret));
}
