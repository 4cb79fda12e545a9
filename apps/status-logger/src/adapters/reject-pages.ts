/**
 * Lists rejects. Each part of a page is read from the index of its project, and function, as far as
 * the page goes.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { epochMs, type Reject, type RejectCode, type RejectPage, type RejectQuery } from '#contracts';
import type { StatusTables } from './invocation-rows.ts';
import type { RejectRow } from './reject-tables.ts';

const order = sql`ORDER BY rejected_at DESC, reject_partition, reject_offset`;

/** Reads the page of rejects that a question asks for. */
export async function selectRejects(tables: Kysely<StatusTables>, query: RejectQuery): Promise<RejectPage> {
  const { projects, functionUrns = [undefined], limit } = query;
  const parts = projects.flatMap((project) => functionUrns.map((functionUrn) => part(query, project, functionUrn)));
  if (parts.length === 0) return { rejects: [], hasMore: false };
  const { rows } = await sql<RejectRow>`
    SELECT * FROM (${sql.join(parts, sql` UNION ALL `)}) AS found ${order} LIMIT ${limit + 1}`.execute(tables);
  return { rejects: rows.slice(0, limit).map(rejectOf), hasMore: rows.length > limit };
}

/** The rows of one project, and of one function if it is given. */
function part({ code, after, limit }: RejectQuery, project: string, functionUrn: string | undefined): RawBuilder<unknown> {
  const ofFunction = functionUrn === undefined ? sql`` : sql`AND function_urn = ${functionUrn}`;
  const ofCode = code === undefined ? sql`` : sql`AND code = ${code}`;
  const beyond =
    after === undefined
      ? sql``
      : sql`AND rejected_at <= ${after.at} AND (rejected_at < ${after.at} OR reject_partition > ${after.partition}
          OR (reject_partition = ${after.partition} AND reject_offset > ${after.offset}))`;
  return sql`
    SELECT * FROM (
      SELECT * FROM rejects WHERE project = ${project} ${ofFunction} ${ofCode} ${beyond}
      ${order} LIMIT ${limit + 1}) AS part`;
}

function rejectOf(row: RejectRow): Reject {
  return {
    code: row.code as RejectCode,
    functionUrn: row.function_urn,
    project: row.project,
    reason: row.reason,
    origin: { partition: row.origin_partition, offset: row.origin_offset, at: row.origin_at },
    partition: row.reject_partition,
    offset: row.reject_offset,
    at: epochMs(row.rejected_at),
  };
}
