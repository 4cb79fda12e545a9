import type { ErrorObject } from 'ajv';

/** The parts of an OpenAPI document that describe the bodies of requests. */
export interface ApiDescription {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly requestBody?: RequestBody } | undefined>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, object>> };
}

interface RequestBody {
  readonly content: Readonly<Record<string, { readonly schema?: object } | undefined>>;
}

const isParameter = (part: string) => part.startsWith('{');

/** The declared path that fits a path. Names win over parameters. */
function declaredPath(paths: readonly string[], path: readonly string[]): string | undefined {
  const fitting = paths.filter((declared) => {
    const parts = declared.slice(1).split('/');
    return parts.length === path.length && parts.every((part, at) => isParameter(part) || part === path[at]);
  });
  const parameters = (declared: string) => declared.split('/').filter(isParameter).length;
  return fitting.toSorted((one, other) => parameters(one) - parameters(other))[0];
}

/** `/items/0/name` as `items.0.name`. */
function fieldOf({ instancePath }: ErrorObject): string {
  return instancePath.slice(1).replaceAll('/', '.');
}

function words(error: ErrorObject): string {
  const { keyword, params, message = 'is not valid' } = error;
  const allowed = keyword === 'enum' ? `: ${(params as { allowedValues: unknown[] }).allowedValues.join(', ')}` : '';
  return `${fieldOf(error)} ${message}${allowed}`.trim();
}

/**
 * Compares the body of a request with its schema in the document of the API.
 * @param path begins with the version of the API, as `['v2', project, ...]`.
 * @returns the deepest fault in words; undefined if the body fits, or has no schema.
 */
export async function bodyFault(
  { paths, components = {} }: ApiDescription,
  { method, path, body }: { readonly method: string; readonly path: readonly string[]; readonly body: unknown },
): Promise<string | undefined> {
  const declared = declaredPath(Object.keys(paths), path) ?? '';
  const schema = paths[declared]?.[method.toLowerCase()]?.requestBody?.content['application/json']?.schema;
  if (schema === undefined) return undefined;
  // Only dry runs pay for the library.
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  // Other words of the document, as `example`, are no part of JSON Schema.
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  const validate = ajv.compile({ ...schema, components });
  // As the API reads it: without undefined values.
  if (validate(JSON.parse(JSON.stringify(body ?? null)))) return undefined;
  const depth = ({ instancePath }: ErrorObject) => instancePath.split('/').length;
  const [deepest] = (validate.errors ?? []).toSorted((one, other) => depth(other) - depth(one));
  return deepest === undefined ? 'the body is not valid' : words(deepest);
}
