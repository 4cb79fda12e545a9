import { Kysely, sql } from 'kysely';
import {
  type EpochMs,
  type InvocationSearch,
  type InvocationSearchPage,
  type FunctionTally,
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
} from '#contracts';
import type { FinishedTo } from '#kafka/strategy';
import type { FoldedRecord, StatusEvent } from '#lifecycle';
import type { Clock, Random } from '#platform';
import { foldEvents } from '../../status-changes.ts';
import type { BeforeCommit, PartitionSpan, ProgressMark, StatusStore } from '../../status-store.ts';
import { TallyChanges } from '../../tally-changes.ts';
import { selectInFlightBelow, selectInFlightIn } from '../in-flight-rows.ts';
import {
  insertBuilt,
  type InvocationRow,
  recordOf,
  rowOf,
  selectIsNew,
  selectNotOver,
  selectRecord,
  type StatusTables,
} from '../invocation-rows.ts';
import { migrate } from '../migrate.ts';
import { searchPage } from '../search.ts';
import { selectNotices, selectTargets } from '../notice-pages.ts';
import { readProgress, writeProgress } from '../partition-progress.ts';
import { selectRejects } from '../reject-pages.ts';
import { countRejects, removeOldRejects } from '../reject-rows.ts';
import { deleteOldMinutes, selectGrandTotal, selectMinutes, selectOldest, selectTotals } from '../tally-tables.ts';
import { dialectOf } from './connections.ts';
import { CountChanges, shards } from './counts.ts';
import { removeOrphans, writeIndexRows } from './index-rows.ts';
import { readPage } from './pages.ts';
import { lockPartitions, makePartitions, removeOld } from './partitions.ts';
import { lookAtPostgres } from './postgres-search.ts';
import { postgresMigrations } from './postgres-migrations.ts';
import { checkServer, checkTables, storeError } from './server-faults.ts';
import { upsertRecords } from './upsert-records.ts';
import { writeTallies } from './write-tallies.ts';

/** The database of a {@link PostgresStatusStore}, and how long it keeps records. */
export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`, with the parameters of `pg`. */
  readonly url: string;
  /** How long a record is kept after it was over. It sizes the partitions. */
  readonly retentionMs: number;
  /** Longest wait for an answer of the server, in milliseconds. Default: 60 s. */
  readonly answerTimeoutMs?: number;
}

/** One connection writes; the others answer questions. */
const readersMax = 4;
/** A question that takes longer is given up, so that it holds nobody up. */
const questionTimeoutMs = 15_000;
/** Longer than each bound that the server keeps itself, and than a migration of a large table. */
const answerTimeoutMsUsual = 60_000;
const lockTimeoutMs = 10_000;

/**
 * Keeps records in PostgreSQL, which any number of processes may share.
 *
 * P1. A transaction locks its request ids in one order, so two writers of one invocation wait for
 *     each other, and never both. Locks of rows would not do: a row may not exist yet.
 * P2. Records lie in partitions by the time of their acceptance. Old ones go with their partition.
 * P3. Each transaction also writes how the counts of records change, see `counts.ts` for those of a
 *     list and `tally-tables.ts` for those of functions.
 */
export class PostgresStatusStore implements StatusStore {
  private constructor(
    private readonly writer: Kysely<StatusTables>,
    private readonly readers: Kysely<StatusTables>,
    private readonly clock: Clock,
    private readonly options: PostgresOptions,
    private readonly shard: number,
  ) {}

  /**
   * Connects, migrates the schema and makes the partitions of now.
   * @throws PlatformError `STORE_TOO_NEW` if a newer version of the software has changed the
   *   schema; `STORE_UNSUITABLE` if the server is too old or refuses the account;
   *   `STORE_UNAVAILABLE`.
   */
  static async open(options: PostgresOptions, clock: Clock, random: Random): Promise<PostgresStatusStore> {
    const { url, answerTimeoutMs = answerTimeoutMsUsual } = options;
    const writerDialect = dialectOf(url, { connectionsMax: 1, answerTimeoutMs, server: { lock_timeout: lockTimeoutMs } });
    const writer = new Kysely<StatusTables>({ dialect: writerDialect });
    const readers = new Kysely<StatusTables>({
      dialect: dialectOf(url, { connectionsMax: readersMax, answerTimeoutMs, server: { statement_timeout: questionTimeoutMs } }),
    });
    const shard = Math.floor(random() * shards);
    const store = new PostgresStatusStore(writer, readers, clock, options, shard);
    try {
      const tables = new Kysely<unknown>({ dialect: writerDialect });
      const schema = await attempt(async () => checkServer(tables));
      await attempt(async () => migrate(tables, postgresMigrations, 'the database', schema));
      await attempt(async () => checkTables(tables));
      await store.withPartitions(async (transaction) => makePartitions(transaction, clock.now(), options.retentionMs));
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async fold(
    events: readonly StatusEvent[],
    beforeCommit: BeforeCommit,
    progress: readonly ProgressMark[] = [],
    rejects: readonly Reject[] = [],
  ): Promise<void> {
    let refusal: { readonly error: unknown } | undefined;
    const folded = this.writer.transaction().execute(async (transaction) => {
      const requestIds = [...new Set(events.map(({ requestId }) => requestId))];
      const known = requestIds.length === 0 ? new Map<string, never>() : await this.lockAndRead(transaction, requestIds);
      const { changes, records } = foldEvents(known, events);
      const tallies = await this.write(transaction, known, records);
      if (rejects.length > 0) {
        // Keeps their rows from being removed meanwhile.
        await lockPartitions(transaction, 'shared');
        await countRejects(transaction, rejects, tallies, this.clock.now());
      }
      await writeTallies(transaction, tallies.changes(), this.shard);
      await writeProgress(transaction, progress);
      try {
        await beforeCommit(changes);
      } catch (error) {
        refusal = { error };
        throw error;
      }
    });
    await attempt(async () => folded).catch((error: unknown) => {
      throw refusal === undefined ? error : refusal.error;
    });
  }

  async progress(): Promise<readonly FinishedTo[]> {
    return attempt(async () => readProgress(this.readers));
  }

  async query(query: StatusQuery): Promise<StatusPage> {
    return attempt(async () => readPage(this.readers, query));
  }

  async search(search: InvocationSearch, lookedAtMax?: number): Promise<InvocationSearchPage> {
    return attempt(async () => searchPage(this.readers, search, lookAtPostgres, lookedAtMax));
  }

  async find(project: string, requestId: string): Promise<FoldedRecord | undefined> {
    return attempt(async () => selectRecord(this.readers, project, requestId));
  }

  async notices(query: NoticeQuery): Promise<NoticePage> {
    return attempt(async () => selectNotices(this.readers, query));
  }

  async targets(query: TargetQuery): Promise<TargetPage> {
    return attempt(async () => selectTargets(this.readers, query));
  }

  async rejects(query: RejectQuery): Promise<RejectPage> {
    return attempt(async () => selectRejects(this.readers, query));
  }

  async notOver(acceptedBefore: number, limit: number, after?: FoldedRecord): Promise<readonly FoldedRecord[]> {
    return attempt(async () => selectNotOver(this.readers, acceptedBefore, limit, after));
  }

  async totals(query: TotalsQuery): Promise<readonly FunctionTally[]> {
    return attempt(async () => selectTotals(this.readers, query));
  }

  async grandTotal(): Promise<Tally> {
    return attempt(async () => selectGrandTotal(this.readers));
  }

  async minutes(project: string, functionUrns: readonly string[], from: number, to: number): Promise<readonly MinuteTally[]> {
    return attempt(async () => selectMinutes(this.readers, project, functionUrns, from, to));
  }

  async oldestInFlight(project: string, functionUrns: readonly string[]): Promise<EpochMs | undefined> {
    return attempt(async () => selectOldest(this.readers, project, functionUrns));
  }

  async inFlightBelow(offsets: readonly FinishedTo[], limit: number): Promise<readonly FoldedRecord[]> {
    return attempt(async () => selectInFlightBelow(this.readers, offsets, limit));
  }

  async inFlightIn(span: PartitionSpan, limit: number, after?: FoldedRecord): Promise<readonly FoldedRecord[]> {
    return attempt(async () => selectInFlightIn(this.readers, span, limit, after));
  }

  async sweep(overBefore: number, limit: number): Promise<number> {
    const { clock, options, shard } = this;
    return this.withPartitions(async (transaction) => {
      await makePartitions(transaction, clock.now(), options.retentionMs);
      const records = await removeOld(transaction, overBefore, limit, shard);
      const removed = records + (await removeOldRejects(transaction, overBefore, limit - records));
      if (removed > 0) await deleteOldMinutes(transaction, overBefore);
      await removeOrphans(transaction, overBefore, limit + removed);
      return removed;
    });
  }

  async isNew(): Promise<boolean> {
    return attempt(async () => selectIsNew(this.readers));
  }

  async markBuilt(): Promise<void> {
    await attempt(async () => insertBuilt(this.writer));
  }

  async close(): Promise<void> {
    await Promise.all([this.writer.destroy(), this.readers.destroy()]);
  }

  private async withPartitions<T>(work: (transaction: Kysely<StatusTables>) => Promise<T>): Promise<T> {
    return attempt(async () =>
      this.writer.transaction().execute(async (transaction) => {
        await lockPartitions(transaction, 'exclusive');
        return work(transaction);
      }),
    );
  }

  private async lockAndRead(
    transaction: Kysely<StatusTables>,
    requestIds: readonly string[],
  ): Promise<ReadonlyMap<string, FoldedRecord>> {
    await lockPartitions(transaction, 'shared');
    await sql`
      SELECT pg_advisory_xact_lock(key)
      FROM (SELECT DISTINCT hashtextextended(id, 0) AS key FROM unnest(${requestIds}::text[]) AS given (id) ORDER BY 1 OFFSET 0) AS keys`.execute(
      transaction,
    );
    const { rows } = await sql<InvocationRow>`SELECT * FROM invocations WHERE request_id = ANY(${requestIds}::text[])`.execute(
      transaction,
    );
    return new Map(rows.map((row) => [row.request_id, recordOf(row)]));
  }

  private async write(
    transaction: Kysely<StatusTables>,
    known: ReadonlyMap<string, FoldedRecord>,
    records: ReadonlyMap<string, FoldedRecord>,
  ): Promise<TallyChanges> {
    const tallies = new TallyChanges();
    if (records.size === 0) return tallies;
    const counts = new CountChanges();
    const moved: string[] = [];
    for (const [requestId, record] of records) {
      const before = known.get(requestId);
      tallies.replace(before, record);
      counts.add(record, 1);
      if (before === undefined) continue;
      counts.add(before, -1);
      // The time of acceptance is part of the key. It changes once, if a delivery came first.
      if (before.acceptedAt !== record.acceptedAt) moved.push(requestId);
    }
    if (moved.length > 0) await sql`DELETE FROM invocations WHERE request_id = ANY(${moved}::text[])`.execute(transaction);
    await upsertRecords(transaction, [...records.values()].map(rowOf));
    await writeIndexRows(transaction, known, records);
    await counts.write(transaction, this.shard);
    return tallies;
  }
}

/**
 * Calls the database.
 * @throws PlatformError as {@link storeError} makes it.
 */
async function attempt<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw storeError(cause);
  }
}
