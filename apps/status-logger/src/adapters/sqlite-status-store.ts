import { DatabaseSync } from 'node:sqlite';
import { type ExpressionBuilder, Kysely, sql } from 'kysely';
import {
  type DeliveryStatus,
  epochMs,
  PlatformError,
  type Status,
  type StatusPage,
  type StatusQuery,
  type StatusRecord,
} from '#contracts';
import type { FoldedRecord } from '#lifecycle';
import type { StatusStore } from '../status-store.ts';
import { nodeSqliteDialect } from './sqlite-dialect.ts';

interface InvocationRow {
  request_id: string;
  function_urn: string;
  project: string;
  status: string;
  stage: number;
  error_code: number;
  error_message: string;
  accepted_at: number;
  started_at: number | null;
  ended_at: number | null;
  attempts: number;
  due_at: number | null;
  /** JSON list. */
  deliveries: string;
}

interface Tables {
  invocations: InvocationRow;
}

/** Steps of the schema; one is appended for each change and none is ever edited. `user_version` counts those that were applied. */
const migrations: readonly string[] = [
  `CREATE TABLE invocations (
    request_id TEXT PRIMARY KEY, function_urn TEXT NOT NULL, project TEXT NOT NULL, status TEXT NOT NULL, stage INTEGER NOT NULL,
    error_code INTEGER NOT NULL, error_message TEXT NOT NULL, accepted_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER,
    attempts INTEGER NOT NULL, due_at INTEGER, deliveries TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX invocations_by_function ON invocations (project, function_urn, accepted_at DESC);
  CREATE INDEX invocations_by_age ON invocations (accepted_at);`,
];

/** Variables SQLite takes in one statement are bounded; so are rows a statement. */
const idsPerStatement = 500;
const rowsPerStatement = 200;

/** Records in one SQLite file of this process. */
export class SqliteStatusStore implements StatusStore {
  private readonly database: DatabaseSync;
  private readonly tables: Kysely<Tables>;

  /** @param file `:memory:` keeps nothing. */
  constructor(file: string) {
    this.database = new DatabaseSync(file);
    // The topics can rebuild the store (I4), so a power cut may cost the last moments; a crash of the process costs nothing.
    this.database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -32768;',
    );
    const applied = Number(this.database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
    for (const [index, step] of migrations.entries())
      if (index >= applied) this.database.exec(`BEGIN; ${step} PRAGMA user_version = ${index + 1}; COMMIT;`);
    this.tables = new Kysely<Tables>({ dialect: nodeSqliteDialect(this.database) });
  }

  async read(requestIds: readonly string[]): Promise<ReadonlyMap<string, FoldedRecord>> {
    const found = new Map<string, FoldedRecord>();
    for (let from = 0; from < requestIds.length; from += idsPerStatement) {
      const ids = requestIds.slice(from, from + idsPerStatement);
      const rows = await this.tables.selectFrom('invocations').selectAll().where('request_id', 'in', ids).execute();
      for (const row of rows) found.set(row.request_id, { ...recordOf(row), stage: row.stage });
    }
    return found;
  }

  async write(records: readonly FoldedRecord[]): Promise<void> {
    try {
      await this.tables.transaction().execute(async (transaction) => {
        for (let from = 0; from < records.length; from += rowsPerStatement)
          await transaction
            .replaceInto('invocations')
            .values(records.slice(from, from + rowsPerStatement).map(rowOf))
            .execute();
      });
    } catch (cause) {
      throw new PlatformError('STORE_UNAVAILABLE', { cause });
    }
  }

  async query(query: StatusQuery): Promise<StatusPage> {
    const matching = this.tables.selectFrom('invocations').where((where) => filter(where, query));
    const [rows, total] = await Promise.all([
      matching.selectAll().orderBy('accepted_at', 'desc').orderBy('request_id').limit(query.limit).offset(query.offset).execute(),
      matching.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirstOrThrow(),
    ]);
    return { records: rows.map(recordOf), count: Number(total.count) };
  }

  async sweep(acceptedBefore: number, limit: number): Promise<number> {
    const old = this.tables.selectFrom('invocations').select('request_id').where('accepted_at', '<', acceptedBefore).limit(limit);
    const { numDeletedRows } = await this.tables
      .deleteFrom('invocations')
      .where('request_id', 'in', old)
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  }

  async close(): Promise<void> {
    await this.tables.destroy();
  }
}

function filter(
  where: ExpressionBuilder<Tables, 'invocations'>,
  { project, functionUrns, requestIds, statuses, beginAt, endAt }: StatusQuery,
) {
  return where.and([
    where('project', '=', project),
    where('accepted_at', '>=', beginAt),
    where('accepted_at', '<=', endAt),
    ...(functionUrns === undefined ? [] : [where('function_urn', 'in', [...functionUrns])]),
    ...(requestIds === undefined ? [] : [requestIds.length === 0 ? sql<boolean>`0` : where('request_id', 'in', [...requestIds])]),
    ...(statuses === undefined ? [] : [where('status', 'in', [...statuses])]),
  ]);
}

function rowOf(record: FoldedRecord): InvocationRow {
  return {
    request_id: record.requestId,
    function_urn: record.functionUrn,
    project: record.project,
    status: record.status,
    stage: record.stage,
    error_code: record.errorCode,
    error_message: record.errorMessage,
    accepted_at: record.acceptedAt,
    started_at: record.startedAt ?? null,
    ended_at: record.endedAt ?? null,
    attempts: record.attempts,
    due_at: record.dueAt ?? null,
    deliveries: JSON.stringify(record.deliveries),
  };
}

function recordOf(row: InvocationRow): StatusRecord {
  return {
    requestId: row.request_id,
    functionUrn: row.function_urn,
    project: row.project,
    status: row.status as Status,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    acceptedAt: epochMs(row.accepted_at),
    ...(row.started_at === null ? {} : { startedAt: epochMs(row.started_at) }),
    ...(row.ended_at === null ? {} : { endedAt: epochMs(row.ended_at) }),
    attempts: row.attempts,
    ...(row.due_at === null ? {} : { dueAt: epochMs(row.due_at) }),
    deliveries: JSON.parse(row.deliveries) as DeliveryStatus[],
  };
}
