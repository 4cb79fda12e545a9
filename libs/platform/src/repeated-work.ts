import type { Clock, Timer } from './basics/clock.ts';

/**
 * Work that is done again and again: each time begins a pause after the last one has ended. So two
 * of them never run side by side.
 */
export class RepeatedWork {
  private timer: Timer | undefined;
  private isOver = false;

  /**
   * @param pauseMs between an end and the next beginning, in milliseconds.
   * @param work must not reject.
   */
  constructor(
    private readonly clock: Pick<Clock, 'setTimer'>,
    private readonly pauseMs: number,
    private readonly work: () => Promise<unknown>,
  ) {}

  /** True once {@link close} was called. */
  get isClosed(): boolean {
    return this.isOver;
  }

  /** Begins after a pause, and goes on until {@link close}. @param firstMs the first pause. */
  start(firstMs: number = this.pauseMs): void {
    if (this.isOver) return;
    this.timer = this.clock.setTimer(firstMs, () => void this.work().finally(() => this.start()));
  }

  /** Does the work at once, and goes on as {@link start} does. Resolves when it is done. */
  async startNow(): Promise<void> {
    await this.work().finally(() => this.start());
  }

  /** Does not wait for work under way. */
  close(): void {
    this.isOver = true;
    this.timer?.cancel();
  }
}
