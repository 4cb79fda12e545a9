import { type RawBuilder, sql } from 'kysely';
import type { InvocationSearch, Status } from '#contracts';
import { inWindow, listOf, type LookAt, searchOrder } from './search.ts';

const failed: readonly Status[] = ['FAIL', 'DISCARD'];
const living: readonly Status[] = ['WAIT', 'RUNNING'];

/**
 * Looks at records of SQLite in the order of an index. The index holds those of a function, those
 * that failed, those that live, or all.
 */
export const lookAtSqlite: LookAt = (search, count) => {
  const { project, functionUrns, requestIds } = search;
  const common = sql`project = ${project} AND ${inWindow(search)}`;
  if (requestIds !== undefined) {
    const ofFunctions = functionUrns === undefined ? sql`` : sql`AND function_urn IN ${listOf(functionUrns)}`;
    return sql`SELECT request_id, accepted_at FROM invocations WHERE request_id IN ${listOf(requestIds)} AND ${common} ${ofFunctions}`;
  }
  if (functionUrns === undefined) return sql`SELECT request_id, accepted_at FROM invocations ${indexFor(search)} AND ${common}`;
  // One index entry after the other for each function: SQLite would sort all records of several.
  const ofOne = functionUrns.map(
    (urn) => sql`
      SELECT * FROM (SELECT request_id, accepted_at FROM invocations
        WHERE function_urn = ${urn} AND ${statusOf(search)} AND ${common} ${searchOrder} LIMIT ${sql.lit(count)})`,
  );
  return sql`SELECT request_id, accepted_at FROM (${sql.join(ofOne, sql` UNION ALL `)}) AS of_functions`;
};

/** The condition that makes SQLite use the smallest index. */
function indexFor({ statuses, errorCode, errorText }: InvocationSearch): RawBuilder<unknown> {
  if (errorCode !== undefined || errorText !== undefined || isWithin(statuses, failed))
    return sql`INDEXED BY invocations_with_error WHERE (error_code <> 0 OR error_message <> '')`;
  return isWithin(statuses, living) ? sql`INDEXED BY invocations_not_over WHERE over_at IS NULL` : sql`WHERE TRUE`;
}

/** The index over a function holds the status, so no row is read for it. */
function statusOf({ statuses }: InvocationSearch): RawBuilder<unknown> {
  return statuses === undefined ? sql`TRUE` : sql`status IN ${listOf(statuses)}`;
}

function isWithin(statuses: readonly Status[] | undefined, set: readonly Status[]): boolean {
  return statuses?.every((status) => set.includes(status)) === true;
}
