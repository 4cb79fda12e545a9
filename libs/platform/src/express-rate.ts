import { LRUCache } from 'lru-cache';

/** Functions whose buckets are remembered. */
const bucketsMax = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

/**
 * A token bucket for each function. Invocations above the rate go to the bulk lane, so that the
 * express lane stays short for the other functions.
 */
export class ExpressRate {
  private readonly buckets: LRUCache<string, Bucket>;

  /**
   * @param perSecond Tokens a second. A bucket holds at most the tokens of one second.
   * @param max Buckets remembered at once. The one used least recently is forgotten first and
   *   starts full again.
   */
  constructor(
    private readonly perSecond: number,
    max: number = bucketsMax,
  ) {
    this.buckets = new LRUCache({ max });
  }

  /**
   * Takes a token of the function's bucket.
   * @returns false if the bucket is empty: the invocation is above the rate.
   */
  take(key: string, now: number): boolean {
    const bucket = this.bucketOf(key, now);
    // A clock may step back. The function gets no tokens until the clock has passed `bucket.at`
    // again.
    const passedMs = Math.max(0, now - bucket.at);
    bucket.tokens = Math.min(this.perSecond, bucket.tokens + (passedMs / 1_000) * this.perSecond);
    bucket.at = now;
    const isExpress = bucket.tokens >= 1;
    if (isExpress) bucket.tokens -= 1;
    return isExpress;
  }

  private bucketOf(key: string, now: number): Bucket {
    const known = this.buckets.get(key);
    if (known !== undefined) return known;
    const full = { tokens: this.perSecond, at: now };
    this.buckets.set(key, full);
    return full;
  }
}
