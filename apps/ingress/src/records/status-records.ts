import type { StatusPage, StatusQuery } from '#contracts';

/** Injection token of the {@link StatusRecords}. */
export const STATUS_RECORDS = Symbol('status records');

/** Where records of invocations are asked for. */
export interface StatusRecords {
  /** @throws ApiError FSS.0503 when there is no answer in time. */
  query(query: StatusQuery): Promise<StatusPage>;
}
