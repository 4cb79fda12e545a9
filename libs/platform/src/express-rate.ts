import { LRUCache } from 'lru-cache';

/** Functions whose buckets are remembered. */
const bucketsMax = 10_000;

interface Bucket {
  /** Below 0 after more invocations than the rate allows. */
  tokens: number;
  at: number;
}

/**
 * A token bucket for each function. A function above the rate takes the bulk lane, so that the
 * express lane stays short for the other functions.
 *
 * Invocations on the bulk lane cost a token too, and the bucket may owe a second's tokens. So a
 * function that stays above the rate takes the bulk lane with all of its invocations (ADR 47).
 */
export class ExpressRate {
  private sharers = 1;
  private readonly buckets: LRUCache<string, Bucket>;

  /**
   * @param perSecond Tokens a second in all processes. A bucket holds, and owes, at most the tokens
   *   of one second, or one token.
   * @param max Buckets remembered at once. The one used least recently is forgotten first and
   *   starts full again.
   */
  constructor(
    private readonly perSecond: number,
    max: number = bucketsMax,
  ) {
    this.buckets = new LRUCache({ max });
  }

  /** Divides the rate equally among the processes of a service. @param processes from 1. */
  shareAmong(processes: number): void {
    this.sharers = processes;
  }

  /**
   * Takes a token of the function's bucket.
   * @returns false if the bucket was empty: the function is above the rate.
   */
  take(key: string, now: number): boolean {
    const bucket = this.bucketOf(key, now);
    // A clock may step back. The function gets no tokens until the clock has passed `bucket.at`
    // again.
    const passedMs = Math.max(0, now - bucket.at);
    const share = this.perSecond / this.sharers;
    const most = Math.max(1, share);
    const tokens = Math.min(most, bucket.tokens + (passedMs / 1_000) * share);
    bucket.tokens = Math.max(-most, tokens - 1);
    bucket.at = now;
    return tokens >= 1;
  }

  private bucketOf(key: string, now: number): Bucket {
    const known = this.buckets.get(key);
    if (known !== undefined) return known;
    const full = { tokens: Math.max(1, this.perSecond / this.sharers), at: now };
    this.buckets.set(key, full);
    return full;
  }
}
