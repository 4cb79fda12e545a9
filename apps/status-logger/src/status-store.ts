import type { StatusPage, StatusQuery } from '#contracts';
import type { FoldedRecord } from '#lifecycle';

/**
 * Where records of invocations are kept. Every adapter passes `status-store.conformance.ts`.
 */
export interface StatusStore {
  /** Those that are there, by request id. */
  read(requestIds: readonly string[]): Promise<ReadonlyMap<string, FoldedRecord>>;
  /** Writes all of them or none, over what was there. @throws PlatformError `STORE_UNAVAILABLE`. */
  write(records: readonly FoldedRecord[]): Promise<void>;
  /** Newest first; `count` is of all that match. */
  query(query: StatusQuery): Promise<StatusPage>;
  /** Removes at most `limit` records accepted before `acceptedBefore`. @returns how many. */
  sweep(acceptedBefore: number, limit: number): Promise<number>;
  close(): Promise<void>;
}
