/** How many records came a second, measured in windows of time. */
export class RecordRate {
  private records = 0;
  private lastPerSecond: number | undefined;

  /**
   * @param windowMs shortest window, in milliseconds.
   * @param beganAt when the first window began, by the monotonic clock.
   */
  constructor(
    private readonly windowMs: number,
    private beganAt: number,
  ) {}

  /** In the last window; undefined before the first one has ended. */
  get perSecond(): number | undefined {
    return this.lastPerSecond;
  }

  count(records: number): void {
    this.records += records;
  }

  /** Ends the window if it is long enough. */
  look(now: number): void {
    const tookMs = now - this.beganAt;
    if (tookMs < this.windowMs) return;
    this.lastPerSecond = (this.records * 1_000) / tookMs;
    this.records = 0;
    this.beganAt = now;
  }
}
