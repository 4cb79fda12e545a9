import { type Kysely, sql } from 'kysely';
import type { TallyChange } from '../../tally-changes.ts';
import type { StatusTables } from '../invocation-rows.ts';
import { columnsOf, onConflict, valuesOf } from '../tally-tables.ts';

const smallerAndLarger = { least: 'least', greatest: 'greatest' };
const textColumns: readonly string[] = ['project', 'function_urn'];

/** Adds changes of counts to the rows of a shard, in the order of the changes. */
export async function writeTallies(tables: Kysely<StatusTables>, changes: readonly TallyChange[], shard: number): Promise<void> {
  await addTo(
    tables,
    'function_totals',
    changes.filter(({ minute }) => minute === undefined),
    shard,
  );
  await addTo(
    tables,
    'function_minutes',
    changes.filter(({ minute }) => minute !== undefined),
    shard,
  );
}

async function addTo(
  tables: Kysely<StatusTables>,
  table: 'function_totals' | 'function_minutes',
  changes: readonly TallyChange[],
  shard: number,
): Promise<void> {
  if (changes.length === 0) return;
  const columns = columnsOf(table);
  const rows = changes.map((change) => valuesOf(change, shard));
  const lists = columns.map((name, at) => {
    const type = sql.raw(textColumns.includes(name) ? 'text' : 'bigint');
    return sql`${rows.map((row) => row[at] ?? null)}::${type}[]`;
  });
  await sql`
    INSERT INTO ${sql.table(table)} (${sql.join(columns.map((name) => sql.ref(name)))})
    SELECT * FROM unnest(${sql.join(lists)}) ${sql.raw(onConflict(table, smallerAndLarger))}`.execute(tables);
}
