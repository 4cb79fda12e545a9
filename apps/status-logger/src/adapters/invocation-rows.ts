import { type ExpressionBuilder, type Kysely } from 'kysely';
import {
  type DeliveryStatus,
  epochMs,
  type FoundRecord,
  type InvocationSearch,
  type RecordPlace,
  type Status,
  type StatusPage,
  type StatusQuery,
  type StatusRecord,
} from '#contracts';
import { type FoldedRecord, overAt } from '#lifecycle';
import { historyOf, historyText, noTransitions } from './history-text.ts';
import type { NoticeRow, TagRow } from './index-rows.ts';
import type { RejectCountRow, RejectRow, RemovedRejects } from './reject-tables.ts';

/**
 * One row of the table `invocations`: what a SQL adapter of the status store keeps of an
 * invocation. Times are milliseconds since 1970-01-01 UTC.
 */
export interface InvocationRow {
  /** Primary key. */
  request_id: string;
  /** Empty while only a delivery of the invocation is known. */
  function_urn: string;
  /** Empty while only a delivery of the invocation is known. */
  project: string;
  /** 0 while only a delivery of the invocation is known. */
  accepted_at: number;
  /** WAIT, RUNNING, SUCCESS, FAIL or DISCARD. */
  status: string;
  /**
   * Orders events: `fold` ignores an event of a lower stage. At most 2^53 - 1, so a BIGINT
   * elsewhere.
   */
  stage: number;
  /** 0 unless the invocation failed or was discarded. */
  error_code: number;
  error_message: string;
  /** Start of the last attempt. */
  started_at: number | null;
  ended_at: number | null;
  /** Attempts started so far. */
  attempts: number;
  /** Start of the next attempt, while the invocation waits for a retry. */
  due_at: number | null;
  /** JSON: a list of `DeliveryStatus`. */
  deliveries: string;
  /** Tags of the caller, separated by commas. */
  tags: string;
  /** When the invocation and all its deliveries were over; null before that. */
  over_at: number | null;
  /** JSON: a list of `[topic, partition, offset, at]`, newest first; see `FoldedRecord.places`. */
  places: string;
  /** Topic and partition of the newest place as `topic/partition`; null if no place is known. */
  place_partition: string | null;
  /** Offset of the newest place. */
  place_offset: number | null;
  /** End of the validity period; null in records of earlier releases. */
  expires_at: number | null;
  /** The transitions, as `historyText` writes them. */
  history: string;
  /** How long after its due time the last attempt started, in milliseconds; null before the end. */
  late_ms: number | null;
  /** The reference of a stored payload. */
  payload_ref: string | null;
  /** The reference of a stored return value. */
  response_ref: string | null;
  /** See `FoldedRecord.failureRoute`; null if nobody hears of a failure. */
  failure_route: string | null;
}

/** The tables of the status store, as Kysely wants them. */
export interface StatusTables {
  invocations: InvocationRow;
  /** A row for each tag of an invocation. */
  tags: TagRow;
  /** A row for each delivery of an invocation. */
  notices: NoticeRow;
  /** A row for each refused record that is kept. */
  rejects: RejectRow;
  /** A row for each partition of the rejects of which rows were removed. */
  rejects_removed: RemovedRejects;
  /** A row for each function, and each reason for which its records were refused. */
  reject_counts: RejectCountRow;
  /** One row once the store was built; none before. */
  built: { id: number };
  /** A row for each partition of a work topic: every record below the offset is folded. */
  progress: { topic: string; partition: number; finished_to: number };
}

/**
 * The role of each column in an update. The `subject` of an invocation never changes once it is
 * known, and the indexes begin with it. An update of the `progress` therefore moves an index entry
 * within its page at most.
 */
const roleOf: Readonly<Record<keyof InvocationRow, 'key' | 'subject' | 'progress'>> = {
  request_id: 'key',
  function_urn: 'subject',
  project: 'subject',
  accepted_at: 'subject',
  status: 'progress',
  stage: 'progress',
  error_code: 'progress',
  error_message: 'progress',
  started_at: 'progress',
  ended_at: 'progress',
  attempts: 'progress',
  due_at: 'progress',
  deliveries: 'progress',
  tags: 'progress',
  over_at: 'progress',
  places: 'progress',
  place_partition: 'progress',
  place_offset: 'progress',
  expires_at: 'progress',
  history: 'progress',
  late_ms: 'progress',
  payload_ref: 'progress',
  response_ref: 'progress',
  failure_route: 'progress',
};

/** All columns, in the order in which statements bind them. */
export const invocationColumns = Object.keys(roleOf) as (keyof InvocationRow)[];
/** The columns that never change once the invocation itself is known. */
export const subjectColumns = invocationColumns.filter((name) => roleOf[name] === 'subject');
/** The columns that an update overwrites. */
export const progressColumns = invocationColumns.filter((name) => roleOf[name] === 'progress');

/**
 * Turns a record into its row. The fields have the order of {@link invocationColumns}, by which
 * statements bind them.
 */
export function rowOf(record: FoldedRecord): InvocationRow {
  const [newest] = record.places;
  return {
    request_id: record.requestId,
    function_urn: record.functionUrn,
    project: record.project,
    accepted_at: record.acceptedAt,
    status: record.status,
    stage: record.stage,
    error_code: record.errorCode,
    error_message: record.errorMessage,
    started_at: record.startedAt ?? null,
    ended_at: record.endedAt ?? null,
    attempts: record.attempts,
    due_at: record.dueAt ?? null,
    deliveries: JSON.stringify(record.deliveries),
    tags: record.tags.join(','),
    over_at: overAt(record) ?? null,
    places: JSON.stringify(record.places.map(({ topic, partition, offset, at }) => [topic, partition, offset, at])),
    place_partition: newest === undefined ? null : `${newest.topic}/${newest.partition}`,
    place_offset: newest?.offset ?? null,
    expires_at: record.expiresAt ?? null,
    history: historyText(record.history),
    late_ms: record.lateMs ?? null,
    payload_ref: record.payloadRef ?? null,
    response_ref: record.responseRef ?? null,
    failure_route: record.failureRoute ?? null,
  };
}

/** Turns a row into its record. */
export function recordOf(row: InvocationRow): FoldedRecord {
  return {
    requestId: row.request_id,
    functionUrn: row.function_urn,
    project: row.project,
    acceptedAt: epochMs(row.accepted_at),
    status: row.status as Status,
    stage: row.stage,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    ...(row.started_at === null ? {} : { startedAt: epochMs(row.started_at) }),
    ...(row.ended_at === null ? {} : { endedAt: epochMs(row.ended_at) }),
    attempts: row.attempts,
    ...(row.due_at === null ? {} : { dueAt: epochMs(row.due_at) }),
    tags: row.tags === '' ? [] : row.tags.split(','),
    deliveries: JSON.parse(row.deliveries) as DeliveryStatus[],
    places: placesOf(row.places),
    ...(row.expires_at === null ? {} : { expiresAt: epochMs(row.expires_at) }),
    history: historyOf(row.history),
    ...(row.late_ms === null ? {} : { lateMs: row.late_ms }),
    ...(row.payload_ref === null ? {} : { payloadRef: row.payload_ref }),
    ...(row.response_ref === null ? {} : { responseRef: row.response_ref }),
    ...(row.failure_route === null ? {} : { failureRoute: row.failure_route }),
  };
}

type StoredPlace = [RecordPlace['topic'], RecordPlace['partition'], RecordPlace['offset'], RecordPlace['at']];

function placesOf(text: string): readonly RecordPlace[] {
  return (JSON.parse(text) as StoredPlace[]).map(([topic, partition, offset, at]) => ({ topic, partition, offset, at }));
}

/** Turns a row into the record that callers see. */
export function shownRecordOf(row: InvocationRow): StatusRecord {
  const {
    stage: _stage,
    places: _places,
    history: _history,
    expiresAt: _expiresAt,
    lateMs: _lateMs,
    failureRoute: _failureRoute,
    ...record
  } = recordOf({ ...row, places: '[]', history: noTransitions });
  return record;
}

/** As {@link shownRecordOf}, with what a search asks for besides. */
export function foundRecordOf(
  row: InvocationRow,
  { withPlaces, withHistory }: Pick<InvocationSearch, 'withPlaces' | 'withHistory'>,
): FoundRecord {
  return {
    ...shownRecordOf(row),
    ...(withPlaces === true ? { places: placesOf(row.places) } : {}),
    ...(withHistory === true ? { history: historyOf(row.history) } : {}),
    ...(withHistory === true && row.expires_at !== null ? { expiresAt: epochMs(row.expires_at) } : {}),
  };
}

/** The condition that a row matches a question. */
function matches(
  where: ExpressionBuilder<StatusTables, 'invocations'>,
  { project, functionUrns, requestIds, statuses, beginAt, endAt }: StatusQuery,
) {
  return where.and([
    where('project', '=', project),
    where('accepted_at', '>=', beginAt),
    where('accepted_at', '<=', endAt),
    ...(functionUrns === undefined ? [] : [where('function_urn', 'in', [...functionUrns])]),
    ...(requestIds === undefined
      ? []
      : [requestIds.length === 0 ? where.lit(false) : where('request_id', 'in', [...requestIds])]),
    ...(statuses === undefined ? [] : [where('status', 'in', [...statuses])]),
  ]);
}

/** Reads the page that a question without a tag asks for, and counts all records that match. */
export async function selectPage(tables: Kysely<StatusTables>, query: StatusQuery): Promise<StatusPage> {
  const matching = tables.selectFrom('invocations').where((where) => matches(where, query));
  // Sorting ids first leaves the rows beyond the page unread: the index holds all that is sorted
  // and filtered by.
  const pageIds = matching
    .select('request_id')
    .orderBy('accepted_at', 'desc')
    .orderBy('request_id')
    .limit(query.limit)
    .offset(query.offset);
  const [rows, total] = await Promise.all([
    tables
      .selectFrom('invocations')
      .selectAll()
      .where('request_id', 'in', pageIds)
      .orderBy('accepted_at', 'desc')
      .orderBy('request_id')
      .execute(),
    matching.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirstOrThrow(),
  ]);
  return { records: rows.map(shownRecordOf), count: Number(total.count) };
}

/** Reads one record with its history; undefined if the project has none of this request id. */
export async function selectRecord(
  tables: Kysely<StatusTables>,
  project: string,
  requestId: string,
): Promise<FoldedRecord | undefined> {
  const row = await tables
    .selectFrom('invocations')
    .selectAll()
    .where('request_id', '=', requestId)
    .where('project', '=', project)
    .executeTakeFirst();
  return row === undefined ? undefined : recordOf(row);
}

/**
 * Reads at most `limit` rows accepted before `acceptedBefore` that are not over, oldest first.
 * @param after reads only rows behind the one of this record.
 */
export async function selectNotOver(
  tables: Kysely<StatusTables>,
  acceptedBefore: number,
  limit: number,
  after?: FoldedRecord,
): Promise<readonly FoldedRecord[]> {
  const rows = await tables
    .selectFrom('invocations')
    .selectAll()
    .where('accepted_at', '<', acceptedBefore)
    .$if(after !== undefined, (query) => query.where(isBehind('accepted_at', after?.acceptedAt ?? 0, after?.requestId ?? '')))
    .where('over_at', 'is', null)
    .orderBy('accepted_at')
    .orderBy('request_id')
    .limit(limit)
    .execute();
  return rows.map(recordOf);
}

/** The condition that a row comes after another one in the order of a column and request ids. */
export function isBehind(column: 'accepted_at' | 'place_offset', value: number, requestId: string) {
  return ({ and, eb, or }: ExpressionBuilder<StatusTables, 'invocations'>) =>
    and([eb(column, '>=', value), or([eb(column, '>', value), eb('request_id', '>', requestId)])]);
}

/** True if the store holds nothing of what the topics hold. */
export async function selectIsNew(tables: Kysely<StatusTables>): Promise<boolean> {
  return (await tables.selectFrom('built').select('id').executeTakeFirst()) === undefined;
}

/** Notes that the store was built. */
export async function insertBuilt(tables: Kysely<StatusTables>): Promise<void> {
  await tables
    .insertInto('built')
    .values({ id: 1 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/**
 * Deletes at most `limit` rows that were over before `overBefore`.
 * @returns how many were deleted.
 */
export async function deleteOldRows(tables: Kysely<StatusTables>, overBefore: number, limit: number): Promise<number> {
  // Nothing is over before it was accepted, and the index over `accepted_at` finds such rows.
  const old = tables
    .selectFrom('invocations')
    .select('request_id')
    .where('accepted_at', '<', overBefore)
    .where('over_at', '<', overBefore)
    .limit(limit);
  const { numDeletedRows } = await tables.deleteFrom('invocations').where('request_id', 'in', old).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
