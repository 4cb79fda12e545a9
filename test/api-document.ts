/** Reads the API's document as any client would: nothing here knows the service. */

interface Example {
  readonly value: unknown;
}

/** A schema, as far as requests are made from it. */
export interface Schema {
  readonly $ref?: string;
  /** Of several any one fits. */
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  /** Nothing fits. */
  readonly not?: Schema;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Of text, as UTF-8. */
  readonly 'x-utf8-bytes-max'?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Media {
  readonly schema: Schema;
  readonly examples?: Readonly<Record<string, Example>>;
}

/** A parameter of an operation. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Schema;
  readonly examples?: Readonly<Record<string, Example>>;
}

interface Link {
  readonly operationId: string;
  readonly parameters: Readonly<Record<string, string>>;
}

interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, Media>>;
  readonly links?: Readonly<Record<string, Link>>;
}

/** An operation. */
export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, Response>>;
  readonly security?: readonly Readonly<Record<string, unknown>>[];
}

/** The document. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** An operation, and where it is. */
export interface Described {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** The operations of a document by id. @throws Error for an id that is there twice. */
export function operationsOf(document: ApiDocument): ReadonlyMap<string, Described> {
  const operations = new Map<string, Described>();
  for (const [path, item] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(item)) {
      const id = operation.operationId;
      if (operations.has(id)) throw new Error(`two operations are called ${id}`);
      operations.set(id, { id, method, path, operation });
    }
  return operations;
}

/** The example of an operation: the request it sends and the answer it expects. */
export interface Examples {
  readonly request: {
    readonly path: Readonly<Record<string, string>>;
    readonly query: Readonly<Record<string, string>>;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
  readonly answer: { readonly status: number; readonly body: unknown; readonly links: readonly Link[] };
}

/** The example of an operation. @throws Error for an operation without a good answer. */
export function examplesOf({ parameters, requestBody, responses }: Operation): Examples {
  const given = (where: Parameter['in']) =>
    Object.fromEntries(
      parameters
        .filter((parameter) => parameter.in === where)
        .flatMap(({ name, examples }) =>
          examples?.['example'] === undefined ? [] : [[name, String(examples['example'].value)]],
        ),
    ) as Record<string, string>;
  const good = Object.entries(responses).find(
    ([status, { content = {} }]) =>
      Number(status) < 400 && Object.values(content).every(({ examples }) => examples?.['example'] !== undefined),
  );
  if (good === undefined) throw new Error('no good answer is documented');
  const [status, { content = {}, links = {} }] = good;
  return {
    request: {
      path: given('path'),
      query: given('query'),
      headers: given('header'),
      body: requestBody?.content['application/json']?.examples?.['example']?.value,
    },
    answer: {
      status: Number(status),
      body: Object.values(content)[0]?.examples?.['example']?.value,
      links: Object.values(links),
    },
  };
}

/** A request, ready to be sent. */
export interface ApiRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/**
 * The request of an operation's example.
 * @param known a value that is better known than by the example, e.g. from a link.
 */
export function requestOf({ method, path, operation }: Described, known: (parameter: string) => string | undefined): ApiRequest {
  const { request } = examplesOf(operation);
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(known(name) ?? request.path[name] ?? ''));
  const pairs = Object.entries(request.query).map(([name, value]): [string, string] => [name, known(name) ?? value]);
  const query = new URLSearchParams(pairs).toString();
  return {
    method: method.toUpperCase(),
    url: query === '' ? filled : `${filled}?${query}`,
    headers: request.headers,
    body: request.body,
  };
}

/**
 * Values for parameters that an answer tells of, as the links of its operation say: by
 * `operation.parameter`.
 */
export function followed({ operation }: Described, body: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const links = examplesOf(operation).answer.links.flatMap(({ operationId, parameters }) =>
    Object.entries(parameters).map(([parameter, expression]): [string, string] => {
      const field = /^\$response\.body#\/(\w+)$/.exec(expression)?.[1] ?? '';
      return [`${operationId}.${parameter}`, String(body[field])];
    }),
  );
  return new Map(links);
}

/**
 * Keys and types of a value: what an example promises of every answer. Of an array, the shape of
 * its elements.
 */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value))
    return [...new Set(value.map((inner) => JSON.stringify(shapeOf(inner))))].map((text) => JSON.parse(text));
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]));
}
