import { sql } from 'kysely';
import { statuses as allStatuses, type InvocationSearch, type Status } from '#contracts';
import { inWindow, type LookAt, searchOrder } from '../search.ts';

/**
 * Looks at records of PostgreSQL: the newest of each function and status, from the index alone,
 * then the newest of these.
 */
export const lookAtPostgres: LookAt = (search, count) => {
  const { project, functionUrns, requestIds } = search;
  const common = sql`project = ${project} AND ${inWindow(search)}`;
  if (requestIds !== undefined) {
    const ofFunctions = functionUrns === undefined ? sql`` : sql`AND function_urn = ANY(${[...functionUrns]}::text[])`;
    return sql`SELECT request_id, accepted_at FROM invocations WHERE request_id = ANY(${[...requestIds]}::text[]) AND ${common} ${ofFunctions}`;
  }
  const functions =
    functionUrns === undefined ? sql`` : sql`unnest(${[...functionUrns]}::text[]) AS one_function (urn) CROSS JOIN`;
  const ofFunction = functionUrns === undefined ? sql`` : sql`AND function_urn = one_function.urn`;
  return sql`
    SELECT request_id, accepted_at FROM ${functions} unnest(${[...statusesOf(search)]}::text[]) AS one_status (name)
    CROSS JOIN LATERAL (
      SELECT request_id, accepted_at FROM invocations
      WHERE status = one_status.name ${ofFunction} AND ${common} ${searchOrder} LIMIT ${sql.lit(count)}
    ) AS newest`;
};

/** A record that succeeded has no error. */
function statusesOf({ statuses = allStatuses, errorCode, errorText }: InvocationSearch): readonly Status[] {
  const isOfErrors = errorText !== undefined || (errorCode !== undefined && errorCode !== 0);
  return isOfErrors ? statuses.filter((status) => status !== 'SUCCESS') : statuses;
}
