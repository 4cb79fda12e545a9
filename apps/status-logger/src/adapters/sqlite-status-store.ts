import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import {
  type EpochMs,
  type FunctionTally,
  type InvocationSearch,
  type InvocationSearchPage,
  type MinuteTally,
  type NoticePage,
  type NoticeQuery,
  type Reject,
  type RejectPage,
  type RejectQuery,
  type StatusPage,
  type StatusQuery,
  type Tally,
  type TargetPage,
  type TargetQuery,
  type TotalsQuery,
  PlatformError,
} from '#contracts';
import type { FinishedTo } from '#kafka/strategy';
import type { FoldedRecord, StatusEvent } from '#lifecycle';
import type { Clock } from '#platform';
import { foldEvents } from '../status-changes.ts';
import type { BeforeCommit, PartitionSpan, ProgressMark, StatusStore } from '../status-store.ts';
import { type TallyChange, TallyChanges } from '../tally-changes.ts';
import { selectInFlightBelow, selectInFlightIn } from './in-flight-rows.ts';
import {
  deleteOldRows,
  insertBuilt,
  invocationColumns,
  type InvocationRow,
  progressColumns,
  recordOf,
  rowOf,
  selectIsNew,
  selectNotOver,
  selectPage,
  selectRecord,
  type StatusTables,
  subjectColumns,
} from './invocation-rows.ts';
import { newNoticeRows, newTagRows, noticeColumns, tagColumns } from './index-rows.ts';
import { selectNotices, selectTargets } from './notice-pages.ts';
import { readProgress, writeProgress } from './partition-progress.ts';
import { selectRejects } from './reject-pages.ts';
import { countRejects, removeOldRejects } from './reject-rows.ts';
import { searchPage } from './search.ts';
import { nodeSqliteDialect } from './sqlite-dialect.ts';
import { checkShape } from './sqlite-shape.ts';
import { lookAtSqlite } from './sqlite-search.ts';
import { selectTaggedPage } from './sqlite-tagged-page.ts';
import { migrateSqlite } from './sqlite-migrations.ts';
import { attempt, inTransaction, isStatementError, storeError } from './sqlite-transaction.ts';
import {
  columnsOf,
  deleteOldMinutes,
  onConflict,
  selectGrandTotal,
  selectMinutes,
  selectOldest,
  selectTotals,
  valuesOf,
} from './tally-tables.ts';

const into = `INTO invocations (${invocationColumns.join(', ')}) VALUES (${invocationColumns.map(() => '?').join(', ')})`;
const upsertText =
  `INSERT ${into} ON CONFLICT (request_id) DO UPDATE SET ${progressColumns.map((name) => `${name} = excluded.${name}`).join(', ')} ` +
  `WHERE ${subjectColumns.map((name) => `${name} = excluded.${name}`).join(' AND ')}`;
const smallerAndLarger = { least: 'min', greatest: 'max' };
const tallyText = (table: 'function_totals' | 'function_minutes') =>
  `INSERT INTO ${table} (${columnsOf(table).join(', ')}) VALUES (${columnsOf(table)
    .map(() => '?')
    .join(', ')}) ${onConflict(table, smallerAndLarger)}`;
/** One lock keeps the writers of a file apart, so they share the rows of counts. */
const onlyShard = 0;
/** Rows of tags and deliveries: see `index-rows.ts`. Triggers remove them. */
const tagText = `INSERT OR IGNORE INTO tags (${tagColumns.join(', ')}) VALUES (${tagColumns.map(() => '?').join(', ')})`;
const noticeText =
  `INSERT INTO notices (${noticeColumns.join(', ')}) VALUES (${noticeColumns.map(() => '?').join(', ')}) ` +
  `ON CONFLICT DO UPDATE SET ${noticeColumns.map((name) => `${name} = excluded.${name}`).join(', ')}`;
const byIdsText = 'SELECT invocations.* FROM json_each(?) AS asked JOIN invocations ON request_id = asked.value';

/**
 * Keeps records in one SQLite file, which several processes on one machine may share.
 *
 * S1. All writes go through one connection and Kysely's lock around it, so a handle runs one
 *     transaction at a time.
 * S2. Questions go through a second connection. It sees committed rows only, also while a
 *     transaction is under way.
 * S3. The statements that every event costs are prepared once. Compiling them anew made the process
 *     spend two thirds more (27 of 67 us per invocation). Questions of people go through the query
 *     builder.
 */
export class SqliteStatusStore implements StatusStore {
  private readonly tables: Kysely<StatusTables>;
  private readonly committed: Kysely<StatusTables>;
  private readonly byIds: StatementSync;
  private readonly upsert: StatementSync;
  private readonly replace: StatementSync;
  private readonly addTotal: StatementSync;
  private readonly addMinute: StatementSync;
  private readonly addTag: StatementSync;
  private readonly putNotice: StatementSync;

  private constructor(
    private readonly writer: DatabaseSync,
    private readonly reader: DatabaseSync,
    private readonly clock: Clock,
  ) {
    this.tables = new Kysely({ dialect: nodeSqliteDialect(writer) });
    this.committed = new Kysely({ dialect: nodeSqliteDialect(reader) });
    this.byIds = writer.prepare(byIdsText);
    this.upsert = writer.prepare(upsertText);
    this.replace = writer.prepare(`REPLACE ${into}`);
    this.addTotal = writer.prepare(tallyText('function_totals'));
    this.addMinute = writer.prepare(tallyText('function_minutes'));
    this.addTag = writer.prepare(tagText);
    this.putNotice = writer.prepare(noticeText);
  }

  /**
   * Opens the file, creates it if it does not exist, and migrates its schema.
   * @throws PlatformError `STORE_TOO_NEW` if a newer version of the software has changed the
   *   schema; `STORE_DAMAGED` if the file is no sound database; `STORE_UNAVAILABLE`.
   */
  static async open(file: string, clock: Clock): Promise<SqliteStatusStore> {
    const writer = attempt(() => new DatabaseSync(file));
    try {
      attempt(() => writer.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL'));
      // The topics can rebuild the store (I4), so a power cut may cost the last moments. A crash of
      // the process costs nothing.
      writer.exec('PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768; PRAGMA busy_timeout = 0');
      const tables = new Kysely<unknown>({ dialect: nodeSqliteDialect(writer) });
      await inTransaction(writer, clock, async () => migrateSqlite(tables, file)).catch(unmigrated);
      await checkShape(writer, file);
      const reader = new DatabaseSync(file, { readOnly: true });
      reader.exec('PRAGMA busy_timeout = 5000');
      return new SqliteStatusStore(writer, reader, clock);
    } catch (error) {
      writer.close();
      throw error;
    }
  }

  async fold(
    events: readonly StatusEvent[],
    beforeCommit: BeforeCommit,
    progress: readonly ProgressMark[] = [],
    rejects: readonly Reject[] = [],
  ): Promise<void> {
    await this.exclusively(async (tables) => {
      const known = attempt(() => this.read(new Set(events.map(({ requestId }) => requestId))));
      const { changes, records } = foldEvents(known, events);
      const tallies = new TallyChanges();
      attempt(() => {
        for (const record of records.values()) {
          tallies.replace(known.get(record.requestId), record);
          this.write(known.get(record.requestId), record);
        }
      });
      await countRejects(tables, rejects, tallies, this.clock.now()).catch(unavailable);
      attempt(() => {
        for (const change of tallies.changes()) this.addTally(change);
      });
      await writeProgress(tables, progress).catch(unavailable);
      await beforeCommit(changes);
    });
  }

  async progress(): Promise<readonly FinishedTo[]> {
    return readProgress(this.committed).catch(unavailable);
  }

  async query(query: StatusQuery): Promise<StatusPage> {
    const { tag } = query;
    const page = tag === undefined ? selectPage(this.committed, query) : selectTaggedPage(this.committed, query, tag);
    return page.catch(unavailable);
  }

  async search(search: InvocationSearch, lookedAtMax?: number): Promise<InvocationSearchPage> {
    return searchPage(this.committed, search, lookAtSqlite, lookedAtMax).catch(unavailable);
  }

  async find(project: string, requestId: string): Promise<FoldedRecord | undefined> {
    return selectRecord(this.committed, project, requestId).catch(unavailable);
  }

  async notices(query: NoticeQuery): Promise<NoticePage> {
    return selectNotices(this.committed, query).catch(unavailable);
  }

  async targets(query: TargetQuery): Promise<TargetPage> {
    return selectTargets(this.committed, query).catch(unavailable);
  }

  async rejects(query: RejectQuery): Promise<RejectPage> {
    return selectRejects(this.committed, query).catch(unavailable);
  }

  async notOver(acceptedBefore: number, limit: number, after?: FoldedRecord): Promise<readonly FoldedRecord[]> {
    return selectNotOver(this.committed, acceptedBefore, limit, after).catch(unavailable);
  }

  async totals(query: TotalsQuery): Promise<readonly FunctionTally[]> {
    return selectTotals(this.committed, query).catch(unavailable);
  }

  async grandTotal(): Promise<Tally> {
    return selectGrandTotal(this.committed).catch(unavailable);
  }

  async minutes(project: string, functionUrns: readonly string[], from: number, to: number): Promise<readonly MinuteTally[]> {
    return selectMinutes(this.committed, project, functionUrns, from, to).catch(unavailable);
  }

  async oldestInFlight(project: string, functionUrns: readonly string[]): Promise<EpochMs | undefined> {
    return selectOldest(this.committed, project, functionUrns).catch(unavailable);
  }

  async inFlightBelow(offsets: readonly FinishedTo[], limit: number): Promise<readonly FoldedRecord[]> {
    return selectInFlightBelow(this.committed, offsets, limit).catch(unavailable);
  }

  async inFlightIn(span: PartitionSpan, limit: number, after?: FoldedRecord): Promise<readonly FoldedRecord[]> {
    return selectInFlightIn(this.committed, span, limit, after).catch(unavailable);
  }

  async sweep(overBefore: number, limit: number): Promise<number> {
    return this.exclusively(async (tables) => {
      const records = await deleteOldRows(tables, overBefore, limit).catch(unavailable);
      const removed = records + (await removeOldRejects(tables, overBefore, limit - records).catch(unavailable));
      if (removed > 0) await deleteOldMinutes(tables, overBefore).catch(unavailable);
      return removed;
    });
  }

  async isNew(): Promise<boolean> {
    return selectIsNew(this.committed).catch(unavailable);
  }

  async markBuilt(): Promise<void> {
    await this.exclusively(async (tables) => insertBuilt(tables).catch(unavailable));
  }

  async close(): Promise<void> {
    await this.tables.connection().execute(async () => {
      // The last connection to close moves the write-ahead log into the file; a reader cannot.
      this.reader.close();
      this.writer.close();
    });
  }

  private async exclusively<T>(work: (tables: Kysely<StatusTables>) => Promise<T>): Promise<T> {
    return this.tables.connection().execute(async (tables) => inTransaction(this.writer, this.clock, async () => work(tables)));
  }

  private read(requestIds: ReadonlySet<string>): ReadonlyMap<string, FoldedRecord> {
    const rows = this.byIds.all(JSON.stringify([...requestIds])) as unknown as InvocationRow[];
    return new Map(rows.map((row) => [row.request_id, recordOf(row)]));
  }

  private addTally(change: TallyChange): void {
    (change.minute === undefined ? this.addTotal : this.addMinute).run(...valuesOf(change, onlyShard));
  }

  private write(before: FoldedRecord | undefined, record: FoldedRecord): void {
    // Binding by name would cost 45 % more per invocation, and mapping the columns to values 3 %.
    const values: SQLInputValue[] = Object.values(rowOf(record));
    // A delivery may arrive before its invocation. The subject of such a row changes once, and with
    // it the index entries.
    if (this.upsert.run(...values).changes === 0) this.replace.run(...values);
    for (const row of newTagRows(before, record)) this.addTag.run(...tagColumns.map((name) => row[name]));
    for (const row of newNoticeRows(before, record)) this.putNotice.run(...noticeColumns.map((name) => row[name]));
  }
}

/** A statement of a migration that is refused says that the tables are not those of a store. */
function unmigrated(cause: unknown): never {
  throw isStatementError(cause) ? new PlatformError('STORE_DAMAGED', { cause }) : storeError(cause);
}

function unavailable(cause: unknown): never {
  throw storeError(cause);
}
