import type {
  EpochMs,
  FunctionTally,
  InvocationSearch,
  InvocationSearchPage,
  MinuteTally,
  NoticePage,
  NoticeQuery,
  Reject,
  RejectPage,
  RejectQuery,
  StatusPage,
  StatusQuery,
  Tally,
  TargetPage,
  TargetQuery,
  TotalsQuery,
} from '#contracts';
import type { FinishedTo } from '#kafka/strategy';
import type { FoldedRecord, StatusEvent } from '#lifecycle';
import type { StatusChange } from './status-changes.ts';

/** Called with what a transaction is about to commit; a rejection rolls the transaction back. */
export type BeforeCommit = (changes: readonly StatusChange[]) => Promise<void>;

/** How far a partition is folded, for the store. */
export interface ProgressMark extends FinishedTo {
  /** True if it counts although the store has a higher offset. */
  readonly mayGoBack?: true;
}

/** Offsets of a partition, from `start` up to the one before `end`. */
export interface PartitionSpan {
  /** Without the prefix. */
  readonly topic: string;
  readonly partition: number;
  readonly start: bigint;
  /** Default: no end. */
  readonly end?: bigint;
  /** Only invocations that were accepted before, in milliseconds since 1970. Default: all. */
  readonly acceptedBefore?: number;
}

/**
 * Keeps one record per invocation. Several processes may share one store.
 *
 * Every adapter passes `status-store.conformance.ts`. An adapter decides nothing: it reads the rows
 * of the events' invocations, calls `foldEvents`, and writes the records that function returns.
 */
export interface StatusStore {
  /**
   * Folds events into the records of their invocations, in one transaction.
   *
   * No other writer may change these records between the read and the commit. SQLite locks the
   * whole database with `BEGIN IMMEDIATE`, PostgreSQL the request ids one by one in one order.
   *
   * @param events in the order in which they are folded; several may belong to one invocation.
   * @param progress how far partitions of the work topics are folded. It is stored in the same
   *   transaction, and may come without events. A lower offset than before is ignored, unless its
   *   mark may go back.
   * @param rejects refused records, which are counted in the same transaction. Each counts once,
   *   however often it comes.
   * @param beforeCommit called once, after the rows were written and before the commit, while the
   *   locks are held. If the commit then fails, the events are folded again and their changes are
   *   reported again. Changes are never lost.
   * @returns resolves after the commit.
   * @throws PlatformError `STORE_UNAVAILABLE` if the database fails, `STORE_DAMAGED` if its file is
   *   damaged; nothing was stored.
   * @throws the error of `beforeCommit`, unchanged; nothing was stored.
   */
  fold(
    events: readonly StatusEvent[],
    beforeCommit: BeforeCommit,
    progress?: readonly ProgressMark[],
    rejects?: readonly Reject[],
  ): Promise<void>;
  /**
   * Tells how far partitions of the work topics are folded, whichever process folds them.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  progress(): Promise<readonly FinishedTo[]>;
  /**
   * Lists records, newest first, then by request id.
   * @returns one page, and the count of all records that match.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  query(query: StatusQuery): Promise<StatusPage>;
  /**
   * Finds records, newest first, then by request id.
   * @param lookedAtMax the most records that it looks at.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  search(search: InvocationSearch, lookedAtMax?: number): Promise<InvocationSearchPage>;
  /**
   * Returns the record of one invocation with its history; undefined if the project has none.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  find(project: string, requestId: string): Promise<FoldedRecord | undefined>;
  /**
   * Lists deliveries, those of the newest invocation first, then by request id and delivery id.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  notices(query: NoticeQuery): Promise<NoticePage>;
  /**
   * Lists targets of deliveries, by their ids, with what the deliveries tell about them.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  targets(query: TargetQuery): Promise<TargetPage>;
  /**
   * Lists rejects, newest first, as long as their rows are kept.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  rejects(query: RejectQuery): Promise<RejectPage>;
  /**
   * Lists records that are not over (see `overAt`), oldest first, then by request id.
   * @param acceptedBefore in milliseconds since 1970.
   * @param after lists only records behind this one; default all.
   * @returns at most `limit` records.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  notOver(acceptedBefore: number, limit: number, after?: FoldedRecord): Promise<readonly FoldedRecord[]>;
  /**
   * Counts the invocations and rejects of each function since the store exists, also of removed
   * records. A question costs a few rows for each function, however many records there are. Rejects
   * that name no function count for the project `''`.
   * @returns in the order of the URNs; functions without invocations and rejects are missing.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  totals(query: TotalsQuery): Promise<readonly FunctionTally[]>;
  /**
   * Counts the invocations and rejects of all projects since the store exists.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  grandTotal(): Promise<Tally>;
  /**
   * Counts the invocations of functions, or of a whole project, in each minute from `from` to
   * before `to`.
   * @returns oldest first; minutes in which nothing happened are missing.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  minutes(project: string, functionUrns: readonly string[], from: number, to: number): Promise<readonly MinuteTally[]>;
  /**
   * Tells when the oldest invocation was accepted that has not ended.
   * @returns undefined if all have ended.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  oldestInFlight(project: string, functionUrns: readonly string[]): Promise<EpochMs | undefined>;
  /**
   * Lists invocations that have not ended although every known record of their payload lies below
   * the given offset of its partition.
   * @returns at most `limit` records.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  inFlightBelow(offsets: readonly FinishedTo[], limit: number): Promise<readonly FoldedRecord[]>;
  /**
   * Lists invocations that have not ended and whose newest known place is in a span of a partition.
   * They come in the order of their offsets, then by request id.
   * @param after lists only records behind this one; default all.
   * @returns at most `limit` records.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  inFlightIn(span: PartitionSpan, limit: number, after?: FoldedRecord): Promise<readonly FoldedRecord[]>;
  /**
   * Removes about `limit` records that were over before `overBefore`, in milliseconds since 1970,
   * and rejects that were counted before it.
   * An adapter may keep some longer, and then remove all of one span of time at once.
   * @returns how many were removed. Below `limit`, there are no more.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  sweep(overBefore: number, limit: number): Promise<number>;
  /**
   * True until {@link markBuilt}: the store is new, and holds nothing of what the topics hold.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  isNew(): Promise<boolean>;
  /**
   * Notes that the group's commits say what the store holds.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  markBuilt(): Promise<void>;
  /** Waits for the transaction under way, then closes the connections. */
  close(): Promise<void>;
}
