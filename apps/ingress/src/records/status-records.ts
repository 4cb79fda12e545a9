import type { StatusPage, StatusQuery } from '#contracts';

/** Injection token of the {@link StatusRecords}. */
export const STATUS_RECORDS = Symbol('status records');

/** Reads records of invocations. */
export interface StatusRecords {
  /**
   * @throws PlatformError `STORE_UNAVAILABLE` if the status-logger does not answer within 5 s, or
   *   answers with an error.
   */
  query(query: StatusQuery): Promise<StatusPage>;
}
