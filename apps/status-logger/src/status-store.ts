import type { StatusPage, StatusQuery } from '#contracts';
import type { FinishedTo } from '#kafka';
import type { FoldedRecord, StatusEvent } from '#lifecycle';
import type { StatusChange } from './status-changes.ts';

/** Called with what a transaction is about to commit; a rejection rolls the transaction back. */
export type BeforeCommit = (changes: readonly StatusChange[]) => Promise<void>;

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
   *   transaction, and may come without events. Offsets lower than before are ignored.
   * @param beforeCommit called once, after the rows were written and before the commit, while the
   *   locks are held. If the commit then fails, the events are folded again and their changes are
   *   reported again. Changes are never lost.
   * @returns resolves after the commit.
   * @throws PlatformError `STORE_UNAVAILABLE` if the database fails, `STORE_DAMAGED` if its file is
   *   damaged; nothing was stored.
   * @throws the error of `beforeCommit`, unchanged; nothing was stored.
   */
  fold(events: readonly StatusEvent[], beforeCommit: BeforeCommit, progress?: readonly FinishedTo[]): Promise<void>;
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
   * Returns the record of one invocation with its history; undefined if the project has none.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  find(project: string, requestId: string): Promise<FoldedRecord | undefined>;
  /**
   * Lists records that are not over (see `overAt`), oldest first.
   * @param acceptedBefore in milliseconds since 1970.
   * @returns at most `limit` records.
   * @throws PlatformError `STORE_UNAVAILABLE`, `STORE_DAMAGED`.
   */
  notOver(acceptedBefore: number, limit: number): Promise<readonly FoldedRecord[]>;
  /**
   * Removes about `limit` records that were over before `overBefore`, in milliseconds since 1970.
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
