/**
 * Derives the schema of a body from the rules that check it. The metadata of class-validator is the
 * only list of bounds, and the document shows it.
 *
 * 1. A rule without a line in {@link rules} throws when its class is described. A document that
 *    leaves a rule out would promise too much.
 * 2. Two rules that set one keyword to different values throw, too.
 */
import type { Type } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { getMetadataStorage, IS_OPTIONAL, ValidationTypes } from 'class-validator';
import { nestedClassOf } from '../http/nested.ts';

type RuleMetadata = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

/** A part of a JSON schema. */
type Keywords = Readonly<Record<string, unknown>>;

/** The schema of one property of a class. */
export interface PropertySchema {
  /** Of the value, or of each element of an array. */
  readonly value: Keywords;
  /** Of the array; undefined if the property is not an array. */
  readonly array?: Keywords;
  /** The class of the value, or of each element. */
  readonly nested?: Type<object>;
  readonly required: boolean;
}

function patternOf([pattern]: readonly unknown[]): Keywords {
  if (!(pattern instanceof RegExp) || pattern.flags !== '') throw new Error('a pattern must be a RegExp without flags');
  return { type: 'string', pattern: pattern.source };
}

function enumOf([values]: readonly unknown[]): Keywords {
  const all = values as readonly unknown[];
  if (all.length === 0) return { not: {} };
  if (all.every((value) => typeof value === 'string')) return { type: 'string', enum: all };
  if (all.every((value) => Number.isInteger(value))) return { type: 'integer', enum: all };
  throw new Error('a choice must be of strings or of whole numbers');
}

/** The JSON schema of each rule, by its name in class-validator. */
const rules: Readonly<Record<string, (constraints: readonly unknown[]) => Keywords>> = {
  isString: () => ({ type: 'string' }),
  isNotEmpty: () => ({ minLength: 1 }),
  minLength: ([minLength]) => ({ minLength }),
  maxLength: ([maxLength]) => ({ maxLength }),
  // JSON schema counts characters only, so the description states the bytes.
  isByteLength: ([min, bytesMax]) => ({
    minLength: Number(min) === 0 ? 0 : 1,
    maxLength: bytesMax,
    'x-utf8-bytes-max': bytesMax,
  }),
  matches: patternOf,
  isIn: enumOf,
  isInt: () => ({ type: 'integer' }),
  isNumber: () => ({ type: 'number' }),
  min: ([minimum]) => ({ minimum }),
  max: ([maximum]) => ({ maximum }),
  isBoolean: () => ({ type: 'boolean' }),
  isObject: () => ({ type: 'object' }),
};

/** The same for rules about an array as a whole. */
const arrayRules: typeof rules = {
  isArray: () => ({ type: 'array' }),
  // The class of the elements says so.
  noHiddenElements: () => ({}),
  arrayMinSize: ([minItems]) => ({ minItems }),
  arrayMaxSize: ([maxItems]) => ({ maxItems }),
};

function merged(parts: readonly Keywords[]): Keywords {
  const all: Record<string, unknown> = {};
  for (const [keyword, value] of parts.flatMap((part) => Object.entries(part))) {
    if (all[keyword] !== undefined && all[keyword] !== value) throw new Error(`two rules differ in ${keyword}`);
    all[keyword] = value;
  }
  return all;
}

function classless(): never {
  throw new Error('declare the class with @Nested, not with @ValidateNested');
}

function propertySchema(dto: Type<object>, property: string, metadata: readonly RuleMetadata[]): PropertySchema {
  const value: Keywords[] = [];
  const array: Keywords[] = [];
  let nested: Type<object> | undefined;
  let required = true;
  for (const { type, name = type, constraints, each } of metadata) {
    const [ofValue, ofArray] = [rules[name], arrayRules[name]];
    if (name === IS_OPTIONAL) required = false;
    else if (type === ValidationTypes.NESTED_VALIDATION) nested = nestedClassOf(dto, property) ?? classless();
    else if (ofArray !== undefined && !each) array.push(ofArray(constraints));
    else if (ofValue !== undefined) value.push(ofValue(constraints));
    else throw new Error(`no schema is known for the rule ${name}`);
    if (each) array.push({ type: 'array' });
  }
  return {
    value: merged(value),
    ...(array.length === 0 ? {} : { array: merged(array) }),
    ...(nested === undefined ? {} : { nested }),
    required,
  };
}

/**
 * Derives the schema of each property of a class from its rules, inherited ones included.
 * @throws Error naming class and property if a rule is unknown.
 */
export function schemaOf(dto: Type<object>): Readonly<Record<string, PropertySchema>> {
  const storage = getMetadataStorage();
  const byProperty = storage.groupByPropertyName(storage.getTargetValidationMetadatas(dto, '', false, false));
  return Object.fromEntries(
    Object.entries(byProperty).map(([property, metadata]) => {
      try {
        return [property, propertySchema(dto, property, metadata)];
      } catch (error) {
        throw new Error(`${dto.name}.${property}: ${(error as Error).message}`, { cause: error });
      }
    }),
  );
}

function asOptions({ value, array, nested, required }: PropertySchema): ApiPropertyOptions {
  if (nested === undefined)
    return { ...(array === undefined ? value : { ...array, items: value }), required } as ApiPropertyOptions;
  const { type: _array, ...bounds } = array ?? {};
  return { type: () => nested, isArray: array !== undefined, ...bounds, required } as ApiPropertyOptions;
}

/**
 * Describes each property of a class, and of nested classes, to swagger.
 * @throws as {@link schemaOf}.
 */
export function describeDto(dto: Type<object>): void {
  for (const [property, schema] of Object.entries(schemaOf(dto))) {
    ApiProperty(asOptions(schema))(dto.prototype as object, property);
    if (schema.nested !== undefined) describeDto(schema.nested);
  }
}
