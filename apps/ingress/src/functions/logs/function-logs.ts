import type { FunctionLogPage, FunctionLogQuery } from '#contracts';

/** Injection token of the {@link FunctionLogs}. */
export const FUNCTION_LOGS = Symbol('function logs');

/** Reads the logs that executors keep of functions. */
export interface FunctionLogs {
  /** @returns an answer for each executor, in a fixed order; undefined if it did not answer. */
  read(query: FunctionLogQuery): Promise<readonly (FunctionLogPage | undefined)[]>;
}
