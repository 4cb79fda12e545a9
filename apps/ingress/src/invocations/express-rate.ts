/** Functions whose buckets are remembered; the rest start full again. */
const bucketsMax = 10_000;

/** A token bucket per function: what is over its rate goes to the bulk lane, and the express lane stays short for everybody else. */
export class ExpressRate {
  private readonly buckets = new Map<string, { tokens: number; at: number }>();

  /** @param perSecond tokens a second; a second's worth may be saved up. */
  constructor(private readonly perSecond: number) {}

  /** Takes a token. @returns false when there is none: the invocation is excess. */
  take(key: string, now: number): boolean {
    const bucket = this.buckets.get(key) ?? { tokens: this.perSecond, at: now };
    // A clock may step back; the time it takes to come by again is not owed.
    const passedMs = Math.max(0, now - bucket.at);
    bucket.tokens = Math.min(this.perSecond, bucket.tokens + (passedMs / 1_000) * this.perSecond);
    bucket.at = now;
    const isExpress = bucket.tokens >= 1;
    if (isExpress) bucket.tokens -= 1;
    if (!this.buckets.has(key)) this.remember(key, bucket);
    return isExpress;
  }

  private remember(key: string, bucket: { tokens: number; at: number }): void {
    const oldest = this.buckets.size >= bucketsMax ? this.buckets.keys().next().value : undefined;
    if (oldest !== undefined) this.buckets.delete(oldest);
    this.buckets.set(key, bucket);
  }
}
