/**
 * How many records there are, by project, function, minute of acceptance and status. A list tells
 * how many records match, and counting a million takes longer than anybody waits.
 *
 * Each process adds to rows of its own shard, so that processes seldom wait for each other. The sum
 * over the shards is the count.
 */
import { type Kysely, sql } from 'kysely';
import type { StatusQuery } from '#contracts';
import type { FoldedRecord } from '#lifecycle';
import type { StatusTables } from '../invocation-rows.ts';

/** Length of a minute, in milliseconds. */
export const minuteMs = 60_000;
/** A process takes one of so many shards by chance. */
export const shards = 32;

/** The fields of a record by which it is counted. */
type Counted = Pick<FoldedRecord, 'project' | 'functionUrn' | 'acceptedAt' | 'status'>;

interface Change extends Omit<Counted, 'acceptedAt'> {
  readonly minute: number;
  invocations: number;
}

/** Gathers how counts change, and writes the changes at once. */
export class CountChanges {
  private readonly changes = new Map<string, Change>();

  /** @param by 1 for a record that appears, -1 for one that goes. */
  add({ project, functionUrn, acceptedAt, status }: Counted, by: number): void {
    const minute = minuteOf(acceptedAt);
    const key = `${project}\n${functionUrn}\n${String(minute).padStart(16, '0')}\n${status}`;
    const change = this.changes.get(key);
    if (change === undefined) this.changes.set(key, { project, functionUrn, minute, status, invocations: by });
    else change.invocations += by;
  }

  /** Writes in the order of the keys, so that two processes never wait for each other. */
  async write(tables: Kysely<StatusTables>, shard: number): Promise<void> {
    const changes = [...this.changes]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([, change]) => (change.invocations === 0 ? [] : [change]));
    if (changes.length === 0) return;
    const list = <T>(pick: (change: Change) => T) => changes.map(pick);
    await sql`
      INSERT INTO counts (project, function_urn, minute, status, shard, invocations)
      SELECT project, function_urn, minute, status, ${shard}, invocations
      FROM unnest(${list(({ project }) => project)}::text[], ${list(({ functionUrn }) => functionUrn)}::text[],
        ${list(({ minute }) => minute)}::bigint[], ${list(({ status }) => status)}::text[],
        ${list(({ invocations }) => invocations)}::bigint[]) AS given (project, function_urn, minute, status, invocations)
      ON CONFLICT (project, function_urn, minute, status, shard) DO UPDATE SET invocations = counts.invocations + excluded.invocations`.execute(
      tables,
    );
  }
}

/** The start of the minute in which an instant lies. */
function minuteOf(at: number): number {
  return Math.floor(at / minuteMs) * minuteMs;
}

/** The part of a window that consists of whole minutes: from `begin` to before `end`. */
export function wholeMinutes({ beginAt, endAt }: Pick<StatusQuery, 'beginAt' | 'endAt'>): {
  readonly begin: number;
  readonly end: number;
} {
  const begin = Math.ceil(beginAt / minuteMs) * minuteMs;
  return { begin, end: Math.max(begin, minuteOf(endAt + 1)) };
}

/** Removes counts of minutes before `before` that are zero over all shards. */
export async function removeZeroCounts(tables: Kysely<StatusTables>, before: number): Promise<void> {
  await sql`
    DELETE FROM counts USING (
      SELECT project, function_urn, minute, status FROM counts WHERE minute < ${before}
      GROUP BY project, function_urn, minute, status HAVING sum(invocations) = 0
    ) AS zero
    WHERE (counts.project, counts.function_urn, counts.minute, counts.status) = (zero.project, zero.function_urn, zero.minute, zero.status)`.execute(
    tables,
  );
}
