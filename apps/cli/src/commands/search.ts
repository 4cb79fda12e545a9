import { tableLines } from '../print-table.ts';
import { parseWhole, type Session } from '../session.ts';
import type { InvocationRecord } from './records.ts';

/** One page of a search. */
export interface SearchPage {
  readonly invocations: readonly (InvocationRecord & { readonly function_urn: string; readonly condition: string })[];
  readonly next_marker: string;
  readonly searched_until: string;
}

/** Options of `sendoff search`. */
export interface SearchOptions {
  readonly function?: string;
  readonly status?: string;
  readonly condition?: string;
  readonly request?: string;
  readonly key?: string;
  readonly error?: string;
  readonly tag?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly limit: string;
  /** The marker of the next page. */
  readonly after?: string;
}

const pagesMax = 100;

/** Finds invocations of all functions, newest first. Reads pages until enough are found. */
export async function searchInvocations(session: Session, options: SearchOptions): Promise<void> {
  const limit = parseWhole(options.limit, '--limit');
  const found: SearchPage['invocations'][number][] = [];
  let marker = options.after ?? '';
  let searchedUntil = '';
  for (let pages = 0; pages < pagesMax && found.length < limit; pages += 1) {
    const page = await session.ask<SearchPage>({
      path: ['sendoff', 'invocations'],
      query: queryOf(options, limit - found.length, marker),
    });
    found.push(...page.invocations);
    marker = page.next_marker;
    searchedUntil = page.searched_until;
    if (marker === '') break;
  }
  session.show({ invocations: found, next_marker: marker, searched_until: searchedUntil }, () => [
    ...(found.length === 0 ? ['No invocation matches.'] : resultLines(found)),
    ...(marker === '' ? [] : [`searched back to ${searchedUntil}; more: --after ${marker}`]),
  ]);
}

function queryOf(options: SearchOptions, limit: number, marker: string) {
  return {
    function: options.function,
    status: options.status?.toUpperCase(),
    condition: options.condition,
    request_id: options.request,
    idempotency_key: options.key,
    error_text: options.error,
    tag: options.tag,
    begin_time: options.begin,
    end_time: options.end,
    limit: Math.min(limit, 500),
    marker: marker === '' ? undefined : marker,
  };
}

function resultLines(found: SearchPage['invocations']): string[] {
  return tableLines(
    ['REQUEST', 'FUNCTION', 'STATUS', 'CONDITION', 'ACCEPTED', 'ERROR'],
    found.map(({ request_id, function_urn, status, condition, start_time, error_message }) => [
      request_id,
      function_urn.split(':').slice(-2).join(':'),
      status,
      condition,
      `${start_time}Z`,
      error_message,
    ]),
  );
}
