/**
 * The tables of refused records. Both databases have them, with the same columns.
 *
 * J1. A reject counts in the transaction that inserts its row. The key of the row is the place of
 *     the refused record. So a reject that is read again changes nothing. Neither does a record
 *     that was refused twice, because a process ended in between.
 * J2. Old rows are removed. `rejects_removed` holds the offset of each partition of the rejects
 *     below which rows were removed. A reject below it, and not younger, is not counted again.
 * J3. A row is removed by when it was counted, not by when the record was refused. So no reject
 *     below that offset is still to be counted.
 */
import { type Kysely, sql } from 'kysely';
import { epochMs, type FunctionTally, type Reject, type RejectCode, type RejectCounts } from '#contracts';
import { type TallyChanges, wholeProject } from '../tally-changes.ts';
import type { StatusTables } from './invocation-rows.ts';
import type { RejectCountRow, RejectRow, RemovedRejects } from './reject-tables.ts';

/**
 * Counts rejects that are not counted yet. Within a transaction in which no rows are removed.
 * @param tallies takes what the rejects change there.
 * @param now in milliseconds since 1970.
 */
export async function countRejects(
  tables: Kysely<StatusTables>,
  rejects: readonly Reject[],
  tallies: TallyChanges,
  now: number,
): Promise<void> {
  if (rejects.length === 0) return;
  const isCounted = await countedBefore(tables);
  const rows = rejects.filter((reject) => !isCounted(reject)).map((reject) => rowOf(reject, now));
  if (rows.length === 0) return;
  const inserted = await tables
    .insertInto('rejects')
    .values(rows.toSorted(byOrigin))
    .onConflict((conflict) => conflict.doNothing())
    .returning(['project', 'function_urn', 'code', 'rejected_at'])
    .execute();
  for (const { project, function_urn: functionUrn, rejected_at: at } of inserted)
    tallies.reject({ project, functionUrn, at: epochMs(at) });
  await addCounts(tables, inserted);
}

/** Adds what rejects of functions are, by code. */
export async function withRejects(
  tables: Kysely<StatusTables>,
  project: string,
  totals: readonly Omit<FunctionTally, 'rejects'>[],
): Promise<readonly FunctionTally[]> {
  const refused = totals.filter(({ tally }) => tally.rejected > 0).map(({ functionUrn }) => functionUrn);
  const counts = new Map<string, RejectCounts>();
  if (refused.length > 0) {
    const rows = await tables
      .selectFrom('reject_counts')
      .selectAll()
      .where('project', '=', project)
      .where('function_urn', 'in', refused)
      .execute();
    for (const { function_urn: functionUrn, code, rejects } of rows)
      counts.set(functionUrn, { ...counts.get(functionUrn), [code as RejectCode]: rejects });
  }
  return totals.map((one) => ({ ...one, rejects: counts.get(one.functionUrn) ?? {} }));
}

/**
 * Removes at most `limit` rows that were counted before `countedBefore`. Their counts stay.
 * @returns how many were removed.
 */
export async function removeOldRejects(tables: Kysely<StatusTables>, before: number, limit: number): Promise<number> {
  if (limit <= 0) return 0;
  const old = await tables
    .selectFrom('rejects')
    .select(['origin_partition', 'origin_offset', 'origin_at', 'reject_partition', 'reject_offset', 'rejected_at'])
    .where('counted_at', '<', before)
    .orderBy('counted_at')
    .limit(limit)
    .execute();
  if (old.length === 0) return 0;
  const marks = new Map<number, RemovedRejects>();
  for (const { reject_partition: partition, reject_offset: offset, rejected_at: at } of old) {
    const { below, rejected_until: until } = marks.get(partition) ?? { below: 0, rejected_until: 0 };
    const mark = { below: Math.max(below, offset + 1), rejected_until: Math.max(until, at) };
    marks.set(partition, { reject_partition: partition, ...mark });
  }
  for (const mark of marks.values()) await raise(tables, mark);
  for (const { origin_partition: partition, origin_offset: offset, origin_at: at } of old)
    await tables
      .deleteFrom('rejects')
      .where('origin_partition', '=', partition)
      .where('origin_offset', '=', offset)
      .where('origin_at', '=', at)
      .execute();
  return old.length;
}

async function raise(tables: Kysely<StatusTables>, mark: RemovedRejects): Promise<void> {
  const larger = (name: 'below' | 'rejected_until') => {
    const [known, given] = [sql.ref(`rejects_removed.${name}`), sql.ref(`excluded.${name}`)];
    return sql<number>`CASE WHEN ${known} > ${given} THEN ${known} ELSE ${given} END`;
  };
  await tables
    .insertInto('rejects_removed')
    .values(mark)
    .onConflict((conflict) =>
      conflict.column('reject_partition').doUpdateSet({ below: larger('below'), rejected_until: larger('rejected_until') }),
    )
    .execute();
}

/** Tells of a reject whether its row was removed (J2). */
async function countedBefore(tables: Kysely<StatusTables>): Promise<(reject: Reject) => boolean> {
  const marks = new Map(
    (await tables.selectFrom('rejects_removed').selectAll().execute()).map((mark) => [mark.reject_partition, mark]),
  );
  return ({ partition, offset, at }) => {
    const mark = marks.get(partition);
    // A younger one with a lower offset is of a topic that was made anew.
    return mark !== undefined && offset < mark.below && at <= mark.rejected_until;
  };
}

function rowOf({ origin, project, functionUrn, code, reason, partition, offset, at }: Reject, now: number): RejectRow {
  return {
    origin_partition: origin.partition,
    origin_offset: origin.offset,
    origin_at: origin.at,
    project,
    function_urn: functionUrn,
    code,
    reason,
    reject_partition: partition,
    reject_offset: offset,
    rejected_at: at,
    counted_at: now,
  };
}

/** One order for all, so that two processes never wait for each other. */
function byOrigin(one: RejectRow, other: RejectRow): number {
  return (
    one.origin_partition - other.origin_partition || one.origin_offset - other.origin_offset || one.origin_at - other.origin_at
  );
}

async function addCounts(
  tables: Kysely<StatusTables>,
  inserted: readonly Pick<RejectRow, 'project' | 'function_urn' | 'code'>[],
): Promise<void> {
  const rows = new Map<string, RejectCountRow>();
  for (const { project, function_urn: functionUrn, code } of inserted)
    for (const name of new Set([functionUrn, wholeProject])) {
      const key = `${project}\n${name}\n${code}`;
      rows.set(key, { project, function_urn: name, code, rejects: (rows.get(key)?.rejects ?? 0) + 1 });
    }
  const sorted = [...rows].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row);
  if (sorted.length === 0) return;
  await tables
    .insertInto('reject_counts')
    .values(sorted)
    .onConflict((conflict) =>
      conflict
        .columns(['project', 'function_urn', 'code'])
        .doUpdateSet({ rejects: sql<number>`reject_counts.rejects + excluded.rejects` }),
    )
    .execute();
}
