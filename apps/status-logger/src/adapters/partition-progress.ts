import type { Kysely } from 'kysely';
import type { FinishedTo } from '#kafka/strategy';
import type { ProgressMark } from '../status-store.ts';
import type { StatusTables } from './invocation-rows.ts';

/**
 * Stores how far partitions are folded. A lower offset than the stored one is ignored, unless its
 * mark may go back.
 */
export async function writeProgress(tables: Kysely<StatusTables>, progress: readonly ProgressMark[]): Promise<void> {
  const { back = [], on = [] } = Object.groupBy(progress, ({ mayGoBack }) => (mayGoBack === true ? 'back' : 'on'));
  await write(tables, on, '<');
  await write(tables, back, '!=');
}

/** @param written how the stored offset compares with one that is written over it. */
async function write(tables: Kysely<StatusTables>, progress: readonly FinishedTo[], written: '<' | '!='): Promise<void> {
  if (progress.length === 0) return;
  const rows = progress.map(({ topic, partition, finishedTo }) => ({ topic, partition, finished_to: Number(finishedTo) }));
  await tables
    .insertInto('progress')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['topic', 'partition'])
        .doUpdateSet((row) => ({ finished_to: row.ref('excluded.finished_to') }))
        .whereRef('progress.finished_to', written, 'excluded.finished_to'),
    )
    .execute();
}

/** Reads how far partitions are folded. */
export async function readProgress(tables: Kysely<StatusTables>): Promise<readonly FinishedTo[]> {
  const rows = await tables.selectFrom('progress').selectAll().execute();
  return rows.map(({ topic, partition, finished_to }) => ({ topic, partition, finishedTo: BigInt(finished_to) }));
}
