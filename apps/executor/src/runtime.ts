import type { FunctionDocument } from '#contracts';
import type { AttemptOutcome } from '#lifecycle';
import type { CancelSignal } from '#platform';

/** The bounds that a function sets on its calls. */
export type CallBounds = Pick<FunctionDocument, 'instancesMax' | 'concurrencyPerInstance'>;

/** One run of a function. */
export interface FunctionCall {
  readonly function: FunctionDocument;
  /** The version or `!alias` that the caller named. */
  readonly qualifier: string;
  readonly requestId: string;
  readonly attempt: number;
  readonly payload: Buffer;
  /**
   * The longest run, from the moment when the function gets the call. The wait for an instance does
   * not count.
   */
  readonly timeoutMs: number;
  /**
   * A run that cannot begin before this time does not begin: its outcome is `unavailable`. The time
   * is one of `elapsedMs` of the clock.
   */
  readonly startBefore?: number;
  /**
   * Called right before the function gets the call, which may be long after `run`. The function
   * does not get it if this resolves to false: the outcome is `cancelled`.
   */
  readonly mayStart?: () => Promise<boolean>;
  readonly traceparent?: string | undefined;
  /** A larger return value is left out. Default: `limits.responseBytesMax`. */
  readonly responseBytesMax?: number;
  /** Receives output and memory of this run. */
  readonly observer?: CallObserver;
}

/** Receives facts of one run that its outcome does not hold, until the run has ended. */
export interface CallObserver {
  /** Output of the function, in order, as it arrives. The function log gets it too. */
  printed(text: string): void;
  /** Memory of the instance at the end of the run, in bytes. */
  used(memoryBytes: number): void;
}

/**
 * A way to run functions. Every adapter passes `runtime.conformance.ts`.
 *
 * One call is one attempt: an adapter does not retry or log. The output of the function goes to the
 * function log.
 */
export interface Runtime {
  /** The most calls of one function that it can run at once; more would wait inside of it. */
  callsMax(bounds: CallBounds): number;
  /**
   * Runs a function once.
   * @param signal aborts the run. An aborted run is `cancelled`; other runs in the same instance
   *   go on.
   * @returns the outcome. It never rejects, whatever the function does.
   */
  run(call: FunctionCall, signal: CancelSignal): Promise<AttemptOutcome>;
  close(): Promise<void>;
}

/** Keeps the output of functions. */
export interface FunctionLog {
  /** @param requestId empty for output that belongs to no call. @param text whole lines. */
  write(fn: FunctionDocument, requestId: string, text: string): void;
  close(): Promise<void>;
}
