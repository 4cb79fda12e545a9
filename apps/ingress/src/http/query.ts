import { type EpochMs, epochMs, invocationTagPattern } from '#contracts';
import type { ApiCode } from './api-codes.ts';
import { ApiError } from './api-error.ts';

/** A parsed query string. The door has refused names that occur twice. */
export type Query = Readonly<Record<string, string | undefined>>;

/**
 * Reads a query parameter. Returns undefined if it is missing or empty, because SDKs send unset
 * parameters as empty strings.
 */
export function textQuery(query: Query, name: string): string | undefined {
  return query[name] === '' ? undefined : query[name];
}

/**
 * As {@link textQuery}, for a text of bounded length.
 * @throws ApiError FSS.1001 if it has more than `lengthMax` characters.
 */
export function boundedQuery(query: Query, name: string, lengthMax: number): string | undefined {
  const text = textQuery(query, name);
  if (text !== undefined && text.length > lengthMax)
    throw new ApiError('FSS.1001', `${name} has at most ${lengthMax} characters`);
  return text;
}

/**
 * Reads the tag by which invocations are found.
 * @throws ApiError FSS.1001 if it is no tag.
 */
export function tagQuery(query: Query): string | undefined {
  const tag = textQuery(query, 'tag');
  if (tag !== undefined && !invocationTagPattern.test(tag))
    throw new ApiError('FSS.1001', 'tag must be one tag: 1 to 64 of A-Z a-z 0-9 _ . : -');
  return tag;
}

/**
 * Reads an integer of a query.
 * @returns undefined if it is missing or empty.
 * @param code of the error.
 * @throws ApiError if it is not an integer, or not in [min, max].
 */
export function wholeQuery(query: Query, name: string, min: number, max: number, code: ApiCode = 'FSS.1001'): number | undefined {
  const text = query[name];
  if (text === undefined || text === '') return undefined;
  if (!/^-?\d{1,16}$/.test(text) || Number(text) < min || Number(text) > max)
    throw new ApiError(code, `${name} must be a whole number from ${min} to ${max}`);
  return Number(text);
}

/**
 * Reads how many items a page has. 0 and a missing value mean `byDefault`, and more than `max`
 * means `max`.
 * @throws ApiError FSS.1001 if it is not an integer from 0.
 */
export function limitQuery(query: Query, byDefault: number, max: number, name = 'limit'): number {
  const asked = wholeQuery(query, name, 0, Number.MAX_SAFE_INTEGER) ?? 0;
  return asked === 0 ? byDefault : Math.min(asked, max);
}

/** The most functions or versions on one page of a list. */
export const functionPageMax = 400;

/**
 * Returns the page of functions or versions that `marker` (an offset) and `maxitems` ask for. 0 and
 * more than 400 items mean 400.
 * @throws ApiError FSS.1001 if either is not an integer from 0.
 */
export function functionPage<T>(all: readonly T[], query: Query): { readonly page: readonly T[]; readonly next: number } {
  const marker = wholeQuery(query, 'marker', 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const page = all.slice(marker, marker + limitQuery(query, functionPageMax, functionPageMax, 'maxitems'));
  return { page, next: marker + page.length };
}

/**
 * Reads an instant of a query: `YYYY-MM-DDTHH:mm:ss` in UTC, or with a zone designator.
 * @throws ApiError FSS.1001 if it is malformed.
 */
export function instantQuery(query: Query, name: string): EpochMs | undefined {
  const text = query[name];
  if (text === undefined || text === '') return undefined;
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?$/.exec(text);
  const [, second = '', fraction = '', zone = 'Z'] = match ?? [];
  const ms = Date.parse(`${second}${fraction}${zone}`);
  if (!isOfCalendar(second) || !Number.isFinite(ms) || ms < 0)
    throw new ApiError('FSS.1001', `${name} must be YYYY-MM-DDTHH:mm:ss in UTC`);
  return epochMs(ms);
}

/** Whether the date exists: `Date.parse` reads 30 February as 2 March. */
function isOfCalendar(second: string): boolean {
  const ms = Date.parse(`${second}Z`);
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(second);
}

/** The most entries on one page of a list of topics or subscriptions. */
export const pageMax = 100;

/**
 * Returns the page that `offset` and `limit` ask for.
 * @throws ApiError SMN.0015 if either is malformed or out of range.
 */
export function page<T>(all: readonly T[], query: Query): readonly T[] {
  const offset = wholeQuery(query, 'offset', 0, Number.MAX_SAFE_INTEGER, 'SMN.0015') ?? 0;
  return all.slice(offset, offset + (wholeQuery(query, 'limit', 1, pageMax, 'SMN.0015') ?? pageMax));
}
