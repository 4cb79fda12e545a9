import { limits, memorySizesMb } from './limits.ts';
import { retryPolicy } from './retry-policy.ts';

/** The range of a whole number on a record; both ends belong to it. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

const dayMs = 86_400_000;

/**
 * The range of every number that a record carries. A record with a number outside of it violates its contract: such a number would become a
 * due time that never comes, or a wait that is not a number.
 */
export const bounds = {
  /** Milliseconds since 1970, until the end of the year 9999: the last instant that RFC 3339 can write. */
  instantMs: { min: 0, max: 253_402_300_799_999 },
  /** The attempt that comes next: at most one for each millisecond of the longest validity period. */
  attempt: { min: 1, max: retryPolicy.eventAgeSecondsMax * 1_000 },
  /** Attempts that were started. */
  attempts: { min: 0, max: retryPolicy.eventAgeSecondsMax * 1_000 },
  retries: { min: 0, max: retryPolicy.retriesMax },
  hops: { min: 0, max: limits.hopsReadMax },
  /** Each wait of a backoff, in milliseconds. */
  backoffMs: { min: 1, max: dayMs },
  expiresDays: { min: 0, max: limits.expiresDaysMax },
  /** The try of a delivery that comes next. */
  deliveryTry: { min: 1, max: limits.deliveryTriesMax },
  /** Tries of a delivery that were made. */
  deliveryTries: { min: 0, max: limits.deliveryTriesMax },
  /** The bytes of a record's value that are the request payload. */
  requestBytes: { min: 0, max: limits.payloadBytesMax },
  /** Memory of an instance, in MB; 0 if no instance ran. */
  memoryMb: { min: 0, max: Math.max(...memorySizesMb) },
  memoryUsedBytes: { min: 0, max: Number.MAX_SAFE_INTEGER },
  callDurationMs: { min: 0, max: Number.MAX_SAFE_INTEGER },
  retryAfterMs: { min: 0, max: dayMs },
} as const satisfies Record<string, Bounds>;
