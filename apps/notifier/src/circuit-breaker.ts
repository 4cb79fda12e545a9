/**
 * Keeps a target that fails from being asked at every turn.
 *
 * closed -> open after `failuresMax` failures in a row -> half open after `openMs`, where a single try decides -> closed, or open again
 */

/** When a breaker opens, and for how long. */
export interface BreakerLimits {
  readonly failuresMax: number;
  readonly openMs: number;
}

/** The breaker of one target. */
export class CircuitBreaker {
  private failures = 0;
  private openUntil = 0;
  private isProbing = false;

  constructor(private readonly limits: BreakerLimits) {}

  /** May the target be tried now? Asking takes the single try of a half open breaker. @returns 0, or how long to wait. */
  waitMs(now: number): number {
    if (this.failures < this.limits.failuresMax) return 0;
    if (now < this.openUntil) return this.openUntil - now;
    if (this.isProbing) return this.limits.openMs;
    this.isProbing = true;
    return 0;
  }

  /** Takes back the try that {@link waitMs} allowed: it came to nothing that was the target's doing, so that the next one may decide. */
  untried(): void {
    this.isProbing = false;
  }

  /** Takes how a try went; a target that answers, even with a refusal, is well. */
  tried(isWell: boolean, now: number): void {
    this.isProbing = false;
    if (isWell) {
      this.failures = 0;
      return;
    }
    this.failures++;
    if (this.failures >= this.limits.failuresMax) this.openUntil = now + this.limits.openMs;
  }

  get isOpen(): boolean {
    return this.failures >= this.limits.failuresMax;
  }
}
