/**
 * Questions to PostgreSQL. A page is read from the index alone: for each function and status the
 * newest records, then the newest of these. The count of all comes from the table `counts`. Only
 * the parts of minutes at both ends of the window are counted.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { type StatusPage, type StatusQuery, statuses as allStatuses } from '#contracts';
import { type InvocationRow, shownRecordOf, type StatusTables } from '../invocation-rows.ts';
import { wholeMinutes } from './counts.ts';

/** Reads the page that a question asks for, and counts all records that match. */
export async function readPage(tables: Kysely<StatusTables>, query: StatusQuery): Promise<StatusPage> {
  if (query.requestIds?.length === 0) return { records: [], count: 0 };
  const [page, count] = await Promise.all([rowsOf(tables, query), countOf(tables, query)]);
  return { records: page.map(shownRecordOf), count };
}

async function rowsOf(tables: Kysely<StatusTables>, query: StatusQuery): Promise<readonly InvocationRow[]> {
  const { limit, offset, requestIds, tag } = query;
  const order = sql`ORDER BY accepted_at DESC, request_id`;
  const newest = sql`${order} LIMIT ${offset + limit}`;
  const found =
    tag !== undefined
      ? sql`SELECT request_id, accepted_at FROM ${tagged(query, tag)} ${newest}`
      : requestIds === undefined
        ? newestOf(query, newest)
        : sql`SELECT request_id, accepted_at FROM invocations WHERE ${matches(query)}`;
  const { rows } = await sql<InvocationRow>`
    WITH page AS (SELECT request_id, accepted_at FROM (${found}) AS found ${order} LIMIT ${limit} OFFSET ${offset})
    SELECT invocations.* FROM page JOIN invocations USING (request_id, accepted_at) ${order}`.execute(tables);
  return rows;
}

/** The invocations with a tag, as a table that is read newest first. */
function tagged(query: StatusQuery, tag: string): RawBuilder<unknown> {
  const { project, beginAt, endAt } = query;
  // The row of a tag that was replaced stays until its invocation goes.
  return sql`
    (SELECT request_id, accepted_at FROM tags
     WHERE project = ${project} AND tag = ${tag} AND accepted_at >= ${beginAt} AND accepted_at <= ${endAt} AND EXISTS (
       SELECT FROM invocations WHERE invocations.request_id = tags.request_id AND invocations.accepted_at = tags.accepted_at
         AND ${matches(query)} AND ${tag} = ANY(string_to_array(invocations.tags, ',')))) AS tagged`;
}

/** The newest records of each function and status. */
function newestOf({ project, functionUrns, statuses = allStatuses, beginAt, endAt }: StatusQuery, newest: RawBuilder<unknown>) {
  const functions =
    functionUrns === undefined ? sql`` : sql`unnest(${[...functionUrns]}::text[]) AS one_function (urn) CROSS JOIN`;
  const ofFunction = functionUrns === undefined ? sql`` : sql`AND function_urn = one_function.urn`;
  return sql`
    SELECT request_id, accepted_at FROM ${functions} unnest(${[...statuses]}::text[]) AS one_status (name)
    CROSS JOIN LATERAL (
      SELECT request_id, accepted_at FROM invocations
      WHERE project = ${project} ${ofFunction} AND status = one_status.name AND accepted_at >= ${beginAt} AND accepted_at <= ${endAt}
      ${newest}
    ) AS newest`;
}

async function countOf(tables: Kysely<StatusTables>, query: StatusQuery): Promise<number> {
  if (query.tag !== undefined) return countedOf(tables, sql`SELECT count(*) FROM ${tagged(query, query.tag)}`);
  const { begin, end } = wholeMinutes(query);
  if (query.requestIds !== undefined || begin >= end)
    return countedOf(tables, sql`SELECT count(*) FROM invocations WHERE ${matches(query)}`);
  const edge = (from: number, to: number) =>
    sql`(SELECT count(*) FROM invocations WHERE ${matches(query)} AND accepted_at >= ${from} AND accepted_at < ${to})`;
  const whole = sql`(SELECT coalesce(sum(invocations), 0) FROM counts WHERE ${subject(query)} AND minute >= ${begin} AND minute < ${end})`;
  return countedOf(
    tables,
    sql`SELECT (${edge(query.beginAt, begin)} + ${whole} + ${edge(end, query.endAt + 1)})::bigint AS count`,
  );
}

async function countedOf(tables: Kysely<StatusTables>, question: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ count: number }>`${question}`.execute(tables);
  return rows[0]?.count ?? 0;
}

/**
 * The conditions that both tables can check. All statuses are named even if all are asked for: the
 * status comes before the time in the index.
 */
function subject({ project, functionUrns, statuses = allStatuses }: StatusQuery): RawBuilder<unknown> {
  const ofFunctions = functionUrns === undefined ? sql`` : sql`AND function_urn = ANY(${[...functionUrns]}::text[])`;
  return sql`project = ${project} ${ofFunctions} AND status = ANY(${[...statuses]}::text[])`;
}

function matches(query: StatusQuery): RawBuilder<unknown> {
  const { beginAt, endAt, requestIds } = query;
  const ofRequests = requestIds === undefined ? sql`` : sql`AND request_id = ANY(${[...requestIds]}::text[])`;
  return sql`${subject(query)} ${ofRequests} AND accepted_at >= ${beginAt} AND accepted_at <= ${endAt}`;
}
