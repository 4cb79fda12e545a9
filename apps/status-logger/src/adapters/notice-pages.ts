/**
 * Lists deliveries and their targets. Each part of a page is read from the index of its state, and
 * function or target, as far as the page goes. No answer counts or sorts more than that.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import {
  type DeliveryStatus,
  epochMs,
  type Notice,
  noticeCountMax,
  type NoticePage,
  type NoticeQuery,
  type TargetNotices,
  type TargetPage,
  type TargetQuery,
} from '#contracts';
import type { NoticeRow } from './index-rows.ts';
import type { StatusTables } from './invocation-rows.ts';

/** A row of `notices`, with the deliveries of its invocation as JSON. */
type FoundRow = Pick<NoticeRow, 'request_id' | 'delivery_id' | 'function_urn' | 'accepted_at'> & { readonly deliveries: string };

const order = sql`ORDER BY accepted_at DESC, request_id, delivery_id`;

/** Reads the page of notices that a question asks for. */
export async function selectNotices(tables: Kysely<StatusTables>, query: NoticeQuery): Promise<NoticePage> {
  if (query.states.length === 0 || query.functionUrns?.length === 0) return { notices: [], hasMore: false };
  const functions = query.functionUrns ?? [undefined];
  const parts = query.states.flatMap((state) => functions.map((functionUrn) => part(query, state, functionUrn)));
  const rows = await found(tables, sql`${sql.join(parts, sql` UNION ALL `)}`, query.limit + 1);
  return { notices: rows.slice(0, query.limit).flatMap(noticeOf), hasMore: rows.length > query.limit };
}

/** The rows of one state, and of one function if it is given. */
function part(query: NoticeQuery, state: string, functionUrn: string | undefined): RawBuilder<unknown> {
  const { project, deliveryId, beginAt, endAt, after, limit } = query;
  const ofFunction = functionUrn === undefined ? sql`` : sql`AND function_urn = ${functionUrn}`;
  const ofTarget = deliveryId === undefined ? sql`` : sql`AND delivery_id = ${deliveryId}`;
  const beyond =
    after === undefined
      ? sql``
      : sql`AND accepted_at <= ${after.acceptedAt} AND (accepted_at < ${after.acceptedAt} OR request_id > ${after.requestId}
          OR (request_id = ${after.requestId} AND delivery_id > ${after.deliveryId}))`;
  return sql`
    SELECT * FROM (
      SELECT request_id, delivery_id, function_urn, accepted_at FROM notices
      WHERE project = ${project} AND state = ${state} ${ofFunction} ${ofTarget}
        AND accepted_at >= ${beginAt} AND accepted_at <= ${endAt} ${beyond}
      ${order} LIMIT ${limit + 1}) AS part`;
}

async function found(tables: Kysely<StatusTables>, keys: RawBuilder<unknown>, limit: number): Promise<readonly FoundRow[]> {
  const { rows } = await sql<FoundRow>`
    WITH page AS (SELECT * FROM (${keys}) AS keys ${order} LIMIT ${limit})
    SELECT page.request_id, page.delivery_id, page.function_urn, page.accepted_at, deliveries
    FROM page JOIN invocations ON invocations.request_id = page.request_id AND invocations.accepted_at = page.accepted_at
    ORDER BY page.accepted_at DESC, page.request_id, page.delivery_id`.execute(tables);
  return rows;
}

function noticeOf(row: FoundRow): readonly Notice[] {
  const deliveries = JSON.parse(row.deliveries) as DeliveryStatus[];
  const delivery = deliveries.find(({ deliveryId }) => deliveryId === row.delivery_id);
  if (delivery === undefined) return [];
  return [{ ...delivery, requestId: row.request_id, functionUrn: row.function_urn, acceptedAt: epochMs(row.accepted_at) }];
}

/** Reads the page of targets that a question asks for: one step in the index for each target. */
export async function selectTargets(
  tables: Kysely<StatusTables>,
  { project, after = '', limit }: TargetQuery,
): Promise<TargetPage> {
  const next = (before: RawBuilder<unknown>) =>
    sql`(SELECT min(delivery_id) FROM notices WHERE project = ${project} AND delivery_id > ${before})`;
  const { rows } = await sql<{ id: string }>`
    WITH RECURSIVE step (id, number) AS (
      SELECT ${next(sql`${after}`)}, 1
      UNION ALL SELECT ${next(sql`step.id`)}, number + 1 FROM step WHERE id IS NOT NULL AND number <= ${limit})
    SELECT id FROM step WHERE id IS NOT NULL`.execute(tables);
  const targets: TargetNotices[] = [];
  for (const { id } of rows.slice(0, limit)) targets.push(await targetOf(tables, project, id));
  return { targets, hasMore: rows.length > limit };
}

async function targetOf(tables: Kysely<StatusTables>, project: string, deliveryId: string): Promise<TargetNotices> {
  const [pending, undelivered, newest] = await Promise.all([
    countOf(tables, project, deliveryId, 'pending'),
    countOf(tables, project, deliveryId, 'undelivered'),
    newestOfEachState(tables, project, deliveryId),
  ]);
  const delivered = newest.find(({ state }) => state === 'delivered');
  const failed = newest
    .filter(({ state, reason }) => state !== 'delivered' && reason !== undefined)
    .reduce<Notice | undefined>((last, notice) => (last !== undefined && last.at > notice.at ? last : notice), undefined);
  return {
    deliveryId,
    pending,
    undelivered,
    ...(delivered === undefined ? {} : { deliveredAt: delivered.at }),
    ...(failed === undefined ? {} : { error: { reason: failed.reason ?? '', at: failed.at } }),
  };
}

async function newestOfEachState(tables: Kysely<StatusTables>, project: string, deliveryId: string): Promise<readonly Notice[]> {
  const window = { beginAt: epochMs(0), endAt: epochMs(Number.MAX_SAFE_INTEGER) };
  const states = ['pending', 'delivered', 'undelivered'] as const;
  const newest = await Promise.all(
    states.map(async (state) => selectNotices(tables, { project, deliveryId, states: [state], ...window, limit: 1 })),
  );
  return newest.flatMap(({ notices }) => notices);
}

async function countOf(tables: Kysely<StatusTables>, project: string, deliveryId: string, state: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*) AS count FROM (
      SELECT 1 AS one FROM notices WHERE project = ${project} AND delivery_id = ${deliveryId} AND state = ${state}
      LIMIT ${noticeCountMax}) AS counted`.execute(tables);
  return Number(rows[0]?.count ?? 0);
}
