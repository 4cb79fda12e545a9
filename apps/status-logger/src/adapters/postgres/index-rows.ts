/** Writes and removes the rows of `../index-rows.ts` in PostgreSQL. */
import { type Kysely, sql } from 'kysely';
import type { FoldedRecord } from '#lifecycle';
import { newNoticeRows, newTagRows, noticeColumns, tagColumns } from '../index-rows.ts';
import type { StatusTables } from '../invocation-rows.ts';

/** Removals at once, per row of an invocation: deliveries, or tags. */
const rowsPerInvocation = 8;

/** Writes the rows that changed with these records. The caller has locked their request ids. */
export async function writeIndexRows(
  transaction: Kysely<StatusTables>,
  known: ReadonlyMap<string, FoldedRecord>,
  records: ReadonlyMap<string, FoldedRecord>,
): Promise<void> {
  const all = [...records.values()];
  const tags = all.flatMap((record) => newTagRows(known.get(record.requestId), record));
  if (tags.length > 0)
    await sql`
      INSERT INTO tags (${sql.join(tagColumns.map((name) => sql.ref(name)))})
      SELECT * FROM unnest(${tags.map(({ project }) => project)}::text[], ${tags.map(({ tag }) => tag)}::text[],
        ${tags.map(({ accepted_at: at }) => at)}::bigint[], ${tags.map(({ request_id: id }) => id)}::text[])
      ON CONFLICT DO NOTHING`.execute(transaction);
  const notices = all.flatMap((record) => newNoticeRows(known.get(record.requestId), record));
  if (notices.length === 0) return;
  const lists = noticeColumns.map((name) => {
    const type = name === 'accepted_at' ? 'bigint' : 'text';
    return sql`${notices.map((row) => row[name])}::${sql.raw(type)}[]`;
  });
  await sql`
    INSERT INTO notices (${sql.join(noticeColumns.map((name) => sql.ref(name)))}) SELECT * FROM unnest(${sql.join(lists)})
    ON CONFLICT (request_id, delivery_id) DO UPDATE SET project = excluded.project, function_urn = excluded.function_urn,
      state = excluded.state, accepted_at = excluded.accepted_at`.execute(transaction);
}

/**
 * Removes rows whose invocation is gone. Partitions of invocations are dropped, which fires no
 * trigger.
 * @param limit invocations at once.
 */
export async function removeOrphans(transaction: Kysely<StatusTables>, acceptedBefore: number, limit: number): Promise<void> {
  for (const name of ['tags', 'notices']) {
    const table = sql.table(name);
    await sql`
      DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM ${table} AS one WHERE accepted_at < ${acceptedBefore} AND NOT EXISTS (
          SELECT FROM invocations WHERE invocations.request_id = one.request_id AND invocations.accepted_at = one.accepted_at)
        ORDER BY accepted_at LIMIT ${limit * rowsPerInvocation}))`.execute(transaction);
  }
}
