/**
 * The tables `function_totals` and `function_minutes`: what a {@link Tally} counts, for each
 * function and for each whole project. Both databases have them, with the same columns.
 *
 * Each process adds to rows of its own shard, so that processes seldom wait for each other. The sum
 * over the shards is the count.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import {
  type EpochMs,
  epochMs,
  type FunctionTally,
  type MinuteTally,
  type Tally,
  tallyExtremes,
  tallySums,
  type TotalsQuery,
} from '#contracts';
import { minuteMs, type TallyChange, wholeProject } from '../tally-changes.ts';
import type { StatusTables } from './invocation-rows.ts';
import { withRejects } from './reject-rows.ts';

/** All counts, in the order in which statements bind them. */
export const tallyColumns = [...tallySums, ...tallyExtremes] as const;

/** The columns that tell rows of `function_minutes` apart; `function_totals` has no minute. */
const minuteKey = ['project', 'function_urn', 'minute', 'shard'] as const;
const totalKey = ['project', 'function_urn', 'shard'] as const;

/** The functions of a database that take the smaller and the larger of two values. */
export interface SmallerAndLarger {
  readonly least: string;
  readonly greatest: string;
}

/** Merges a change with a row that exists: sums add up, extremes are compared. */
export function onConflict(table: 'function_totals' | 'function_minutes', { least, greatest }: SmallerAndLarger): string {
  const compared = tallyExtremes.map((name) => {
    const pick = name.endsWith('_min') ? least : greatest;
    return `${name} = ${pick}(coalesce(${table}.${name}, excluded.${name}), coalesce(excluded.${name}, ${table}.${name}))`;
  });
  const added = tallySums.map((name) => `${name} = ${table}.${name} + excluded.${name}`);
  return `ON CONFLICT (${keyOf(table).join(', ')}) DO UPDATE SET ${[...added, ...compared].join(', ')}`;
}

/** The columns of a table, its key first. */
export function columnsOf(table: 'function_totals' | 'function_minutes'): readonly string[] {
  return [...keyOf(table), ...tallyColumns];
}

function keyOf(table: 'function_totals' | 'function_minutes'): readonly string[] {
  return table === 'function_totals' ? totalKey : minuteKey;
}

/** The values of one change, in the order of {@link columnsOf}. */
export function valuesOf(
  { project, functionUrn, minute, sums, extremes }: TallyChange,
  shard: number,
): (string | number | null)[] {
  return [
    project,
    functionUrn,
    ...(minute === undefined ? [] : [minute]),
    shard,
    ...tallySums.map((name) => sums[name] ?? 0),
    ...tallyExtremes.map((name) => extremes[name] ?? null),
  ];
}

/** The sum over the shards, as the columns of a question. */
const summed = sql.join([
  ...tallySums.map((name) => sql`CAST(coalesce(sum(${sql.ref(name)}), 0) AS BIGINT) AS ${sql.ref(name)}`),
  ...tallyExtremes.map((name) => sql`${sql.raw(name.endsWith('_min') ? 'min' : 'max')}(${sql.ref(name)}) AS ${sql.ref(name)}`),
]);

/** Reads the counts of functions since they exist, in the order of their URNs. */
export async function selectTotals(
  tables: Kysely<StatusTables>,
  { project, functionUrns, after = wholeProject, limit }: TotalsQuery,
): Promise<readonly FunctionTally[]> {
  const ofFunctions =
    functionUrns === undefined ? sql`AND function_urn > ${after}` : sql`AND function_urn IN (${sql.join([...functionUrns])})`;
  const { rows } = await sql<Tally & { function_urn: string }>`
    SELECT function_urn, ${summed} FROM function_totals WHERE project = ${project} ${ofFunctions}
    GROUP BY function_urn ORDER BY function_urn LIMIT ${limit}`.execute(tables);
  const totals = rows.map(({ function_urn: functionUrn, ...tally }) => ({ functionUrn, tally }));
  return withRejects(tables, project, totals);
}

/** Reads the counts of all functions of all projects since they exist. */
export async function selectGrandTotal(tables: Kysely<StatusTables>): Promise<Tally> {
  const { rows } = await sql<Tally>`SELECT ${summed} FROM function_totals WHERE function_urn = ${wholeProject}`.execute(tables);
  return rows[0] ?? noTally;
}

/** Reads the counts of minutes from `from` to before `to`, oldest first. */
export async function selectMinutes(
  tables: Kysely<StatusTables>,
  project: string,
  functionUrns: readonly string[],
  from: number,
  to: number,
): Promise<readonly MinuteTally[]> {
  const { rows } = await sql<Tally & { minute: number }>`
    SELECT minute, ${summed} FROM function_minutes
    WHERE project = ${project} AND function_urn IN (${sql.join([...functionUrns])}) AND minute >= ${from} AND minute < ${to}
    GROUP BY minute ORDER BY minute`.execute(tables);
  return rows.map(({ minute, ...tally }) => ({ minute, tally }));
}

/**
 * Finds when the oldest invocation was accepted that has not ended. The counts name its minute, so
 * only the records of that minute are read.
 */
export async function selectOldest(
  tables: Kysely<StatusTables>,
  project: string,
  functionUrns: readonly string[],
): Promise<EpochMs | undefined> {
  const names = sql.join([...functionUrns]);
  const found = await sql<{ minute: number }>`
    SELECT minute FROM function_minutes WHERE project = ${project} AND function_urn IN (${names})
    GROUP BY minute HAVING sum(delayed + queued + running) > 0 ORDER BY minute LIMIT 1`.execute(tables);
  const minute = found.rows[0]?.minute;
  if (minute === undefined) return undefined;
  const ofFunctions: RawBuilder<unknown> = functionUrns.includes(wholeProject) ? sql`` : sql`AND function_urn IN (${names})`;
  const { rows } = await sql<{ at: number | null }>`
    SELECT min(accepted_at) AS at FROM invocations
    WHERE project = ${project} ${ofFunctions} AND status IN ('WAIT', 'RUNNING')
      AND accepted_at >= ${minute} AND accepted_at < ${minute + minuteMs}`.execute(tables);
  return epochMs(rows[0]?.at ?? minute);
}

/** Removes minutes before `before` of which no invocation is in flight. */
export async function deleteOldMinutes(tables: Kysely<StatusTables>, before: number): Promise<void> {
  await sql`
    DELETE FROM function_minutes WHERE minute < ${before} AND (project, function_urn, minute) NOT IN (
      SELECT project, function_urn, minute FROM function_minutes WHERE minute < ${before}
      GROUP BY project, function_urn, minute HAVING sum(delayed + queued + running + expiring) <> 0)`.execute(tables);
}

/** Counts of nothing. */
export const noTally: Tally = Object.freeze({
  ...Object.fromEntries(tallySums.map((name) => [name, 0])),
  ...Object.fromEntries(tallyExtremes.map((name) => [name, null])),
}) as Tally;
