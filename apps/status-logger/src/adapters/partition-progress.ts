import type { Kysely } from 'kysely';
import type { FinishedTo } from '#kafka/strategy';
import type { StatusTables } from './invocation-rows.ts';

/** Stores how far partitions are folded. A lower offset than the stored one is ignored. */
export async function writeProgress(tables: Kysely<StatusTables>, progress: readonly FinishedTo[]): Promise<void> {
  if (progress.length === 0) return;
  const rows = progress.map(({ topic, partition, finishedTo }) => ({ topic, partition, finished_to: Number(finishedTo) }));
  await tables
    .insertInto('progress')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['topic', 'partition'])
        .doUpdateSet((row) => ({ finished_to: row.ref('excluded.finished_to') }))
        .whereRef('progress.finished_to', '<', 'excluded.finished_to'),
    )
    .execute();
}

/** Reads how far partitions are folded. */
export async function readProgress(tables: Kysely<StatusTables>): Promise<readonly FinishedTo[]> {
  const rows = await tables.selectFrom('progress').selectAll().execute();
  return rows.map(({ topic, partition, finished_to }) => ({ topic, partition, finishedTo: BigInt(finished_to) }));
}
