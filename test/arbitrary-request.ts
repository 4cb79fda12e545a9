import fc from 'fast-check';
import type { ApiDocument, ApiRequest, Described, Parameter, Schema } from './api-document.ts';

/** A request for an operation, and whether its path leads there for certain. */
export interface ArbitraryRequest extends ApiRequest {
  readonly isRouted: boolean;
}

/** A value for a part of the path that is better known than by its example. */
type Known = (parameter: string) => string | undefined;

/** Longest text that is made; what may be longer is tried at a few lengths of its own. */
const textMax = 80;

/** Nothing that anybody would send on purpose. */
const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, '', ' ', '\u0000', 'null', '..', '%', '🦜'.repeat(50), 'x'.repeat(5_000)),
  fc.constantFrom<unknown>('\uD800', 'a\uDC00b'),
  fc.constantFrom<unknown>(0, -0, -1, 0.5, 1e21, 1e308, -1e308, Number.MAX_SAFE_INTEGER + 1, 5e-324),
  fc.constantFrom<unknown>([], {}, [[]], [null], { length: 1 }, { toString: 1 }, { constructor: { name: 1 } }),
  fc.constant(JSON.parse('{"__proto__": {"timeout": 3}}') as unknown),
  fc.integer({ min: 1, max: 200 }).map((depth) => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`) as unknown),
  fc.integer({ min: 1, max: 200 }).map((depth) => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`) as unknown),
  fc.jsonValue({ noUnicodeString: false }),
);

/** A value that fits a schema. */
export function fitting(schema: Schema, document: ApiDocument): fc.Arbitrary<unknown> {
  const { $ref, anyOf, type, enum: choices, pattern, minimum, maximum, minLength = 0, maxLength = textMax } = schema;
  if ($ref !== undefined) return fitting(document.components.schemas[$ref.split('/').at(-1) ?? ''] ?? {}, document);
  if (anyOf !== undefined) return fc.oneof(...anyOf.map((inner) => fitting(inner, document)));
  if (choices !== undefined) return fc.constantFrom(...choices);
  if (Array.isArray(type)) return fc.oneof(...type.map((one: string) => fitting({ ...schema, type: one }, document)));
  switch (type) {
    case 'string':
      if (pattern !== undefined) {
        // Drawn without what must not follow, of which the generator knows nothing; then held
        // against all of it.
        const drawn = fc.stringMatching(new RegExp(pattern.replaceAll(/\(\?![^)]*\)/g, '')));
        return drawn.filter((text) => new RegExp(pattern).test(text));
      }
      return fc
        .string({ minLength, maxLength: Math.min(maxLength, textMax), unit: 'binary' })
        .filter((text) => Buffer.byteLength(text) <= (schema['x-utf8-bytes-max'] ?? Number.POSITIVE_INFINITY));
    case 'integer':
      return fc.integer({ min: minimum ?? 0, max: Math.min(maximum ?? 1_000, 2 ** 31 - 1) });
    case 'number':
      return fc.double({ min: minimum ?? 0, max: maximum ?? 1_000, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(fitting(schema.items ?? {}, document), { minLength: schema.minItems ?? 0, maxLength: 3 });
    default: {
      const allowed = Object.entries(schema.properties ?? {}).filter(([, inner]) => inner.not === undefined);
      const fields = allowed.map(([name, inner]) => [name, fitting(inner, document)]);
      const all = Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>;
      return fc.record(all, { requiredKeys: [...(schema.required ?? [])] });
    }
  }
}

/** A body with one field, at any depth, taken away, replaced or added. */
function spoilt(value: unknown, at: number, by: unknown): unknown {
  if (typeof value !== 'object' || value === null) return by;
  const entries = Object.entries(value);
  const chosen = entries[at % (entries.length + 1)];
  if (chosen === undefined) return { ...value, unheard_of: by };
  const [name, inner] = chosen;
  const next = Math.floor(at / (entries.length + 1));
  const { [name]: _gone, ...rest } = value as Record<string, unknown>;
  if (next % 4 === 0) return rest;
  return { ...rest, [name]: next % 4 === 1 ? spoilt(inner, Math.floor(next / 4), by) : by };
}

function bodies({ operation }: Described, document: ApiDocument): fc.Arbitrary<unknown> {
  const media = operation.requestBody?.content['application/json'];
  if (media === undefined) return fc.option(odd, { nil: undefined, freq: 5 });
  const good = fc.oneof(fc.constant(media.examples?.['example']?.value), fitting(media.schema, document));
  return fc.oneof(
    good,
    fc.tuple(good, fc.nat(10_000), odd).map(([body, at, by]) => spoilt(body, at, by)),
    odd.map((value) => JSON.stringify(value)),
    fc.constantFrom('{', '{"a":1,}', '\u00ff', 'a=1', '"x"', undefined, Buffer.from([0xff, 0xfe, 0x00])),
  );
}

const isHeaderText = (text: string) => /^[\x20-\x7e\x80-\xff]*$/.test(text);
const oddPathParts = [
  '%zz',
  '%00',
  '%2f',
  '%2e%2e',
  'a%0ab',
  '%F0%9F%A6%9C',
  'x'.repeat(513),
  'urn:fss:local:p:function:default:hello',
  ':::',
  '%C0%AF',
];

/** Values of a parameter as they are written, by kind of place. */
function values(parameter: Parameter, document: ApiDocument, known: Known): fc.Arbitrary<string | undefined> {
  const example = parameter.examples?.['example']?.value;
  const text = fc
    .oneof({ weight: 3, arbitrary: fitting(parameter.schema, document) }, { weight: 1, arbitrary: odd })
    .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed());
  switch (parameter.in) {
    case 'path':
      return fc.oneof(
        { weight: 6, arbitrary: fc.constant(parameter.name).map((name) => encodeURIComponent(known(name) ?? String(example))) },
        { weight: 2, arbitrary: text.map(encodeURIComponent) },
        { weight: 1, arbitrary: fc.constantFrom(...oddPathParts) },
      );
    case 'query':
      return fc.option(
        fc.oneof(
          { weight: 4, arbitrary: text.map(encodeURIComponent) },
          { weight: 1, arbitrary: fc.constantFrom('%zz', '1&limit=2', '%00', '+1', '1e3', '0x10', '٣') },
        ),
        { nil: undefined, freq: 1 },
      );
    case 'header':
      return fc.option(text.filter(isHeaderText), { nil: undefined });
    default:
      return parameter.in satisfies never;
  }
}

/**
 * Requests for an operation: as the document asks for them, and with anything else in each place.
 * The project stays the caller's own.
 */
export function arbitraryRequest(described: Described, document: ApiDocument, known: Known): fc.Arbitrary<ArbitraryRequest> {
  const { method, path, operation } = described;
  const free = operation.parameters.filter(({ name }) => name !== 'project');
  const parts = fc.tuple(...free.map((parameter) => values(parameter, document, known).map((value) => ({ parameter, value }))));
  return fc.tuple(parts, bodies(described, document)).map(([given, body]) => {
    const of = (where: Parameter['in']) =>
      given.flatMap(({ parameter, value }) =>
        parameter.in === where && value !== undefined ? [[parameter.name, value] as const] : [],
      );
    const inPath = Object.fromEntries(of('path'));
    const project = operation.parameters.find(({ name }) => name === 'project')?.examples?.['example']?.value;
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => inPath[name] ?? String(project));
    const query = of('query')
      .map(([name, value]) => `${name}=${value}`)
      .join('&');
    return {
      method: method.toUpperCase(),
      url: query === '' ? filled : `${filled}?${query}`,
      headers: Object.fromEntries(of('header')),
      body,
      isRouted: Object.values(inPath).every((value) => !/^(?:\.|%2e){0,2}$/i.test(value)),
    };
  });
}
