import type {
  BacklogReport,
  InvocationHistory,
  InvocationSearch,
  InvocationSearchPage,
  LedgerPage,
  MinutesQuery,
  MinuteTally,
  NoticePage,
  NoticeQuery,
  RejectPage,
  RejectQuery,
  StatusPage,
  StatusQuery,
  TargetPage,
  TargetQuery,
  TotalsQuery,
} from '#contracts';

/** Injection token of the {@link StatusRecords}. */
export const STATUS_RECORDS = Symbol('status records');

/**
 * Reads records of invocations, and their counts. Each question throws PlatformError
 * `STORE_UNAVAILABLE` if the status-logger does not answer within 5 s, or answers with an error.
 */
export interface StatusRecords {
  query(query: StatusQuery): Promise<StatusPage>;
  search(search: InvocationSearch): Promise<InvocationSearchPage>;
  /** Returns all that is kept of an invocation; undefined if the project has no such invocation. */
  find(project: string, requestId: string): Promise<InvocationHistory | undefined>;
  /** Lists deliveries. */
  notices(query: NoticeQuery): Promise<NoticePage>;
  /** Lists targets of deliveries. */
  targets(query: TargetQuery): Promise<TargetPage>;
  /** Counts the invocations of functions since the store exists. */
  totals(query: TotalsQuery): Promise<LedgerPage>;
  /** Lists refused records. */
  rejects(query: RejectQuery): Promise<RejectPage>;
  /** Counts the invocations of functions in each minute, all together. */
  minutes(query: MinutesQuery): Promise<readonly MinuteTally[]>;
  /** Reports what waits for each function. */
  backlogs(query: TotalsQuery): Promise<readonly BacklogReport[]>;
}
