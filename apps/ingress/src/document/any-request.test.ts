/**
 * Goal: every request gets an answer that the document lists; no request causes an internal error
 * or hangs. Method: requests for each operation are drawn from the document. Some are valid, most
 * have another value in one place. They go to a whole ingress over the in-memory broker, in which
 * the resources of the examples exist. Bodies that fit their schemas are checked against the rules
 * themselves; a null field counts as missing.
 */
import type { Type } from '@nestjs/common';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StatusRecord } from '#contracts';
import { type ApiDocument, type Described, followed, operationsOf, requestOf } from '../../../../test/api-document.ts';
import { arbitraryRequest, fitting } from '../../../../test/arbitrary-request.ts';
import { answerTests } from '../../testing/answer-tests.ts';
import { IngressApp } from '../../testing/ingress-app.ts';
import { AliasRoutingDto, CreateAliasDto } from '../functions/versions/alias.dto.ts';
import { CancelDto } from '../invocations/cancel.dto.ts';
import { CredentialDto, RotationDto } from '../access/credential.dto.ts';
import { CreateFunctionDto, FunctionCodeDto, FunctionConfigDto, MaxInstancesDto } from '../functions/function.dto.ts';
import { exampleProject } from './parameters.ts';
import { AgencyDto, PlaceDto } from '../policies/places.dto.ts';
import { PolicyDto } from '../policies/policy.dto.ts';
import { PublicationDto, SubscriptionChangeDto, SubscriptionDto, TopicChangeDto, TopicDto } from '../topics/topic.dto.ts';
import { validated } from '../http/validated.ts';
import { PublishVersionDto } from '../functions/versions/version.dto.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const runsOfEach = 60;
const answerWithinMs = 2_000;

const app = await IngressApp.start({ env: { SENDOFF_PROJECT_ID: exampleProject } });
await answerTests(app);
const document = (await app.raw('GET', '/openapi.json')).body as ApiDocument;
const operations = operationsOf(document);
const withToken = { 'x-auth-token': IngressApp.token };

const aRecord: StatusRecord = {
  requestId: '1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10',
  functionUrn: `urn:fss:local:${exampleProject}:function:default:hello:latest`,
  project: exampleProject,
  status: 'WAIT',
  errorCode: 0,
  errorMessage: '',
  acceptedAt: app.clock.now(),
  attempts: 0,
  tags: [],
  deliveries: [],
};

/** Parameters whose values come from answers, by `operation.parameter`. */
const known = new Map<string, string>();

/** Creates the resources of the examples that do not exist. */
async function furnish(): Promise<void> {
  for (const id of [
    ...['setAgency', 'setPlace', 'createTopic', 'addSubscription', 'createCredential'],
    ...['createFunction', 'publishVersion', 'createAlias', 'setAsyncInvokeConfig'],
  ]) {
    const described = operations.get(id) as Described;
    const { method, url, body } = requestOf(described, () => undefined);
    const answer = await app.raw(method, url, body, withToken);
    if (answer.status < 300) for (const [parameter, value] of followed(described, answer.body)) known.set(parameter, value);
  }
}

/**
 * Sends a request. The synchronous invocation sets the timeout of its socket, so it needs a real
 * one.
 */
const send = (id: string): IngressApp['raw'] => (id === 'invokeFunction' ? app.overHttp : app.raw).bind(app);

beforeAll(async () => {
  await app.listen();
  // A cancel waits for the record of an unknown invocation.
  app.records.page = { records: [aRecord], count: 1 };
  await furnish();
});
afterAll(() => app.close());

/** The body of an error, in the form of the API that its code belongs to. */
function errorOf(code: unknown): unknown {
  const text = expect.any(String);
  return String(code).startsWith('SMN.') ? { request_id: text, code, message: text } : { error_code: code, error_msg: text };
}

describe(`any request (seed ${seed})`, () => {
  it.each([...operations.values()].map((described) => [described.id, described] as const))(
    'for %s gets an answer that the document lists',
    async (id, described) => {
      const property = fc.asyncProperty(
        arbitraryRequest(described, document, (name) => known.get(`${id}.${name}`)),
        async (request) => {
          const { status, headers, body } = await send(id)(request.method, request.url, request.body, {
            ...request.headers,
            ...withToken,
          });
          expect([status < 500, body]).toEqual([true, body]);
          expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
          const code = body?.error_code ?? body?.code;
          if (status >= 400) expect(body).toEqual(errorOf(code));
          if (request.isRouted) {
            const { responses, requestBody } = described.operation;
            const told = Object.entries(responses).flatMap(([said, { content }]) => [
              said,
              ...Object.keys(content?.['application/json']?.examples ?? {}),
            ]);
            // A body is parsed even if the operation needs none, so it must be JSON.
            const ofBody = requestBody === undefined ? ['FSS.0406'] : [];
            expect([...told, ...ofBody]).toContain(status >= 400 ? code : String(status));
          }
          if (request.method === 'DELETE' && status < 300) await furnish();
        },
      );
      await fc.assert(property, { seed, numRuns: runsOfEach, timeout: answerWithinMs });
    },
    60_000,
  );
});

describe(`a body that fits its schema (seed ${seed})`, () => {
  it.each<Type<object>>([
    ...[CreateFunctionDto, FunctionConfigDto, FunctionCodeDto, MaxInstancesDto, PolicyDto],
    ...[PublishVersionDto, CreateAliasDto, AliasRoutingDto, CancelDto, AgencyDto, PlaceDto, CredentialDto, RotationDto],
    ...[TopicDto, TopicChangeDto, SubscriptionDto, SubscriptionChangeDto, PublicationDto],
  ])('passes the rules of $name', (dto) => {
    const schema = document.components.schemas[dto.name] ?? {};
    fc.assert(
      fc.property(fitting(schema, document), (body) => {
        const said = JSON.parse(JSON.stringify(body), (_name, value: unknown) => value ?? undefined) as object;
        expect(validated(dto, body, { rejectUnknown: true })).toMatchObject(said);
      }),
      { seed, numRuns: runsOfEach },
    );
  });
});
