/**
 * Goal: the document describes the service completely and correctly. Method: a whole ingress over
 * the in-memory broker serves its document. The tests compare the document with the routes and with
 * the rules of OpenAPI 3.1. Then they send each example exactly as it is, in an order that works,
 * and compare the answers.
 */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BacklogReport,
  cloudEventHeaders,
  encodeAuditEntry,
  encodeRedriveChange,
  encodeTargetChange,
  epochMs,
  type FoundRecord,
  type InvocationHistory,
  type Notice,
  type Reject,
  type RedriveRun,
  type RedriveSpec,
  type StatusRecord,
  type Tally,
  type TargetNotices,
} from '#contracts';
import { firstRun } from '#lifecycle';
import { SubscriptionTokens } from '#platform';
import { builtAt } from '#testing';
import { aCallAnswer } from '../../testing/fake-services.ts';
import { answerTests } from '../../testing/answer-tests.ts';
import { IngressApp } from '../../testing/ingress-app.ts';
import { type Described, examplesOf, followed, operationsOf, requestOf, shapeOf } from '../../../../test/api-document.ts';
import { consolePaths } from '../console/console-routes.ts';
import { exampleKey } from '../contents/contents.operations.ts';
import { addTallies } from '../records/ledger.controller.ts';
import { documentRoutes } from './api-document.ts';
import { exampleProject } from './parameters.ts';

let app: IngressApp;
// oxlint-disable-next-line typescript/no-explicit-any -- any document; the tests check its shape
let document: any;
let operations: ReadonlyMap<string, Described>;

/** Always refused, so the document leaves it out. */
const notOffered = 'PUT /v2/{project}/fgs/functions/{urn}/reservedinstances';

const settled: StatusRecord = {
  requestId: '1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10',
  functionUrn: `urn:fss:local:${exampleProject}:function:default:hello:latest`,
  project: exampleProject,
  status: 'SUCCESS',
  errorCode: 0,
  errorMessage: '',
  acceptedAt: epochMs(1_800_000_000_000),
  endedAt: epochMs(1_800_000_001_000),
  attempts: 1,
  tags: ['nightly', 'shop:7'],
  deliveries: [
    {
      deliveryId: 'on_success',
      state: 'delivered',
      tries: 1,
      at: epochMs(1_800_000_001_000),
      location: 'results/hello/1f0d.json',
    },
  ],
};

const { endedAt: _endedAt, ...begun } = settled;
const waiting: StatusRecord = { ...begun, status: 'WAIT', dueAt: epochMs(1_800_000_002_000), tags: [], deliveries: [] };
const at = epochMs(1_800_000_001_000);
const notice: Notice = {
  ...{ requestId: settled.requestId, functionUrn: settled.functionUrn, acceptedAt: settled.acceptedAt },
  ...{ deliveryId: 'OBS:results', state: 'pending', tries: 1, at, dueAt: at, reason: 'busy' },
};
const reject: Reject = {
  ...{ code: 'record-malformed', functionUrn: settled.functionUrn, project: 'p1', reason: 'odd', at },
  ...{ origin: { partition: 3, offset: 7, at }, partition: 0, offset: 2 },
};
const target: TargetNotices = {
  ...{ deliveryId: 'OBS:results', pending: 3, undelivered: 0, deliveredAt: at, error: { reason: 'busy', at } },
};
const foundBySearch: StatusRecord = { ...settled, tags: [], deliveries: [] };
/** An invocation that a redrive can start again. */
const keptPayload: FoundRecord = {
  ...foundBySearch,
  places: [{ topic: 'invocations', partition: 0, offset: 1, at: settled.acceptedAt }],
};
const explained: InvocationHistory = {
  record: { ...waiting, dueAt: epochMs(4_000_000_000_000) },
  history: {
    transitions: [
      { at: epochMs(1_800_000_000_000), kind: 'queued', attempt: 1 },
      { at: epochMs(1_800_000_001_000), kind: 'delayed', attempt: 2, error: 'no luck', dueAt: epochMs(4_000_000_000_000) },
    ],
    isCut: false,
  },
  expiresAt: epochMs(4_000_000_000_000),
};

const redrive: RedriveSpec = {
  ...{ id: '019abcde-5f0b-4c57-8d1f-2b7a6c9e4d10', project: exampleProject, createdAt: at, createdBy: 'token' },
  selection: {
    kind: 'failed',
    functionUrns: [settled.functionUrn],
    statuses: ['FAIL'],
    errorCode: 4202,
    errorText: 'no luck',
    beginAt: at,
    endAt: at,
  },
  ...{ ratePerSecond: 10, canary: 5, stopAtShare: 0.2, selectedMax: 100, expected: 7 },
};
const redriveRun: RedriveRun = {
  ...firstRun('one', at),
  refusals: [{ reason: 'payload-deleted', count: 1 }],
  examples: [{ requestId: settled.requestId, reason: 'payload-deleted' }],
};

/** Writes an object and a record, as a notifier does. */
async function writeContents(): Promise<void> {
  const file = join(app.dataDir, 'objects/results', exampleKey);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, 'text of an object');
  const topic = app.kafka.topics.ofStream('orders');
  const event = { id: 'r1', source: 'urn', type: 'dev.sendoff.invocation.succeeded', at, contentType: 'application/json' };
  await app.kafka.admin.ensureTopics([{ topic, partitions: 1, isCompacted: false, retentionMs: -1 }]);
  await app.kafka.publisher.publish({ topic, key: 'r1', value: Buffer.from('{}'), headers: cloudEventHeaders(event) });
}

beforeAll(async () => {
  app = await IngressApp.start({ env: { SENDOFF_PROJECT_ID: exampleProject } });
  await answerTests(app);
  const change = {
    kind: 'health',
    target: { project: exampleProject, deliveryId: target.deliveryId },
    health: { failures: 12, failingSince: at, error: { reason: 'busy', at }, openUntil: epochMs(app.clock.now() + 1_000) },
  } as const;
  await app.kafka.publisher.publish(encodeTargetChange(app.kafka.topics.name('targets'), change));
  const topic = app.kafka.topics.name('redrives');
  const changes = [
    { kind: 'spec', id: redrive.id, spec: redrive } as const,
    { kind: 'run', id: redrive.id, run: redriveRun } as const,
  ];
  await app.kafka.publisher.publish(changes.map((one) => encodeRedriveChange(topic, one)));
  const act = { at, project: exampleProject, by: 'token', act: 'pauseFunction', object: 'hello', outcome: 'done' };
  const acts = Array.from({ length: 20 }, (_, number) =>
    encodeAuditEntry(app.kafka.topics.name('audit'), { ...act, requestId: `r${number}` }),
  );
  await app.kafka.publisher.publish(acts);
  app.calls.answer = () => Promise.resolve(aCallAnswer({}, '{"greeting":"hello world"}'));
  await writeContents();
  await app.listen();
  document = (await app.raw('GET', '/openapi.json')).body;
  operations = operationsOf(document);
});
afterAll(() => app?.close());

describe('the document', () => {
  it('has exactly one operation per route', () => {
    const routes = app.routes
      .filter(({ method, path }) => method !== 'HEAD' && !consolePaths.includes(path))
      .filter(({ path }) => documentRoutes.every((route) => route.path !== path))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const described = [...operations.values()].map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect([...described, notOffered].toSorted()).toEqual([...new Set(routes)].toSorted());
  });

  it('is OpenAPI 3.1 with the version of the package and a relative server', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Sendoff', version }, servers: [{ url: '/' }] });
  });

  it('is the same to the byte on each request and in each ingress', async () => {
    const other = await IngressApp.start();
    const texts = await Promise.all([app, app, other].map(async (one) => (await one.raw('GET', '/openapi.json')).body));
    await other.close();
    expect(new Set(texts.map((text) => JSON.stringify(text))).size).toBe(1);
  });

  it('has no dangling and no unused component', () => {
    const refs = new Set([...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/([^"]+)"/g)].map(([, ref = '']) => ref));
    const { schemas, headers } = document.components;
    const there = [
      ...Object.keys(schemas).map((name) => `schemas/${name}`),
      ...Object.keys(headers).map((name) => `headers/${name}`),
    ];
    expect(there.toSorted()).toEqual([...refs].toSorted());
  });

  it('declares each security scheme, tag and linked operation that it uses', () => {
    const schemes = Object.keys(document.components.securitySchemes);
    const asked = [document, ...[...operations.values()].map(({ operation }) => operation)].flatMap(
      ({ security = [] }) => security,
    );
    expect(new Set(asked.flatMap((one) => Object.keys(one)))).toEqual(new Set(schemes));
    const tags = document.tags.map(({ name }: { name: string }) => name);
    expect(new Set([...operations.values()].flatMap(({ operation }) => operation.tags))).toEqual(new Set(tags));
    for (const { links } of [...operations.values()].flatMap(({ operation }) => Object.values(operation.responses)))
      for (const { operationId, parameters } of Object.values(links ?? {})) {
        const names = operations.get(operationId)?.operation.parameters.map(({ name }) => name);
        expect(names).toEqual(expect.arrayContaining(Object.keys(parameters)));
      }
  });
});

describe('each operation', () => {
  const each = (check: (described: Described) => void) => {
    expect(operations.size).toBeGreaterThan(30);
    for (const described of operations.values()) check(described);
  };

  it('has all that OpenAPI requires, and a summary of one sentence', () => {
    each(({ id, path, operation: { summary, responses, parameters, ...rest } }) => {
      expect([id, summary]).toEqual([expect.stringMatching(/^[a-z]\w+$/), expect.stringMatching(/^[A-Z][^.]+\.$/)]);
      const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`);
      expect([id, inPath.toSorted()]).toEqual([id, (path.match(/\{\w+\}/g) ?? []).toSorted()]);
      for (const { name, required, schema, in: where } of parameters)
        expect([id, name, required, 'type' in schema || 'anyOf' in schema]).toEqual([id, name, where === 'path', true]);
      for (const [status, response] of Object.entries(responses)) {
        expect([id, status, response.description]).toEqual([id, expect.stringMatching(/^\d{3}$/), expect.stringMatching(/./)]);
        expect([id, Object.keys(response.headers ?? {})]).toEqual([id, ['X-Request-Id']]);
      }
      if (rest.requestBody !== undefined) expect(rest.requestBody.content).toHaveProperty(['application/json', 'schema']);
    });
  });

  it('says in words and in extensions which right it needs, and what a limited key may use it for', () => {
    const { createTopic, invokeFunction, healthz } = Object.fromEntries(
      [...operations].map(([id, { operation }]) => [id, operation]),
    );
    expect(createTopic).toMatchObject({ 'x-sendoff-right': ['manage'], 'x-sendoff-reach': 'body' });
    expect(invokeFunction).toMatchObject({ 'x-sendoff-right': ['invoke'], 'x-sendoff-reach': 'function' });
    expect(Object.keys(healthz ?? {}).filter((name) => name.startsWith('x-'))).toEqual([]);
    each(({ id, operation }) => {
      const described = operation as unknown as Record<string, unknown>;
      const words =
        described['security'] === undefined ? /Needs the right `\w+`.+ A limited key may use it \w/ : /Needs no credentials\.$/;
      expect([id, described['description']]).toEqual([id, expect.stringMatching(words)]);
    });
  });

  it('lists its errors, in the form of the API', () => {
    each(({ id, operation }) => {
      const errors = Object.entries(operation.responses).filter(([status]) => Number(status) >= 400);
      const examples = errors.flatMap(([, { content }]) => Object.entries(content?.['application/json']?.examples ?? {}));
      for (const [code, { value }] of examples.filter(([name]) => name !== 'otherwise')) {
        const [request_id, text] = [expect.any(String), expect.any(String)];
        if (code.startsWith('SMN.')) expect([id, value]).toEqual([id, { request_id, code, message: text }]);
        else expect([id, value]).toMatchObject([id, { error_code: code, error_msg: text }]);
      }
      expect([id, examples.map(([code]) => code)]).toEqual([id, expect.arrayContaining(['FSS.0500'])]);
      if (operation.security === undefined)
        expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '403']));
    });
  });

  it('has an example', () => {
    each(({ id, operation }) => {
      const { request, answer } = examplesOf(operation);
      expect([id, Object.keys(request.path).length]).toEqual([
        id,
        operation.parameters.filter((parameter) => parameter.in === 'path').length,
      ]);
      expect([id, request.body !== undefined]).toEqual([id, operation.requestBody !== undefined]);
      expect([id, answer.status < 400]).toEqual([id, true]);
    });
  });
});

const counted = 'urn:fss:local:p1:function:default:hello:latest';
const tally: Tally = { ...addTallies([]), accepted: 9, queued: 1, running: 2, ended_0: 5, ended_4203: 1, notices_pending: 1 };
const backlog: BacklogReport = {
  functionUrn: counted,
  tally,
  oldestAt: builtAt,
  recent: { accepted: 9, starts: 8, late_ms: 12, late_ms_max: 5, ended: 6 },
  drainMs: 1_500,
  atRisk: 0,
};

/** An order in which every resource exists when an example needs it. */
const order = [
  ...['healthz', 'readyz', 'metrics', 'listProjects', 'listDomains', 'showCatalog', 'showToken', 'listReservedInstanceConfigs'],
  ...['listReservedInstances', 'listTriggers', 'listDependencies', 'listQuotas'],
  ...['enableAsyncStatusLogs', 'showAsyncStatusLogDetail', 'listLogStreams'],
  ...['createCredential', 'listCredentials', 'showCredential', 'disableCredential', 'enableCredential', 'rotateCredential'],
  ...['setAgency', 'showAgency', 'listAgencies', 'setPlace', 'showPlace', 'listPlaces'],
  ...['listBucketObjects', 'readBucketObject', 'listStreamRecords'],
  ...['createTopic', 'showTopic', 'listTopicAttributes', 'listTopicTags', 'listTopics', 'updateTopic', 'publishMessage'],
  ...['addSubscription', 'listSubscriptionsOfTopic', 'listSubscriptions', 'confirmSubscription', 'confirmSubscription2'],
  ...['updateSubscription', 'deleteSubscription', 'addSubscription', 'deleteSubscriptionOfTopic'],
  ...['addSubscription', 'unsubscribe', 'addSubscription', 'unsubscribe2'],
  ...['createFunction', 'listFunctions', 'showFunctionConfig', 'showFunctionCode'],
  ...['updateFunctionConfig', 'updateFunctionCode', 'downloadFunctionArchive', 'updateFunctionMaxInstances', 'showCallSecret'],
  'readFunctionLog',
  ...['exportFunction', 'downloadFunctionExport', 'importFunction'],
  ...['createFunctionTags', 'listFunctionTags', 'deleteFunctionTags'],
  ...['listFunctionTriggers', 'deleteFunctionTriggers', 'listFunctionEvents', 'showFunctionLogDetail'],
  ...['publishVersion', 'listVersions', 'createAlias', 'listAliases', 'showAlias', 'updateAlias', 'deleteAlias'],
  ...['setAsyncInvokeConfig', 'showAsyncInvokeConfig', 'listAsyncInvokeConfigs'],
  ...['uploadPayload', 'downloadPayload'],
  ...['invokeFunction', 'invokeFunctionAsync', 'cancelAsyncInvocation', 'listAsyncInvocations', 'listActiveAsyncInvocations'],
  ...[
    'searchInvocations',
    'explainInvocation',
    'showInvocationPayload',
    'followEvents',
    'listNotices',
    'listTargets',
    'enableTarget',
  ],
  ...['testTarget', 'simulatePolicy'],
  ...[
    'listLedger',
    'listRejects',
    'showFunctionLedger',
    'listFunctionStatistics',
    'showFunctionMetrics',
    'listStatistics',
    'listBacklogs',
  ],
  'listDueTimes',
  ...['pauseFunction', 'showSteering', 'resumeFunction', 'purgeFunction'],
  ...['startRedrive', 'listRedrives', 'showRedrive', 'cancelRedrive', 'resumeRedrive', 'listAuditEntries'],
  ...['deleteAsyncInvokeConfig', 'deleteFunction', 'deleteTopic', 'deletePlace', 'deleteAgency', 'deleteCredential'],
];

const tokens = new SubscriptionTokens((await IngressApp.keys).subscriptions);

describe('the example', () => {
  /** Parameters from earlier answers, found by the links of the document. */
  const known = new Map<string, string>();

  /**
   * The links of subscribers are in no answer, so they are made here as the notifier makes them.
   */
  function sendLinks(subscriptionUrn: string): void {
    for (const time of ['', '2']) {
      known.set(`confirmSubscription${time}.token`, tokens.issue('confirm', subscriptionUrn));
      known.set(`unsubscribe${time}.token`, tokens.issue('unsubscribe', subscriptionUrn));
      known.set(`unsubscribe${time}.subscription_urn`, subscriptionUrn);
    }
  }

  it.each(order)('of %s gets the answer of the document', async (id) => {
    const described = operations.get(id);
    if (described === undefined) throw new Error(`no operation has the id ${id}`);
    app.logs.pages = [{ lines: [{ at: epochMs(1_800_000_000_000), requestId: 'r1', text: 'hello' }] }];
    app.records.page = { records: [id === 'listActiveAsyncInvocations' ? waiting : settled], count: 1 };
    const records = id === 'startRedrive' ? [keptPayload, foundBySearch] : [foundBySearch];
    app.records.found = { records, next: '1800000000000-r1' };
    app.records.history = explained;
    app.records.noticePage = { notices: [notice], hasMore: false };
    app.records.rejectPage = { rejects: [reject], hasMore: false };
    app.records.targetPage = { targets: [target], hasMore: false };
    app.records.ledger = {
      functions: [{ functionUrn: counted, tally, rejects: { 'record-malformed': 1 } }],
      proof: { provenAt: builtAt, unaccounted: [] },
    };
    app.records.ledgerOfNone = { functions: [{ functionUrn: '', tally, rejects: { 'function-unknown': 1 } }] };
    app.records.reports = [backlog];
    const { method, url, headers, body } = requestOf(described, (parameter) => known.get(`${id}.${parameter}`));
    const all = { ...headers, 'x-auth-token': IngressApp.token };
    const answer = id === 'invokeFunction' ? await app.overHttp(method, url, body, all) : await app.raw(method, url, body, all);
    const { status, body: documented } = examplesOf(described.operation).answer;
    // The body is compared with itself to show it if the status differs.
    expect([answer.status, answer.body]).toEqual([status, answer.body]);
    expect(shapeOf(answer.body)).toEqual(shapeOf(documented));
    for (const [parameter, value] of followed(described, answer.body)) known.set(parameter, value);
    if (id === 'setPlace') await app.raw('PUT', `/v2/${exampleProject}/sendoff/streams/orders`, {}, all);
    if (id === 'addSubscription') sendLinks(answer.body.subscription_urn);
  });

  it('of every operation is in the order', () => {
    expect([...new Set(order)].toSorted()).toEqual([...operations.keys()].toSorted());
  });
});

describe('the page', () => {
  const files = ['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-standalone-preset.js', 'swagger-ui-init.js'];

  it('and its files are open, and come from this service only', async () => {
    const page = await app.raw('GET', '/docs');
    expect([page.status, page.headers['content-type']]).toEqual([200, expect.stringMatching(/^text\/html/)]);
    const sources = [...String(page.body).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source);
    expect(sources).toEqual(expect.arrayContaining(files.map((file) => `./docs/${file}`)));
    for (const source of sources)
      expect(await app.raw('GET', new URL(source ?? '', 'http://a/docs').pathname)).toMatchObject({ status: 200 });
    expect(String((await app.raw('GET', '/docs/swagger-ui-init.js')).body)).toContain('"operationId": "createFunction"');
  });

  it.each(['/openapi.json', '/docs', '/docs/', '/docs/swagger-ui-init.js', '/docs/swagger-ui-bundle.js'])(
    'and the document have security headers for browsers: %s',
    async (path) => {
      const { status, headers } = await app.raw('GET', path);
      expect(status).toBe(200);
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; /);
    },
  );

  it.each([
    ['a file the page does not load', '/docs/package.json', 404],
    ['a missing file', '/docs/nothing.js', 404],
    ['a path that climbs', '/docs/%2e%2e/%2e%2e/package.json', 404],
    ['a path that climbs, encoded twice', '/docs/..%2f..%2fpackage.json', 404],
    ['a path that swagger adds', '/docs/docs/swagger-ui-init.js', 401],
  ])('makes no other path open: %s', async (_what, path, status) => {
    const answer = await app.raw('GET', path);
    expect([answer.status, answer.body]).toEqual([status, { error_code: expect.any(String), error_msg: expect.any(String) }]);
  });
});
