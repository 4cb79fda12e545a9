/**
 * The circuit breaker of a target: stops tries for a while after many failures in a row.
 *
 * - closed: every try passes.
 * - open, after `failuresMax` failures in a row: no try passes for `openMs`.
 * - half open, when `openMs` is over: one try passes as a probe. Its success closes the breaker,
 *   its failure opens it again.
 */

/** When a breaker opens, and for how long. */
export interface BreakerLimits {
  readonly failuresMax: number;
  readonly openMs: number;
}

/** Failures in a row that another process has seen. */
export interface KnownFailures {
  readonly failures: number;
  /** Until when the breaker is open, in the time of this process. */
  readonly openUntil: number;
}

/**
 * The breaker of one target. {@link waitMs} only asks; {@link begin}, {@link end} and {@link
 * cancel} change the state.
 */
export class CircuitBreaker {
  private failures: number;
  private openUntil: number;
  private isProbing = false;

  /** @param before what is known of the target from before the start of this process. */
  constructor(
    private readonly limits: BreakerLimits,
    before: KnownFailures = { failures: 0, openUntil: 0 },
  ) {
    this.failures = before.failures;
    this.openUntil = before.openUntil;
  }

  /** @returns 0 if a try may begin now; otherwise the milliseconds to wait. */
  waitMs(now: number): number {
    if (!this.isOpen) return 0;
    if (now < this.openUntil) return this.openUntil - now;
    return this.isProbing ? this.limits.openMs : 0;
  }

  /** Notes that a try begins. If the breaker is half open, the try is the probe. */
  begin(): void {
    if (this.isOpen) this.isProbing = true;
  }

  /**
   * Notes how a try ended. A target that answers counts as healthy, even if it refuses the
   * delivery.
   */
  end(isHealthy: boolean, now: number): void {
    this.isProbing = false;
    if (isHealthy) {
      this.failures = 0;
      return;
    }
    this.failures++;
    if (this.isOpen) this.openUntil = now + this.limits.openMs;
  }

  /** Notes that a try ended for a reason of our own: the next try may be the probe. */
  cancel(): void {
    this.isProbing = false;
  }

  /** True from the last allowed failure until a success, so also while half open. */
  get isOpen(): boolean {
    return this.failures >= this.limits.failuresMax;
  }

  /** True if the last try that ended failed. */
  get hasFailures(): boolean {
    return this.failures > 0;
  }
}
