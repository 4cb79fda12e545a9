import type { ParameterObject, SchemaObject } from '@nestjs/swagger';

/** A parameter of an operation, as the document shows it. */
export type Parameter = ParameterObject & { readonly schema: SchemaObject };

/** What a parameter may say beside its schema. */
export interface ParameterWords {
  readonly description: string;
  /** Sent by the example of each operation that has the parameter; without one the examples leave it out. */
  readonly example?: string | number;
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

/** A part of the path. */
export function inPath(name: string, schema: SchemaObject, words: ParameterWords): Parameter {
  return parameter('path', name, schema, words);
}

/** A name of the query. */
export function inQuery(name: string, schema: SchemaObject, words: ParameterWords): Parameter {
  return parameter('query', name, schema, words);
}

/** A header of the request. */
export function inHeader(name: string, schema: SchemaObject, words: ParameterWords): Parameter {
  return parameter('header', name, schema, words);
}

/** The schema of a whole number in [minimum, maximum]. */
export function whole(minimum: number, maximum: number): SchemaObject {
  return { type: 'integer', minimum, maximum };
}

/** The schema of a whole number of a query; an empty one is none. @see wholeQuery */
export function wholeOrEmpty(minimum: number, maximum: number): SchemaObject {
  return { anyOf: [whole(minimum, maximum), { type: 'string', maxLength: 0 }] };
}

/** The schema of an instant of a query; an empty one is none. @see instantQuery */
export const instant: SchemaObject = {
  type: 'string',
  pattern: '^(?:\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?(?:Z|[+-]\\d\\d:?\\d\\d)?)?$',
};

/** The project of all examples. */
export const exampleProject = 'f0e1d2c3b4a5968778695a4b3c2d1e0f';

/** The project of the credentials. */
export const project = inPath(
  'project',
  { type: 'string', minLength: 1 },
  { description: 'The project of the credentials.', example: exampleProject },
);

/** A function, by URN. */
export const functionUrn = inPath(
  'urn',
  { type: 'string', minLength: 1, maxLength: 512 },
  {
    description: 'A function URN: in full, without its version, `package:name`, or the name alone.',
    example: 'hello',
  },
);
