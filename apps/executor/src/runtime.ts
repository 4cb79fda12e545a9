import type { EpochMs, FunctionDocument } from '#contracts';
import type { AttemptOutcome } from '#lifecycle';

/** One run of a function. */
export interface FunctionCall {
  readonly function: FunctionDocument;
  /** Version or `!alias` that was asked for. */
  readonly qualifier: string;
  readonly requestId: string;
  readonly attempt: number;
  readonly payload: Buffer;
  /**
   * Longest run, from the moment the function is given the call; waiting for a place to run does
   * not count.
   */
  readonly timeoutMs: number;
  /** A run that cannot begin before it does not begin at all: it is `unavailable`. */
  readonly startBefore?: EpochMs;
  readonly traceparent?: string;
  /** A larger return value is left out, in bytes. Default: `limits.responseBytesMax`. */
  readonly responseBytesMax?: number;
  /** Whoever wants to hear more of this one run than its end. */
  readonly observer?: CallObserver;
}

/** Hears of one run what its outcome does not say. Nothing is told after the run has ended. */
export interface CallObserver {
  /** What the function printed, in order, as it comes; also in the function log. */
  printed(text: string): void;
  /** Memory of the instance at the end of the run. */
  used(memoryBytes: number): void;
}

/**
 * A way to run functions. Every adapter passes `runtime.conformance.ts`.
 *
 * One call is one attempt: it is neither retried nor logged by the adapter. The function's own
 * output goes to the function log.
 */
export interface Runtime {
  /** Calls of one function that it can make at once; more would only wait inside of it. */
  callsMax(fn: FunctionDocument): number;
  /**
   * Runs a function once.
   * @param signal aborts the run; an aborted run is `cancelled`, and others in the same instance go
   *   on.
   * @returns how it ended; never rejects for anything the function does.
   */
  run(call: FunctionCall, signal: AbortSignal): Promise<AttemptOutcome>;
  close(): Promise<void>;
}

/** Where a function's own output goes. */
export interface FunctionLog {
  /** @param text whole lines. */
  write(fn: FunctionDocument, requestId: string, text: string): void;
  close(): Promise<void>;
}
