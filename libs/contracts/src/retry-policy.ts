/** The wait before a retry grows from `baseMs` by doubling, and stays at `maxMs`. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * The numbers of retries: all defaults and limits of an asynchronous configuration.
 *
 * The rule that uses them is `decide` in libs/lifecycle; `backoffMs` beside it computes a wait.
 * @see FunctionGraph API, asynchronous configuration
 */
export const retryPolicy = {
  /** A function without a configuration. */
  withoutConfiguration: { retriesMax: 0, eventAgeSeconds: 3_600 },
  /** A configuration that leaves these fields out. */
  byDefault: { retriesMax: 1, eventAgeSeconds: 3_600 },
  /** The waits of both: 1, 2, 4 ... s, at most 300 s. */
  backoff: { baseMs: 1_000, maxMs: 300_000 },
  /** Most retries that a configuration may ask for. */
  retriesMax: 3,
  /** Longest validity period that a configuration may ask for, in seconds. */
  eventAgeSecondsMax: 86_400,
  /** Shortest wait that a configuration may ask for, in seconds. */
  waitSecondsMin: 0.05,
  /** Longest first wait, in seconds. */
  waitBaseSecondsMax: 3_600,
  /** Longest wait, in seconds. */
  waitSecondsMax: 86_400,
} as const;
