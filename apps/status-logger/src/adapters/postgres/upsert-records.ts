import { type Kysely, sql } from 'kysely';
import { invocationColumns, type InvocationRow, progressColumns, type StatusTables } from '../invocation-rows.ts';

const columnTypes: Readonly<Partial<Record<keyof InvocationRow, string>>> = {
  accepted_at: 'bigint',
  stage: 'bigint',
  error_code: 'integer',
  started_at: 'bigint',
  ended_at: 'bigint',
  attempts: 'integer',
  due_at: 'bigint',
  over_at: 'bigint',
  place_offset: 'bigint',
  expires_at: 'bigint',
  late_ms: 'bigint',
};

/** Writes the rows of invocations. The caller has locked their request ids. */
export async function upsertRecords(transaction: Kysely<StatusTables>, rows: readonly InvocationRow[]): Promise<void> {
  const columns = sql.join(invocationColumns.map((name) => sql.ref(name)));
  const lists = invocationColumns.map((name) => {
    const values = rows.map((row) => storable(row[name]));
    return sql`${values}::${sql.raw(columnTypes[name] ?? 'text')}[]`;
  });
  const progress = sql.join(
    [...progressColumns, 'function_urn', 'project'].map((name) => sql`${sql.ref(name)} = excluded.${sql.ref(name)}`),
  );
  await sql`
    INSERT INTO invocations (${columns}) SELECT * FROM unnest(${sql.join(lists)})
    ON CONFLICT (request_id, accepted_at) DO UPDATE SET ${progress}`.execute(transaction);
}

/** PostgreSQL keeps no text with a zero byte. */
function storable(value: string | number | null): string | number | null {
  return value === null || typeof value === 'number' ? value : value.replaceAll('\0', '\uFFFD');
}
