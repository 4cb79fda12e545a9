import type { Kysely } from 'kysely';
import { partitionName } from '#contracts';
import type { FinishedTo } from '#kafka/strategy';
import type { FoldedRecord } from '#lifecycle';
import type { PartitionSpan } from '../status-store.ts';
import { isBehind, recordOf, type StatusTables } from './invocation-rows.ts';

/** Reads at most `limit` rows that have not ended and whose places all lie below the offsets. */
export async function selectInFlightBelow(
  tables: Kysely<StatusTables>,
  offsets: readonly FinishedTo[],
  limit: number,
): Promise<readonly FoldedRecord[]> {
  const ends = new Map(offsets.map((one) => [partitionName(one), one.finishedTo]));
  const found: FoldedRecord[] = [];
  for (const { topic, partition, finishedTo } of offsets) {
    if (found.length >= limit) break;
    const records = await selectInFlightIn(tables, { topic, partition, start: 0n, end: finishedTo }, limit);
    found.push(...records.filter(({ places }) => places.every((place) => place.offset < (ends.get(partitionName(place)) ?? 0n))));
  }
  return found.slice(0, limit);
}

/** See {@link StatusStore.inFlightIn}. */
export async function selectInFlightIn(
  tables: Kysely<StatusTables>,
  { topic, partition, start, end, acceptedBefore }: PartitionSpan,
  limit: number,
  after?: FoldedRecord,
): Promise<readonly FoldedRecord[]> {
  const last = after?.places[0]?.offset;
  const rows = await tables
    .selectFrom('invocations')
    .selectAll()
    .where('place_partition', '=', `${topic}/${partition}`)
    .where('place_offset', '>=', Number(start))
    .$if(end !== undefined, (query) => query.where('place_offset', '<', Number(end)))
    .$if(acceptedBefore !== undefined, (query) => query.where('accepted_at', '<', acceptedBefore ?? 0))
    .$if(last !== undefined, (query) => query.where(isBehind('place_offset', last ?? 0, after?.requestId ?? '')))
    .where('ended_at', 'is', null)
    .orderBy('place_offset')
    .orderBy('request_id')
    .limit(limit)
    .execute();
  return rows.map(recordOf);
}
