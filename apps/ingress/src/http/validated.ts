import { type ArgumentMetadata, type PipeTransform, type Type } from '@nestjs/common';
import { validateSync, type ValidationError } from 'class-validator';
import type { ApiCode } from './api-codes.ts';
import { ApiError } from './api-error.ts';
import { checkJsonBounds } from './json-bounds.ts';
import { instanceOf } from './nested.ts';

/** How a body is checked. */
export interface ValidatedOptions {
  /** An unknown field is an error. Default: it is kept. */
  readonly rejectUnknown?: boolean;
  /** A missing body counts as an empty object. */
  readonly isOptional?: boolean;
  /** Error codes of single fields; all other fields have FSS.0400. */
  readonly codes?: Readonly<Record<string, ApiCode>>;
}

/** Rules about the type of a field. If one is broken, messages about the value do not help. */
const typeRules: readonly string[] = ['isString', 'isInt', 'isNumber', 'isBoolean', 'isObject', 'isArray'];

/** Describes the error of a field in one sentence; undefined if the error is in a nested field. */
function messageOf({ property, constraints = {} }: ValidationError): string | undefined {
  if ('whitelistValidation' in constraints) return `${property} is not a field of this body`;
  const broken = typeRules.find((rule) => rule in constraints);
  if (broken !== undefined) return constraints[broken];
  return 'nestedValidation' in constraints ? `${property} must be an object` : Object.values(constraints)[0];
}

function first(errors: readonly ValidationError[]): { readonly field: string; readonly message: string } | undefined {
  const [error] = errors;
  if (error === undefined) return undefined;
  const { property: field, children = [] } = error;
  const message = messageOf(error);
  if (message !== undefined) return { field, message };
  return { field, message: `${field}.${first(children)?.message ?? 'is invalid'}` };
}

/** Names that would change what an object is. No field of the API has such a name. */
const constructorNames: ReadonlySet<string> = new Set(['constructor', '__proto__']);

/**
 * Prepares a body for DTOs. A null field counts as missing: class-validator accepts null, and the
 * code that reads a DTO does not. Text with half a surrogate pair is refused: it is not UTF-8, and
 * rules that count bytes throw.
 */
function readable(value: unknown, name = 'the body'): unknown {
  if (typeof value === 'string' && !value.isWellFormed()) throw new ApiError('FSS.0400', `${name} has half a surrogate pair`);
  if (Array.isArray(value)) return value.map((inner) => readable(inner, name));
  if (typeof value !== 'object' || value === null) return value;
  const constructorName = Object.keys(value).find((field) => constructorNames.has(field));
  if (constructorName !== undefined) throw new ApiError('FSS.0400', `a field may not be called ${constructorName}`);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([field, inner]) => [field, readable(inner, field)]),
  );
}

/**
 * Checks a body against a DTO class, within {@link checkJsonBounds}.
 * @throws ApiError naming the first field that is invalid.
 */
export function validated<T extends object>(
  dto: Type<T>,
  given: unknown,
  { rejectUnknown = false, isOptional = false, codes = {} }: ValidatedOptions = {},
): T {
  checkJsonBounds(given);
  const body = given === undefined && isOptional ? {} : readable(given);
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ApiError('FSS.0400', 'the body must be a JSON object');
  const instance = instanceOf(dto, body);
  const unknown = rejectUnknown ? { whitelist: true, forbidNonWhitelisted: true } : {};
  const invalid = first(validateSync(instance, { forbidUnknownValues: false, ...unknown }));
  if (invalid !== undefined) throw new ApiError(codes[invalid.field] ?? 'FSS.0400', invalid.message);
  return instance;
}

/** {@link validated} as a pipe, for `@Body(...)`. */
export class ValidatedBody<T extends object> implements PipeTransform<unknown, T> {
  constructor(
    private readonly dto: Type<T>,
    private readonly options: ValidatedOptions = {},
  ) {}

  transform(body: unknown, _metadata: ArgumentMetadata): T {
    return validated(this.dto, body, this.options);
  }
}
