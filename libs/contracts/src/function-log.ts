import type { EpochMs } from './epoch-ms.ts';

/** The path on which an executor answers a {@link FunctionLogQuery}, as JSON in a POST. */
export const functionLogPath = '/internal/function-logs';

/** A question for the log of a function at one executor. */
export interface FunctionLogQuery {
  readonly project: string;
  readonly package: string;
  readonly name: string;
  /** Only lines of this request. */
  readonly requestId?: string;
  /** Only lines until this instant, which belongs to the answer. */
  readonly until?: EpochMs;
  /** The most lines. */
  readonly limit: number;
}

/** One line of output. */
export interface FunctionLogLine {
  readonly at: EpochMs;
  /** `-` for output of no request. */
  readonly requestId: string;
  readonly text: string;
}

/** The newest matching lines, newest first. */
export interface FunctionLogPage {
  readonly lines: readonly FunctionLogLine[];
  /**
   * Present if the executor stopped to search before it had found `limit` lines. It has seen all
   * lines after this instant.
   */
  readonly searchedTo?: EpochMs;
}
