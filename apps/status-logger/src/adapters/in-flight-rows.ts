import type { Kysely } from 'kysely';
import type { FinishedTo } from '#kafka/strategy';
import type { FoldedRecord } from '#lifecycle';
import { type KeptRecords, outsideOf } from '../kept-records.ts';
import { recordOf, type StatusTables } from './invocation-rows.ts';

/** Reads at most `limit` rows that have not ended and whose places all lie below the offsets. */
export async function selectInFlightBelow(
  tables: Kysely<StatusTables>,
  offsets: readonly FinishedTo[],
  limit: number,
): Promise<readonly FoldedRecord[]> {
  const bounds = offsets.map(({ finishedTo, ...one }) => ({ ...one, start: finishedTo, end: endless }));
  return selectInFlightOutside(tables, bounds, limit);
}

/** No partition gets so far. */
const endless = BigInt(Number.MAX_SAFE_INTEGER);

/** See {@link StatusStore.inFlightOutside}. */
export async function selectInFlightOutside(
  tables: Kysely<StatusTables>,
  bounds: readonly KeptRecords[],
  limit: number,
): Promise<readonly FoldedRecord[]> {
  const isOutside = outsideOf(bounds);
  const found: FoldedRecord[] = [];
  for (const { topic, partition, start, end } of bounds)
    for (const [side, offset] of [['<', start] as const, ['>=', end] as const]) {
      if (found.length >= limit) return found.slice(0, limit);
      if (offset === endless) continue;
      // Two questions, since one with both sides would read all rows of the partition.
      const rows = await tables
        .selectFrom('invocations')
        .selectAll()
        .where('place_partition', '=', `${topic}/${partition}`)
        .where('place_offset', side, Number(offset))
        .where('ended_at', 'is', null)
        .orderBy('place_offset')
        .limit(limit)
        .execute();
      found.push(...rows.map(recordOf).filter(({ places }) => places.every(isOutside)));
    }
  return found.slice(0, limit);
}
