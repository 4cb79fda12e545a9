import type { CallAnswer, CallRequest } from '#contracts';

/** Injection token of the {@link FunctionCalls}. */
export const FUNCTION_CALLS = Symbol('function calls');

/** How a call ended. */
export type CallOutcome =
  | { readonly kind: 'answered'; readonly answer: CallAnswer }
  /** No executor took the call: the function has not run. */
  | { readonly kind: 'no-executor' }
  /** The executor runs as many calls as it may: the function has not run. */
  | { readonly kind: 'saturated' }
  /** The connection broke before the answer was complete: the function may have run. */
  | { readonly kind: 'lost' };

/** Calls functions for callers who wait for the answer. */
export interface FunctionCalls {
  /**
   * @param instancesMax of the function in all processes; below 1 means no limit.
   * @param signal aborts the call, wherever it is; the promise then rejects, or resolves with
   *   `lost`.
   */
  call(request: CallRequest, payload: Buffer, signal: AbortSignal, instancesMax: number): Promise<CallOutcome>;
}
