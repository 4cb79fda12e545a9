/**
 * The documents of the API and their page. The one of HTTP is made once, from the controllers and
 * from the descriptions of raw routes; `event-document.ts` makes the one of topics. All are open:
 * they show what the source code shows, and nothing of this installation.
 */
import { Injectable } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, type ReferenceObject, type SchemaObject, SwaggerModule } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { fastifyOf, packageVersion } from '#platform';
import { ApiError } from '../http/api-error.ts';
import { eventDocument } from './event-document.ts';
import { type OperationObject, operationObject, type OperationSpec, tags } from './operation.ts';
import type { RawRoute } from './route-spec.ts';

/** A raw route of Fastify, with its description. */
export interface DescribedRoute {
  readonly method: 'get' | 'post';
  /** As Fastify takes it. */
  readonly path: string;
  readonly operation: OperationSpec;
}

const documentPath = '/openapi.json';
const eventDocumentPath = '/asyncapi.json';
const pagePath = '/docs';
const pageFilesRoute = `${pagePath}/*`;

const openPaths = [documentPath, eventDocumentPath, pagePath, `${pagePath}/`, `${pagePath}/swagger-ui-init.js`, pageFilesRoute];
/** Paths that swagger adds for itself; no page loads them. */
const unusedPaths = [`${pagePath}${pagePath}/swagger-ui-init.js`, `${pagePath}/index.html`, `${pagePath}/LICENSE`];

/** Routes of the document and its page. Anyone may request those that the page consists of. */
export const documentRoutes: readonly RawRoute[] = [
  ...openPaths.map((path) => ({ path, operation: { isOpen: true } }) as const),
  ...unusedPaths.map((path) => ({ path, operation: { right: 'read', reach: 'everyone' } }) as const),
];

/** The files that the page loads. */
const pageFiles: ReadonlySet<string | undefined> = new Set([
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'favicon-16x16.png',
  'favicon-32x32.png',
]);

const securityHeaders = {
  'referrer-policy': 'no-referrer',
  // The page styles its elements inline; its scripts are files. Requests it tries go to this
  // service only.
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const;

const signatureWords =
  '`SDK-HMAC-SHA256 Access=<access key>, SignedHeaders=<names>, Signature=<hex>`, over the request and its `X-Sdk-Date`: ' +
  'what the official SDKs of FunctionGraph and SMN send.';

function skeleton(version: string): Omit<OpenAPIObject, 'paths'> {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Sendoff')
    .setDescription(
      'Self-hosted asynchronous function invocation on Kafka, compatible with the FunctionGraph API. ' +
        `The Kafka topics for other programs are in [${eventDocumentPath}](${eventDocumentPath}), an AsyncAPI document.`,
    )
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .setVersion(version)
    .addServer('/', 'Where this document came from.')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-Auth-Token', description: 'The token of the project.' }, 'token')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'Authorization', description: signatureWords }, 'signature')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-Sdk-Date', description: '`YYYYMMDDTHHMMSSZ`, UTC.' }, 'signingTime')
    .addSecurityRequirements({ token: [] })
    .addSecurityRequirements({ signature: [], signingTime: [] });
  for (const [tag, description] of Object.entries(tags)) builder.addTag(tag, description);
  return builder.build();
}

const errorSchemas: Readonly<Record<string, SchemaObject>> = {
  ApiError: {
    type: 'object',
    description: 'The body of an error. Those of signatures, `APIG.*`, repeat the request id.',
    properties: {
      error_code: { type: 'string', pattern: '^(?:FSS|APIG)\\.\\d{4}$' },
      error_msg: { type: 'string' },
      request_id: { type: 'string', format: 'uuid' },
    },
    required: ['error_code', 'error_msg'],
  },
  SmnError: {
    type: 'object',
    description: 'The body of an error of the SMN API.',
    properties: {
      request_id: { type: 'string', format: 'uuid' },
      code: { type: 'string', pattern: '^SMN\\.\\d{4}$' },
      message: { type: 'string' },
    },
    required: ['request_id', 'code', 'message'],
  },
};
const requestIdHeader = { description: 'The id of this request, also in the log.', schema: { type: 'string', format: 'uuid' } };

/**
 * Makes operation ids unique: a method with several paths is one operation per path. All but the
 * first get a number.
 */
function tellApart(paths: OpenAPIObject['paths']): void {
  const times = new Map<string, number>();
  for (const operation of Object.values(paths).flatMap((item) => Object.values(item) as OperationObject[])) {
    const { operationId = '' } = operation;
    const time = (times.get(operationId) ?? 0) + 1;
    times.set(operationId, time);
    if (time > 1) operation.operationId = `${operationId}${time}`;
  }
}

/**
 * A schema that also accepts null, in the form of JSON Schema 2020-12. The types of swagger
 * describe an older form.
 */
function orNull(schema: SchemaObject | ReferenceObject): SchemaObject {
  if (!('type' in schema)) return { anyOf: [schema, { type: 'null' }] };
  const { type, enum: choices } = schema;
  const orNone = { type: [type, 'null'], ...(choices === undefined ? {} : { enum: [...choices, null] }) };
  return { ...schema, ...(orNone as unknown as SchemaObject) };
}

/** Lets optional fields be null, because the validation treats null as missing. */
function withNulls(schema: SchemaObject): SchemaObject {
  const { properties = {}, required = [] } = schema;
  const fields = Object.entries(properties).map(([name, inner]) => [name, required.includes(name) ? inner : orNull(inner)]);
  return { ...schema, properties: Object.fromEntries(fields) as typeof properties };
}

/**
 * Makes the document.
 * @param routes that swagger does not see.
 */
function documentOf(app: NestFastifyApplication, routes: readonly DescribedRoute[], version: string): OpenAPIObject {
  const { paths, components, ...head } = SwaggerModule.createDocument(app, skeleton(version), { autoTagControllers: false });
  for (const { method, path, operation } of routes) {
    const template = path.replaceAll(/:(\w+)/g, '{$1}');
    paths[template] = { ...paths[template], [method]: operationObject(operation) };
  }
  tellApart(paths);
  const bodies = Object.entries(components?.schemas ?? {}).map(([name, schema]) => [name, withNulls(schema as SchemaObject)]);
  const schemas = { ...(Object.fromEntries(bodies) as Record<string, SchemaObject>), ...errorSchemas };
  return { ...head, paths, components: { ...components, headers: { RequestId: requestIdHeader }, schemas } };
}

/** Makes an object when it is first asked for, and keeps it. */
function onDemand<Value extends object>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}

function serveJson(fastify: FastifyInstance, path: string, document: () => unknown): void {
  const bytes = onDemand(() => Buffer.from(JSON.stringify(document())));
  fastify.get(path, (_request, reply) => reply.header('content-type', 'application/json').send(bytes()));
}

/** The documents at `/openapi.json` and `/asyncapi.json`, and the page of the first at `/docs`. */
@Injectable()
export class ApiDocument {
  /**
   * Adds the routes of the documents and the page; call it after all other raw routes are added.
   * @param routes that swagger does not see.
   */
  async addTo(app: NestFastifyApplication, routes: readonly DescribedRoute[]): Promise<void> {
    const version = await packageVersion();
    // Most services are never asked for it, and to make it takes a third of their start.
    const document = onDemand(() => documentOf(app, routes, version));
    const fastify = fastifyOf(app);
    guardPage(fastify);
    serveJson(fastify, documentPath, document);
    serveJson(fastify, eventDocumentPath, () => eventDocument(version));
    SwaggerModule.setup(pagePath.slice(1), app, document, {
      raw: false,
      customSiteTitle: 'Sendoff API',
      // Otherwise the page would send the document to a validator on the internet.
      swaggerOptions: { validatorUrl: null },
    });
  }
}

/**
 * Adds security headers to the page, keeps caches from its files, and refuses files that the page
 * does not load.
 */
function guardPage(fastify: FastifyInstance): void {
  const pageRoutes: ReadonlySet<string | undefined> = new Set(openPaths);
  fastify.addHook('onRequest', (request, reply, done) => {
    const { url: route } = request.routeOptions;
    if (!pageRoutes.has(route)) return done();
    void reply.headers(securityHeaders);
    const isPageFile = route !== pageFilesRoute || pageFiles.has((request.params as { readonly '*'?: string })['*']);
    done(isPageFile ? undefined : new ApiError('FSS.0404', 'no such file'));
  });
  // The sender of files has an own idea of caches.
  fastify.addHook('onSend', (request, reply, payload, done) => {
    if (pageRoutes.has(request.routeOptions.url)) void reply.header('Cache-Control', 'no-store');
    done(null, payload);
  });
}
