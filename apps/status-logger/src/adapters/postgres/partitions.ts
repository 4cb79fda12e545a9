/**
 * Partitions of the table `invocations`: one for each span of time in which invocations were
 * accepted. Old records go with their partition instead of one by one.
 *
 * A span is a seventh of the retention, at least an hour. The partition `invocations_rest` holds
 * what fits no other: deliveries whose invocation is not known yet, and the few records that lived
 * longer than their partition.
 *
 * The callers hold the exclusive lock of {@link lockPartitions}.
 */
import { type Kysely, sql } from 'kysely';
import { epochMs, type Status } from '#contracts';
import type { StatusTables } from '../invocation-rows.ts';
import { CountChanges, minuteMs, removeZeroCounts } from './counts.ts';

/** One partition: the records accepted from `from` to before `to`, in milliseconds since 1970. */
export interface Partition {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

const rest = 'invocations_rest';
const hourMs = 3_600_000;
const spansPerRetention = 7;
/** Partitions that are made ahead: one may be needed before the next look. */
const spansAhead = 2;
/** More living records than this stay where they are: moving them would take too long at once. */
const survivorsMax = 10_000;
/** Any number that no other lock of the database has. */
const lockKey = 5_301_771_266;

/**
 * Locks partitions until the end of the transaction: `shared` to write records, `exclusive` to
 * change partitions or to remove records.
 */
export async function lockPartitions(transaction: Kysely<StatusTables>, mode: 'shared' | 'exclusive'): Promise<void> {
  const lock = mode === 'shared' ? sql.raw('pg_advisory_xact_lock_shared') : sql.raw('pg_advisory_xact_lock');
  await sql`SELECT ${lock}(${sql.lit(lockKey)})`.execute(transaction);
}

/** The partitions with a span, oldest first. */
export async function partitionsOf(tables: Kysely<StatusTables>): Promise<readonly Partition[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT child.relname AS name FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = 'invocations'::regclass`.execute(tables);
  return rows
    .flatMap(({ name }) => {
      const [, from, to] = /^invocations_(\d+)_(\d+)$/.exec(name) ?? [];
      return from === undefined || to === undefined ? [] : [{ name, from: Number(from), to: Number(to) }];
    })
    .sort((one, other) => one.from - other.from);
}

/**
 * The partitions to make, so that there is one for each instant from the retention before `now` to
 * two spans after it. Spans of former settings stay as they are.
 * @param existing sorted by time.
 */
export function missingPartitions(
  existing: readonly Pick<Partition, 'to'>[],
  now: number,
  retentionMs: number,
): readonly Partition[] {
  const span = Math.max(hourMs, Math.ceil(retentionMs / spansPerRetention / hourMs) * hourMs);
  const oldest = Math.floor((now - retentionMs) / span) * span;
  const missing: Partition[] = [];
  for (let from = Math.max(oldest, existing.at(-1)?.to ?? oldest); from < now + spansAhead * span; from += span)
    missing.push({ name: `invocations_${from}_${from + span}`, from, to: from + span });
  return missing;
}

/** Makes the missing partitions. One of whose span the rest has records is not made. */
export async function makePartitions(transaction: Kysely<StatusTables>, now: number, retentionMs: number): Promise<void> {
  for (const { name, from, to } of missingPartitions(await partitionsOf(transaction), now, retentionMs)) {
    const taken = await sql`
      SELECT FROM ${sql.table(rest)} WHERE accepted_at >= ${from} AND accepted_at < ${to} LIMIT 1`.execute(transaction);
    if (taken.rows.length > 0) continue;
    await sql`
      CREATE TABLE ${sql.table(name)} PARTITION OF invocations
      FOR VALUES FROM (${sql.lit(from)}) TO (${sql.lit(to)})`.execute(transaction);
  }
}

/**
 * Removes records that were over before `overBefore`: whole partitions, then at most `limit`
 * records of the rest and of partitions in which too many live.
 * @returns how many records were removed.
 */
export async function removeOld(
  transaction: Kysely<StatusTables>,
  overBefore: number,
  limit: number,
  shard: number,
): Promise<number> {
  const old = (await partitionsOf(transaction)).filter(({ to }) => to <= overBefore);
  let removed = 0;
  const full = [rest];
  for (const partition of old) {
    const dropped = await dropPartition(transaction, partition, overBefore, shard);
    if (dropped === undefined) full.push(partition.name);
    else removed += dropped;
  }
  const counts = new CountChanges();
  for (const name of full) {
    if (removed >= limit) break;
    const rows = await deleteOver(transaction, name, overBefore, limit - removed);
    for (const { project, function_urn, accepted_at, status } of rows)
      counts.add({ project, functionUrn: function_urn, acceptedAt: epochMs(accepted_at), status }, -1);
    removed += rows.length;
  }
  await counts.write(transaction, shard);
  if (removed > 0) await removeZeroCounts(transaction, overBefore);
  return removed;
}

/**
 * Drops a partition. The few records in it that live move to the rest.
 * @returns how many records were removed; undefined if too many live.
 */
async function dropPartition(
  transaction: Kysely<StatusTables>,
  { name, from, to }: Partition,
  overBefore: number,
  shard: number,
): Promise<number | undefined> {
  const table = sql.table(name);
  const lives = sql`(over_at IS NULL OR over_at >= ${overBefore})`;
  const survivors = await sql`SELECT FROM ${table} WHERE ${lives} LIMIT ${sql.lit(survivorsMax + 1)}`.execute(transaction);
  if (survivors.rows.length > survivorsMax) return undefined;
  const counted = await sql<{ count: number }>`SELECT count(*) FROM ${table}`.execute(transaction);
  await sql`ALTER TABLE invocations DETACH PARTITION ${table}`.execute(transaction);
  await sql`INSERT INTO invocations SELECT * FROM ${table} WHERE ${lives}`.execute(transaction);
  await sql`DELETE FROM counts WHERE minute >= ${from} AND minute < ${to}`.execute(transaction);
  const minute = sql`accepted_at / ${sql.lit(minuteMs)} * ${sql.lit(minuteMs)}`;
  await sql`
    INSERT INTO counts (project, function_urn, minute, status, shard, invocations)
    SELECT project, function_urn, ${minute}, status, ${sql.lit(shard)}, count(*) FROM ${table}
    WHERE ${lives} GROUP BY 1, 2, 3, 4`.execute(transaction);
  await sql`DROP TABLE ${table}`.execute(transaction);
  return (counted.rows[0]?.count ?? 0) - survivors.rows.length;
}

async function deleteOver(transaction: Kysely<StatusTables>, name: string, overBefore: number, limit: number) {
  const table = sql.table(name);
  const { rows } = await sql<{ project: string; function_urn: string; accepted_at: number; status: Status }>`
    DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM ${table} WHERE over_at < ${overBefore} AND accepted_at < ${overBefore} LIMIT ${limit}))
    RETURNING project, function_urn, accepted_at, status`.execute(transaction);
  return rows;
}
