import type { ParameterObject, SchemaObject } from '@nestjs/swagger';

/** A parameter of an operation, as the document shows it. */
export type Parameter = ParameterObject & { readonly schema: SchemaObject };

/** The description of a parameter, beside its schema. */
export interface ParameterWords {
  readonly description: string;
  /**
   * The value in the example of each operation with this parameter. Examples leave out parameters
   * without one.
   */
  readonly example?: string | number;
}

/** How many items a page has. */
export interface PageBounds {
  /** If the client does not say, or says 0. */
  readonly limitDefault: number;
  readonly limitMax: number;
}

function parameter(where: ParameterObject['in'], name: string, schema: SchemaObject, words: ParameterWords): Parameter {
  const { description, example } = words;
  return {
    name,
    in: where,
    required: where === 'path',
    description,
    schema,
    ...(example === undefined ? {} : { examples: { example: { value: example } } }),
  };
}

/** Declares a path parameter. */
export function inPath(name: string, schema: SchemaObject, words: ParameterWords): Parameter {
  return parameter('path', name, schema, words);
}

/** Declares a query parameter. */
export function inQuery(name: string, schema: SchemaObject, words: ParameterWords): Parameter {
  return parameter('query', name, schema, words);
}

/** Declares how many items a page has, as `limitQuery` reads it. @param items in words. */
export function limitInQuery({ limitDefault, limitMax }: PageBounds, items = ''): Parameter {
  return inQuery('limit', wholeOrEmpty(0, Number.MAX_SAFE_INTEGER), {
    description: `How many ${items}to show; 0 is ${limitDefault}, and more than ${limitMax} is ${limitMax}.`,
    example: 10,
  });
}

/** Declares the text by which a client asks for the next page. */
export function markerInQuery(lengthMax: number): Parameter {
  return inQuery('marker', { type: 'string', maxLength: lengthMax }, { description: 'The `next_marker` of the page before.' });
}

/** Declares a header. */
export function inHeader(name: string, schema: SchemaObject, words: ParameterWords): Parameter {
  return parameter('header', name, schema, words);
}

/** The schema of an integer in [minimum, maximum]. */
export function whole(minimum: number, maximum: number): SchemaObject {
  return { type: 'integer', minimum, maximum };
}

/**
 * The schema of an integer in a query; an empty text counts as missing.
 * @see wholeQuery
 */
export function wholeOrEmpty(minimum: number, maximum: number): SchemaObject {
  return { anyOf: [whole(minimum, maximum), { type: 'string', maxLength: 0 }] };
}

/**
 * The schema of an instant in a query; an empty text counts as missing.
 * @see instantQuery
 */
export const instant: SchemaObject = {
  type: 'string',
  pattern: '^(?:\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?(?:Z|[+-]\\d\\d:?\\d\\d)?)?$',
};

/** The project in all examples. */
export const exampleProject = 'f0e1d2c3b4a5968778695a4b3c2d1e0f';

/** The path parameter with the project of the credentials. */
export const project = inPath(
  'project',
  { type: 'string', minLength: 1 },
  { description: 'The project of the credentials.', example: exampleProject },
);

/** The path parameter with the URN of a function. */
export const functionUrn = inPath(
  'urn',
  { type: 'string', minLength: 1, maxLength: 512 },
  {
    description: 'A function URN: in full, without its version, `package:name`, or the name alone.',
    example: 'hello',
  },
);
