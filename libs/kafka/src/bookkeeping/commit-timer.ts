/**
 * Longest time between the end of a record and its commit, while the broker answers, in
 * milliseconds.
 */
const commitIntervalMs = 250;

/** Commits from time to time: never two commits at once, and again after one that failed. */
export class CommitTimer {
  private timer: NodeJS.Timeout | undefined;
  private underWay: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly commit: () => Promise<void>,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Commits within {@link commitIntervalMs}. Does nothing if a commit is due already. */
  commitSoon(): void {
    if (this.timer === undefined) this.arm(commitIntervalMs);
  }

  /** Commits in the next turn of the event loop. */
  commitNow(): void {
    if (this.isStopped) return;
    clearTimeout(this.timer);
    this.arm(0);
  }

  /** Waits for the commit under way, then commits. @throws what the commit throws. */
  async flush(): Promise<void> {
    await this.inTurn(() => this.commit());
  }

  /** Waits for the commit under way, then makes another one. @throws what that one throws. */
  async inTurn(commit: () => Promise<void>): Promise<void> {
    const committed = this.underWay.then(commit);
    this.underWay = committed.catch(() => undefined);
    await committed;
  }

  /** Schedules no more commits; one that is due is still made. */
  stop(): void {
    this.isStopped = true;
  }

  /** Waits for the commit under way, then commits one last time. @throws what the commit throws. */
  async commitLast(): Promise<void> {
    this.stop();
    clearTimeout(this.timer);
    await this.underWay;
    await this.commit();
  }

  private arm(delayMs: number): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.underWay = this.underWay
        .then(() => this.commit())
        .catch((error: unknown) => {
          this.onFailure(error);
          this.commitSoon();
        });
    }, delayMs);
  }
}
