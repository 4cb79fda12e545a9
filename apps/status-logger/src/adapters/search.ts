/**
 * Searches for invocations. Both databases look at records in the order of the answer, newest
 * first, and begin after the last one of the page before. So a page costs the same however many
 * records there are.
 *
 * Some filters have no index of their own. For them a page looks at a bounded number of records,
 * and tells how far it came.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import {
  epochMs,
  type FoundRecord,
  type InvocationSearch,
  type InvocationSearchPage,
  readSearchMarker,
  redriveParentTag,
  searchMarker,
} from '#contracts';
import { foundRecordOf, type InvocationRow, type StatusTables } from './invocation-rows.ts';

/** The most records that one page looks at. 10,000 take about 50 ms. */
const lookedAtByDefault = 10_000;

/** The order of an answer. */
export const searchOrder = sql`ORDER BY accepted_at DESC, request_id`;

/** Selects `request_id` and `accepted_at` of the first records in {@link searchOrder}. */
export type LookAt = (search: InvocationSearch, count: number) => RawBuilder<unknown>;

/** Reads one page. @param lookAt must apply all conditions but those of {@link filters}. */
export async function searchPage(
  tables: Kysely<StatusTables>,
  search: InvocationSearch,
  lookAt: LookAt,
  lookedAtMax: number = lookedAtByDefault,
): Promise<InvocationSearchPage> {
  const { limit, requestIds, tag } = search;
  if (requestIds?.length === 0) return { records: [] };
  const count = hasFilters(search) ? lookedAtMax : limit;
  const lookedAt = tag === undefined || requestIds !== undefined ? lookAt(search, count) : ofTag(search, tag);
  const [found, last] = await Promise.all([
    sql<InvocationRow>`
      SELECT invocations.* FROM (${lookedAt} ${searchOrder} LIMIT ${sql.lit(count)}) AS looked_at
      JOIN invocations USING (request_id, accepted_at) WHERE ${filters(search)} ${searchOrder} LIMIT ${limit}`.execute(tables),
    sql<Pick<InvocationRow, 'request_id' | 'accepted_at'>>`
      ${lookedAt} ${searchOrder} LIMIT 1 OFFSET ${sql.lit(count - 1)}`.execute(tables),
  ]);
  const isFull = found.rows.length === limit;
  const next = isFull ? found.rows.at(-1) : last.rows[0];
  const records = found.rows.map((row) => foundRecordOf(row, search));
  return {
    records: search.withRedriven === true ? await withRedriven(tables, search.project, records) : records,
    ...(next === undefined ? {} : { next: searchMarker({ acceptedAt: epochMs(next.accepted_at), requestId: next.request_id }) }),
  };
}

/** A redrive tags each invocation that it starts with the request id of the one that it repeats. */
async function withRedriven(tables: Kysely<StatusTables>, project: string, records: readonly FoundRecord[]) {
  if (records.length === 0) return records;
  const parents = records.map(({ requestId }) => redriveParentTag(requestId));
  const { rows } = await sql<{ tag: string }>`
    SELECT DISTINCT tag FROM tags WHERE project = ${project} AND tag IN ${listOf(parents)}`.execute(tables);
  const redriven = new Set(rows.map(({ tag }) => tag));
  return records.map((record) => ({ ...record, isRedriven: redriven.has(redriveParentTag(record.requestId)) }));
}

/** The condition of the window, and of the place after which a page begins. */
export function inWindow({ beginAt, endAt, marker = '' }: InvocationSearch): RawBuilder<unknown> {
  const after = readSearchMarker(marker);
  const newest = Math.min(endAt, after?.acceptedAt ?? endAt);
  const rest = after === undefined ? sql`` : sql`AND (accepted_at < ${after.acceptedAt} OR request_id > ${after.requestId})`;
  return sql`accepted_at >= ${beginAt} AND accepted_at <= ${newest} ${rest}`;
}

/** Texts as the list of an `IN`. */
export function listOf(texts: readonly string[]): RawBuilder<unknown> {
  return sql`(${sql.join(texts.map((text) => sql`${text}`))})`;
}

/** Rows of one tag. The index holds them in the order of their acceptance. */
function ofTag(search: InvocationSearch, tag: string): RawBuilder<unknown> {
  return sql`SELECT request_id, accepted_at FROM tags WHERE project = ${search.project} AND tag = ${tag} AND ${inWindow(search)}`;
}

function hasFilters({ statuses, errorCode, errorText, tag, functionUrns }: InvocationSearch): boolean {
  const isOfTaggedFunctions = tag !== undefined && functionUrns !== undefined;
  return statuses !== undefined || errorCode !== undefined || errorText !== undefined || isOfTaggedFunctions;
}

/** The row of a tag that was replaced stays, so the record itself must have the tag. */
function withTag({ tag, functionUrns }: InvocationSearch): RawBuilder<unknown> {
  if (tag === undefined) return sql``;
  const ofFunctions = functionUrns === undefined ? sql`` : sql`AND function_urn IN ${listOf(functionUrns)}`;
  // LIKE would not tell small from capital letters in SQLite.
  return sql`AND replace(',' || tags || ',', ${`,${tag},`}, '') <> ',' || tags || ',' ${ofFunctions}`;
}

function filters(search: InvocationSearch): RawBuilder<unknown> {
  const { statuses, errorCode, errorText } = search;
  const ofStatus = statuses === undefined ? sql`` : sql`AND status IN ${listOf(statuses)}`;
  const ofCode = errorCode === undefined ? sql`` : sql`AND error_code = ${errorCode}`;
  const ofText =
    errorText === undefined ? sql`` : sql`AND lower(error_message) LIKE ${`%${likeText(errorText.toLowerCase())}%`} ESCAPE '!'`;
  return sql`TRUE ${ofStatus} ${ofCode} ${ofText} ${withTag(search)}`;
}

/** A text that LIKE takes as it is. */
function likeText(text: string): string {
  return text.replaceAll(/[!%_]/g, '!$&');
}
