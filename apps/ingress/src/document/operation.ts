/**
 * The declaration of an operation, in one form for controllers of Nest and for raw routes of
 * Fastify. {@link Operation} passes it to swagger. {@link operationObject} describes a route that
 * swagger does not see.
 */
import { applyDecorators, type Type } from '@nestjs/common';
import {
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  getSchemaPath,
  type OpenAPIObject,
  type ReferenceObject,
  type SchemaObject,
} from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import { apiCodes, type ApiCode } from '../http/api-codes.ts';
import { ApiError } from '../http/api-error.ts';
import { describeDto } from './dto-schema.ts';
import { type Parameter, project } from './parameters.ts';
import { reaches, rightsOf, type RouteSpec } from './route-spec.ts';

type PathItem = OpenAPIObject['paths'][string];
/** An operation object of OpenAPI. */
export type OperationObject = NonNullable<PathItem['get']>;
type ResponseObject = Exclude<OperationObject['responses'][string], ReferenceObject | undefined>;
type Links = NonNullable<ResponseObject['links']>;

/** Groups of operations, in the order of the document. */
export const tags = {
  Functions: 'Create, show, change, delete.',
  'Versions and aliases': 'Frozen copies of a function, and names for them.',
  'Asynchronous configurations': 'Retries, validity period and destinations of a function: its policy.',
  Invocations: 'Requests to run a function, and records of their outcomes.',
  Steering: 'Pausing functions, and other acts of an operator on their invocations.',
  'Audit log': 'Who changed what, and with which outcome.',
  'Access keys': 'Keys that sign requests, with the rights to invoke, read or manage.',
  Notices: 'Notifications as they are delivered, and the state of their targets.',
  Topics: 'Topics (pub/sub), and publishing to them.',
  Subscriptions: 'Endpoints that get the messages of a topic.',
  Places: 'Agencies and their grants, and the buckets and streams that policies may name.',
  'Before the first request': 'Operations of IAM that clients call first.',
  Probes: 'Health and metrics of the service, open to anyone.',
} as const;

/** An answer, described by an example. */
export interface Answer {
  readonly status: number;
  /** The body of an answer of this service. Its schema has the fields and types of the example. */
  readonly example?: unknown;
  /** Default: `application/json`. */
  readonly mediaType?: string;
  /**
   * Values of the answer that other operations take as parameters: operation, then parameter, then
   * a JSON pointer.
   */
  readonly leadsTo?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The declaration of an operation, for the HTTP layers and for the document. */
export type OperationSpec = RouteSpec & OperationWords;

/** The part of a declaration that only the document shows. */
export interface OperationWords {
  readonly id: string;
  readonly tag: keyof typeof tags;
  /** One sentence. */
  readonly summary: string;
  /** Details that do not fit into the summary. */
  readonly description?: string;
  /** All parameters but the project, which every guarded operation has. */
  readonly parameters?: readonly Parameter[];
  readonly body?: {
    /** The class that checks the body, or a schema if no class does. */
    readonly of: Type<object> | SchemaObject;
    readonly isOptional?: boolean;
    readonly example: unknown;
  };
  readonly answer: Answer;
  /** A second answer that is not an error of the API. */
  readonly otherwise?: Answer;
  /** Error codes of this operation, beside those that all operations of its kind have. */
  readonly codes?: readonly ApiCode[];
  /**
   * Whether the path begins with the project of the credentials. Default: true, unless the
   * operation is open.
   */
  readonly isOfProject?: boolean;
}

/** Derives a schema from an example: types and fields, without bounds. */
function schemaByExample(example: unknown): SchemaObject {
  if (Array.isArray(example)) return { type: 'array', items: example.length === 0 ? {} : schemaByExample(example[0]) };
  if (typeof example !== 'object' || example === null)
    return { type: Number.isInteger(example) ? 'integer' : (typeof example as 'string' | 'number' | 'boolean') };
  const properties = Object.entries(example).map(([name, value]) => [name, schemaByExample(value)]);
  return { type: 'object', properties: Object.fromEntries(properties) as Record<string, SchemaObject> };
}

const requestIdHeader = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } };
const linkName = (operation: string, parameter: string) => `${operation}.${parameter}`;

function linksOf(leadsTo: NonNullable<Answer['leadsTo']>): Links {
  const links = Object.entries(leadsTo).flatMap(([operationId, parameters]) =>
    Object.entries(parameters).map(([parameter, pointer]) => [
      linkName(operationId, parameter),
      { operationId, parameters: { [parameter]: `$response.body#${pointer}` } },
    ]),
  );
  return Object.fromEntries(links) as Links;
}

/** Each event of a stream has a form of its own, which the description tells. */
const eventStream = 'text/event-stream';

function answerObject({ status, example, mediaType = 'application/json', leadsTo }: Answer, name: string): ResponseObject {
  return {
    description: status === 202 ? 'Accepted.' : 'Done.',
    headers: requestIdHeader,
    ...(example === undefined
      ? {}
      : {
          content: {
            [mediaType]: {
              ...(mediaType === eventStream ? {} : { schema: schemaByExample(example) }),
              examples: { [name]: { value: example } },
            },
          },
        }),
    ...(leadsTo === undefined ? {} : { links: linksOf(leadsTo) }),
  };
}

/** Returns the error codes of an operation, with those that follow from its parts. */
function codesOf({ codes = [], body, isOpen = false }: OperationSpec): readonly ApiCode[] {
  const ofRequest: readonly ApiCode[] = isOpen ? [] : ['APIG.0301', 'FSS.0400', 'FSS.0401', 'FSS.0403'];
  const ofBody: readonly ApiCode[] = body === undefined ? [] : ['FSS.0400', 'FSS.0406', 'FSS.0413', 'FSS.0415', 'FSS.0429'];
  return [...new Set([...ofRequest, ...ofBody, ...codes, 'FSS.0431' as const, 'FSS.0500' as const])].toSorted();
}

/** The schema of errors with these codes: each has the form of the API that its code belongs to. */
function errorSchemas(codes: readonly ApiCode[]): SchemaObject | ReferenceObject {
  const names = [...new Set(codes.map((code) => (code.startsWith('SMN.') ? 'SmnError' : 'ApiError')))];
  const [first = { $ref: '' }, ...others] = names.map((name) => ({ $ref: `#/components/schemas/${name}` }));
  return others.length === 0 ? first : { oneOf: [first, ...others] };
}

/** One response per status. Its codes are told apart in the description and by examples. */
function errorObjects(codes: readonly ApiCode[]): Record<string, ResponseObject> {
  const byStatus = Map.groupBy(codes, (code) => String(apiCodes[code].status));
  const responses = [...byStatus].map(([status, ofStatus]): [string, ResponseObject] => {
    const examples = ofStatus.map((code) => [
      code,
      { value: new ApiError(code, apiCodes[code].meaning).bodyFor('7c2f1d9e-0b3a-4e5d-8f6c-1a2b3c4d5e6f') },
    ]);
    return [
      status,
      {
        description: ofStatus.map((code) => `\`${code}\`: ${apiCodes[code].meaning}`).join('\n\n'),
        headers: requestIdHeader,
        content: {
          'application/json': {
            schema: errorSchemas(ofStatus),
            examples: Object.fromEntries(examples) as Record<string, { value: unknown }>,
          },
        },
      },
    ];
  });
  return Object.fromEntries(responses);
}

function isClass(of: Type<object> | SchemaObject): of is Type<object> {
  return typeof of === 'function';
}

function bodyParts({ of, isOptional = false, example }: NonNullable<OperationSpec['body']>) {
  return {
    required: !isOptional,
    schema: isClass(of) ? { $ref: getSchemaPath(of) } : of,
    examples: { example: { value: example } },
  };
}

/** The rights that open a route, in words. */
export function rightWords(spec: RouteSpec): string {
  return rightsOf(spec)
    .map((one) => `\`${one}\``)
    .join(' or ');
}

/** Says which callers may use an operation, for the document. */
function accessWords(spec: RouteSpec): string {
  if (spec.isOpen) return 'Needs no credentials.';
  return `Needs the right ${rightWords(spec)}. A limited key may use it ${reaches[spec.reach]}.`;
}

/** The same for programs, as extensions of OpenAPI. */
function accessExtensions(spec: RouteSpec): Record<`x-${string}`, unknown> {
  return spec.isOpen ? {} : { 'x-sendoff-right': rightsOf(spec), 'x-sendoff-reach': spec.reach };
}

/** An operation object of OpenAPI. */
export function operationObject(spec: OperationSpec): OperationObject {
  const { id, tag, summary, description, parameters = [], body, answer, otherwise, isOpen = false, isOfProject = !isOpen } = spec;
  const { required, ...media } = body === undefined ? { required: undefined } : bodyParts(body);
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: description === undefined ? accessWords(spec) : `${description}\n\n${accessWords(spec)}`,
    parameters: isOfProject ? [project, ...parameters] : [...parameters],
    ...(required === undefined ? {} : { requestBody: { required, content: { 'application/json': media } } }),
    responses: {
      [answer.status]: answerObject(answer, 'example'),
      ...(otherwise === undefined ? {} : { [otherwise.status]: answerObject(otherwise, 'otherwise') }),
      ...errorObjects(codesOf(spec)),
    },
    ...(isOpen ? { security: [] } : {}),
    ...accessExtensions(spec),
  };
}

const parameterDecorators = { path: ApiParam, query: ApiQuery, header: ApiHeader } as const;

/**
 * Declares the operation of a controller's method: to the HTTP layers, and to the document as
 * {@link operationObject} does for raw routes.
 */
export function Operation(spec: OperationSpec): MethodDecorator {
  const { parameters, requestBody: _body, responses, ...words } = operationObject(spec);
  const { body } = spec;
  if (body !== undefined && isClass(body.of)) describeDto(body.of);
  return applyDecorators(
    RouteConfig({ operation: spec }),
    ApiOperation(words),
    ...(parameters as readonly Parameter[]).map((parameter) => parameterDecorators[parameter.in as 'path'](parameter)),
    ...(body === undefined ? [] : [ApiBody(bodyParts(body))]),
    ...(body !== undefined && isClass(body.of) ? [ApiExtraModels(body.of)] : []),
    ...Object.entries(responses).map(([status, response]) =>
      ApiResponse({ ...(response as ResponseObject), status: Number(status) }),
    ),
  );
}
