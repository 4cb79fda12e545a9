import { type EpochMs, epochMs } from '#contracts';
import type { ApiCode } from './api-codes.ts';
import { ApiError } from './api-error.ts';

/** A query string, parsed; a name that is there more than once was refused. */
export type Query = Readonly<Record<string, string | undefined>>;

/**
 * A text of a query.
 * @returns undefined when it is absent or empty: clients send what they were not told as nothing.
 */
export function textQuery(query: Query, name: string): string | undefined {
  return query[name] === '' ? undefined : query[name];
}

/**
 * A whole number of a query.
 * @returns undefined when it is absent or empty.
 * @param code of the error.
 * @throws ApiError when it is none, or out of [min, max].
 */
export function wholeQuery(query: Query, name: string, min: number, max: number, code: ApiCode = 'FSS.1001'): number | undefined {
  const text = query[name];
  if (text === undefined || text === '') return undefined;
  if (!/^-?\d{1,16}$/.test(text) || Number(text) < min || Number(text) > max)
    throw new ApiError(code, `${name} must be a whole number from ${min} to ${max}`);
  return Number(text);
}

/** Functions or versions of one page of a list, at most. */
export const functionPageMax = 400;

/**
 * A page of functions or versions, by `marker`, an offset, and `maxitems`: 0 and more than 400 are
 * 400.
 * @throws ApiError FSS.1001 for anything that is no whole number from 0.
 */
export function functionPage<T>(all: readonly T[], query: Query): { readonly page: readonly T[]; readonly next: number } {
  const marker = wholeQuery(query, 'marker', 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const asked = wholeQuery(query, 'maxitems', 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const page = all.slice(marker, marker + (asked === 0 ? functionPageMax : Math.min(asked, functionPageMax)));
  return { page, next: marker + page.length };
}

/**
 * An instant of a query: `YYYY-MM-DDTHH:mm:ss`, in UTC, a zone designator being allowed.
 * @throws ApiError FSS.1001 when it is none.
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

/** Is there such a second? `Date.parse` takes the 30th of February for the 2nd of March. */
function isOfCalendar(second: string): boolean {
  const ms = Date.parse(`${second}Z`);
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(second);
}

/** Entries of one page of a list of topics or subscriptions, at most. */
export const pageMax = 100;

/** The page that `offset` and `limit` ask for. @throws ApiError SMN.0015. */
export function page<T>(all: readonly T[], query: Query): readonly T[] {
  const offset = wholeQuery(query, 'offset', 0, Number.MAX_SAFE_INTEGER, 'SMN.0015') ?? 0;
  return all.slice(offset, offset + (wholeQuery(query, 'limit', 1, pageMax, 'SMN.0015') ?? pageMax));
}
