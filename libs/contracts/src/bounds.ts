import { limits, memorySizesMb } from './limits.ts';
import { retryPolicy } from './retry-policy.ts';

/** The range of a whole number on a record; both ends belong to it. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

const dayMs = 86_400_000;

/**
 * The range of every number on a record. The decoders refuse any other number. It
 * could become a due time that never comes, or a wait that is NaN.
 */
export const bounds = {
  /** Milliseconds since 1970, to the end of the year 9999: RFC 3339 has four digits for a year. */
  instantMs: { min: 0, max: 253_402_300_799_999 },
  /** The next attempt. At most one starts in each millisecond of the longest validity period. */
  attempt: { min: 1, max: retryPolicy.eventAgeSecondsMax * 1_000 },
  /** Starts of one attempt; the first has no header. */
  chance: { min: 2, max: limits.executorDeathsMax },
  /** Attempts so far. */
  attempts: { min: 0, max: retryPolicy.eventAgeSecondsMax * 1_000 },
  retries: { min: 0, max: retryPolicy.retriesMax },
  hops: { min: 0, max: limits.hopsReadMax },
  formatVersion: { min: 1, max: 1_000_000 },
  /** Each wait of a backoff, in milliseconds. */
  backoffMs: { min: 1, max: dayMs },
  expiresDays: { min: 0, max: limits.expiresDaysMax },
  /** The next try of a delivery. */
  deliveryTry: { min: 1, max: limits.deliveryTriesMax },
  /** Tries of a delivery so far. */
  deliveryTries: { min: 0, max: limits.deliveryTriesMax },
  /** Failures of a target since its last success. */
  targetFailures: { min: 1, max: Number.MAX_SAFE_INTEGER },
  /** Size of the request payload in the value of a settlement. */
  requestBytes: { min: 0, max: limits.payloadBytesMax },
  /** Memory of an instance, in MB; 0 if no instance ran. */
  memoryMb: { min: 0, max: Math.max(...memorySizesMb) },
  memoryUsedBytes: { min: 0, max: Number.MAX_SAFE_INTEGER },
  callDurationMs: { min: 0, max: Number.MAX_SAFE_INTEGER },
  retryAfterMs: { min: 0, max: dayMs },
} as const satisfies Record<string, Bounds>;
