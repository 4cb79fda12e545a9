import type { CallAnswer, CallRequest } from '#contracts';

/** Injection token of the {@link FunctionCalls}. */
export const FUNCTION_CALLS = Symbol('function calls');

/** Where functions are called while the caller waits. */
export interface FunctionCalls {
  /**
   * @param signal aborts the call, wherever it is; the promise rejects then.
   * @throws ApiError FSS.0503 when nobody can take the call, FSS.0429 when too many are under way, FSS.0502 when the answer was lost: the
   *   function may have run.
   */
  call(request: CallRequest, payload: Buffer, signal: AbortSignal): Promise<CallAnswer>;
}
