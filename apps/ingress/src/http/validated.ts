import { type ArgumentMetadata, type PipeTransform, type Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import type { ApiCode } from './api-codes.ts';
import { ApiError } from './api-error.ts';

/** How a body is checked. */
export interface ValidatedOptions {
  /** A field nobody knows is an error. Default: it is kept. */
  readonly refuseUnknown?: boolean;
  /** No body is as good as an empty one. */
  readonly isOptional?: boolean;
  /** Codes of single fields; the rest is FSS.0400. */
  readonly codes?: Readonly<Record<string, ApiCode>>;
}

/**
 * Rules about the type of a field: where one is broken, those about its value say nothing that
 * helps.
 */
const typeRules: readonly string[] = ['isString', 'isInt', 'isNumber', 'isBoolean', 'isObject', 'isArray'];

/** What is wrong with a field, in one sentence; undefined where the fault is further inside. */
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

/**
 * No body of the API needs more; recursion over what a caller nests must end before the stack does.
 */
const depthMax = 32;

/**
 * What an object is made by: class-transformer calls whatever stands there. No field of the API is
 * called so.
 */
const makers: ReadonlySet<string> = new Set(['constructor', '__proto__']);

/**
 * A body as DTOs can be made of it. A field that is null says as much as one that is not there;
 * class-validator lets null pass, and what reads the DTO would not. Text with half a surrogate pair
 * is no UTF-8, and rules that count bytes throw.
 */
function readable(value: unknown, name = 'the body', depth = 0): unknown {
  if (depth > depthMax) throw new ApiError('FSS.0400', `the body may be nested ${depthMax} deep`);
  if (typeof value === 'string' && !value.isWellFormed()) throw new ApiError('FSS.0400', `${name} has half a surrogate pair`);
  if (Array.isArray(value)) return value.map((inner) => readable(inner, name, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  const maker = Object.keys(value).find((field) => makers.has(field));
  if (maker !== undefined) throw new ApiError('FSS.0400', `a field may not be called ${maker}`);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([field, inner]) => [field, readable(inner, field, depth + 1)]),
  );
}

/**
 * Checks a body against a DTO class.
 * @throws ApiError naming the first field that does not fit.
 */
export function validated<T extends object>(
  dto: Type<T>,
  given: unknown,
  { refuseUnknown = false, isOptional = false, codes = {} }: ValidatedOptions = {},
): T {
  const body = given === undefined && isOptional ? {} : readable(given);
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ApiError('FSS.0400', 'the body must be a JSON object');
  const instance = plainToInstance(dto, body);
  const unknown = refuseUnknown ? { whitelist: true, forbidNonWhitelisted: true } : {};
  const fault = first(validateSync(instance, { forbidUnknownValues: false, ...unknown }));
  if (fault !== undefined) throw new ApiError(codes[fault.field] ?? 'FSS.0400', fault.message);
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
